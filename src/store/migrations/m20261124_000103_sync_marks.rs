//! Sources remember how they were parsed, syncs that their source is to be removed.

use sea_orm_migration::{
    prelude::*,
    schema::{boolean, text_null},
};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let recipe = text_null("recipe");
        manager.alter_table(Table::alter().table("sources").add_column(recipe).to_owned()).await?;
        let removes = boolean("removes").default(false).take();
        manager.alter_table(Table::alter().table("syncs").add_column(removes).to_owned()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.alter_table(Table::alter().table("syncs").drop_column("removes").to_owned()).await?;
        manager.alter_table(Table::alter().table("sources").drop_column("recipe").to_owned()).await
    }
}
