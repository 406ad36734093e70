//! Sources as admins keep them: settings, revisions, groups, and where each sync stands.

use sea_orm_migration::{
    prelude::*,
    schema::{big_integer, big_integer_null, text, text_null},
};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, column) in COLUMNS {
            manager.alter_table(Table::alter().table(*table).add_column(text_null(*column)).to_owned()).await?;
        }
        manager.create_table(members()).await?;
        manager
            .create_index(Index::create().name("source_members_email_idx").table("source_members").col("email").take())
            .await?;
        manager.create_table(syncs()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["syncs", "source_members"] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        for (table, column) in COLUMNS.iter().rev() {
            manager.alter_table(Table::alter().table(*table).drop_column(*column).to_owned()).await?;
        }
        Ok(())
    }
}

/// `revision`: what the source calls the state that was fetched, behind the recipe it was parsed by.
/// `settings`: JSON of what holds for a source of any kind. `notes`: JSON of what parsing left out, and why.
const COLUMNS: &[(&str, &str)] =
    &[("documents", "revision"), ("failures", "revision"), ("sources", "settings"), ("versions", "notes")];

fn members() -> TableCreateStatement {
    Table::create()
        .table("source_members")
        .col(text("source_id"))
        .col(text("group_name"))
        .col(text("email"))
        .primary_key(Index::create().col("source_id").col("group_name").col("email"))
        .foreign_key(&mut of_source("source_members"))
        .to_owned()
}

/// One row per source: the sync that is due, runs or ran last.
fn syncs() -> TableCreateStatement {
    Table::create()
        .table("syncs")
        .col(text("source_id").primary_key().take())
        .col(text("state"))
        .col(big_integer_null("run_after"))
        .col(big_integer("attempts"))
        .col(text_null("reason"))
        .col(text_null("worker"))
        .col(big_integer_null("lease_until"))
        .col(big_integer("done"))
        .col(big_integer_null("total"))
        .col(big_integer_null("listed"))
        .col(big_integer_null("started_at"))
        .col(big_integer_null("finished_at"))
        .col(big_integer_null("succeeded_at"))
        .col(text_null("summary"))
        .foreign_key(&mut of_source("syncs"))
        .to_owned()
}

fn of_source(table: &'static str) -> ForeignKeyCreateStatement {
    ForeignKey::create().from(table, "source_id").to("sources", "id").on_delete(ForeignKeyAction::Cascade).take()
}
