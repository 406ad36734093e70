//! Chunks and index jobs belong to a generation of the indexes; those there are become the first one's.

use sea_orm_migration::{
    prelude::*,
    schema::{big_integer, big_integer_null, big_pk_auto, text, text_null},
};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// How its chunks were cut nobody wrote down: whoever opens the indexes next records it.
const FIRST: &str = "INSERT INTO index_generations (profile, chunking, state, created_at) \
     VALUES (COALESCE((SELECT value FROM meta WHERE \"key\" = 'index_profile'), ''), '', 'live', 0)";

/// A primary key cannot be widened on SQLite, so the rows move to a new table.
const COPY: &str = "INSERT INTO index_jobs_new \
     (document_id, generation, rank, source_id, seq, attempts, error, run_after, created_at, worker, lease_until) \
     SELECT document_id, 1, 0, source_id, seq, attempts, error, run_after, created_at, worker, lease_until FROM index_jobs";

const FORGET: &str = "DELETE FROM meta WHERE \"key\" = 'index_profile'";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        manager.create_table(generations()).await?;
        db.execute_unprepared(FIRST).await?;
        db.execute_unprepared(FORGET).await?;

        let column = big_integer("generation").default(1).take();
        manager.alter_table(Table::alter().table("chunks").add_column(column).to_owned()).await?;
        manager.drop_index(Index::drop().name("chunks_document_id_ordinal_idx").table("chunks").to_owned()).await?;
        manager.create_index(index("chunks", &["document_id", "generation", "ordinal"]).unique().take()).await?;
        manager.create_index(index("chunks", &["generation", "id"])).await?;

        manager.create_table(jobs()).await?;
        db.execute_unprepared(COPY).await?;
        manager.drop_table(Table::drop().table("index_jobs").to_owned()).await?;
        manager.rename_table(Table::rename().table("index_jobs_new", "index_jobs").to_owned()).await?;
        manager.create_index(index("index_jobs", &["rank", "run_after", "document_id"])).await?;
        manager.create_index(index("index_jobs", &["generation", "rank", "attempts"])).await?;
        Ok(())
    }

    async fn down(&self, _: &SchemaManager) -> Result<(), DbErr> {
        Err(DbErr::Migration("an older version cannot tell the generations of the indexes apart".into()))
    }
}

/// `state`: `building`, `live` (one), `previous`, `dropping`.
fn generations() -> TableCreateStatement {
    Table::create()
        .table("index_generations")
        .col(big_pk_auto("id"))
        .col(text("profile"))
        .col(text("chunking"))
        .col(text("state"))
        .col(big_integer("created_at"))
        .col(big_integer_null("switched_at"))
        .to_owned()
}

fn jobs() -> TableCreateStatement {
    Table::create()
        .table("index_jobs_new")
        .col(text("document_id"))
        .col(big_integer("generation"))
        .col(big_integer("rank"))
        .col(text("source_id"))
        .col(big_integer("seq"))
        .col(big_integer("attempts"))
        .col(text_null("error"))
        .col(big_integer("run_after"))
        .col(big_integer("created_at"))
        .col(text_null("worker"))
        .col(big_integer_null("lease_until"))
        .primary_key(Index::create().col("document_id").col("generation"))
        .foreign_key(
            ForeignKey::create()
                .name("index_jobs_document_fk")
                .from("index_jobs_new", "document_id")
                .to("documents", "id")
                .on_delete(ForeignKeyAction::Restrict),
        )
        .to_owned()
}

fn index(table: &'static str, columns: &[&'static str]) -> IndexCreateStatement {
    let name = format!("{table}_{}_idx", columns.join("_"));
    let mut index = Index::create().name(name).table(table).take();
    for column in columns {
        index.col(*column);
    }
    index
}
