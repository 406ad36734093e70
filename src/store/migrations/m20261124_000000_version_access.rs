//! Superseded versions remember who could read them.

use sea_orm_migration::{prelude::*, schema::big_integer_null};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// Nobody wrote down who could read the versions there are; whoever may read the document now is the nearest.
const FILL: &str = "UPDATE versions SET access_class_id = \
     (SELECT documents.access_class_id FROM documents WHERE documents.id = versions.document_id) \
     WHERE superseded_at IS NOT NULL";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let column = big_integer_null("access_class_id");
        manager.alter_table(Table::alter().table("versions").add_column(column).to_owned()).await?;
        manager.get_connection().execute_unprepared(FILL).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.alter_table(Table::alter().table("versions").drop_column("access_class_id").to_owned()).await
    }
}
