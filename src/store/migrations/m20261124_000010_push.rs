//! What pushing documents needs: a token per source, and requests that are done once.

use sea_orm_migration::{
    prelude::*,
    schema::{big_integer, text, text_null},
};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(tokens()).await?;
        manager.create_table(keys()).await?;
        let expiry =
            Index::create().name("idempotency_keys_expires_idx").table("idempotency_keys").col("expires_at").take();
        manager.create_index(expiry).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["idempotency_keys", "source_tokens"] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}

fn tokens() -> TableCreateStatement {
    Table::create()
        .table("source_tokens")
        .col(text("source_id").primary_key().take())
        .col(text("token_sha256"))
        .col(big_integer("created_at"))
        .foreign_key(&mut of_source("source_tokens"))
        .to_owned()
}

/// `response` is null while the request is being worked on.
fn keys() -> TableCreateStatement {
    Table::create()
        .table("idempotency_keys")
        .col(text("source_id"))
        .col(text("key"))
        .col(text("body_sha256"))
        .col(text_null("response"))
        .col(big_integer("begun_at"))
        .col(big_integer("expires_at"))
        .primary_key(Index::create().col("source_id").col("key"))
        .foreign_key(&mut of_source("idempotency_keys"))
        .to_owned()
}

fn of_source(table: &'static str) -> ForeignKeyCreateStatement {
    ForeignKey::create().from(table, "source_id").to("sources", "id").on_delete(ForeignKeyAction::Cascade).take()
}
