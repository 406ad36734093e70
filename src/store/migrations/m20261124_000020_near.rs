//! Near-duplicates: a signature for each live version, groups of documents, and the bands that groups are found by.

use sea_orm_migration::{
    prelude::*,
    schema::{big_integer, big_integer_null, big_pk_auto},
};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let signature = || ColumnDef::new("signature").blob().take();
        manager.alter_table(Table::alter().table("versions").add_column(signature()).take()).await?;
        manager
            .alter_table(Table::alter().table("documents").add_column(big_integer_null("near_group")).take())
            .await?;
        let members =
            Index::create().name("documents_near_group_id_idx").table("documents").col("near_group").col("id").take();
        manager.create_index(members).await?;
        let groups = Table::create()
            .table("near_groups")
            .col(big_pk_auto("id"))
            .col(big_integer("access_class_id"))
            .col(signature().not_null().take())
            .take();
        manager.create_table(groups).await?;
        let bands = Table::create()
            .table("near_bands")
            .col(big_integer("key"))
            .col(big_integer("group_id"))
            .primary_key(Index::create().col("key").col("group_id"))
            .take();
        manager.create_table(bands).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["near_bands", "near_groups"] {
            manager.drop_table(Table::drop().table(table).take()).await?;
        }
        manager.drop_index(Index::drop().name("documents_near_group_id_idx").table("documents").to_owned()).await?;
        manager.alter_table(Table::alter().table("documents").drop_column("near_group").take()).await?;
        manager.alter_table(Table::alter().table("versions").drop_column("signature").take()).await
    }
}
