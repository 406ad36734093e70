//! Deleted means gone: receipts say when each part let a document go; answers know which documents they were drawn from.

use sea_orm_migration::{
    prelude::*,
    schema::{big_integer, big_integer_null, text},
};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let receipts = Table::create()
            .table("receipts")
            .col(text("document_id"))
            .col(big_integer("deleted_at"))
            .col(text("source_id"))
            .col(text("source_name"))
            .col(text("external_id"))
            .col(big_integer("versions"))
            .col(big_integer("answers"))
            .col(big_integer_null("keyword_at"))
            .col(big_integer_null("vector_at"))
            .primary_key(Index::create().col("document_id").col("deleted_at"))
            .take();
        manager.create_table(receipts).await?;
        let by_source = Index::create()
            .name("receipts_source_id_deleted_at_idx")
            .table("receipts")
            .col("source_id")
            .col("deleted_at")
            .take();
        manager.create_index(by_source).await?;
        let drawn_from = Table::create()
            .table("answer_documents")
            .col(text("answer_id"))
            .col(text("document_id"))
            .primary_key(Index::create().col("answer_id").col("document_id"))
            .foreign_key(
                ForeignKey::create()
                    .from("answer_documents", "answer_id")
                    .to("answers", "id")
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .take();
        manager.create_table(drawn_from).await?;
        let by_document = Index::create()
            .name("answer_documents_document_id_idx")
            .table("answer_documents")
            .col("document_id")
            .take();
        manager.create_index(by_document).await?;
        let erased = big_integer_null("erased_at");
        manager.alter_table(Table::alter().table("answers").add_column(erased).to_owned()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.alter_table(Table::alter().table("answers").drop_column("erased_at").to_owned()).await?;
        for table in ["answer_documents", "receipts"] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}
