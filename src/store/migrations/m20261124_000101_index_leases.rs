//! Index jobs are shared by workers: each job has its source, and a lease while one works on it.

use sea_orm_migration::{
    prelude::*,
    schema::{big_integer_null, text_null},
};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const FILL: &str = "UPDATE index_jobs SET source_id = \
     (SELECT documents.source_id FROM documents WHERE documents.id = index_jobs.document_id)";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in [text_null("source_id"), text_null("worker"), big_integer_null("lease_until")] {
            manager.alter_table(Table::alter().table("index_jobs").add_column(column).to_owned()).await?;
        }
        manager.get_connection().execute_unprepared(FILL).await?;
        let by_source = Index::create()
            .name("index_jobs_source_id_run_after_idx")
            .table("index_jobs")
            .col("source_id")
            .col("run_after")
            .take();
        manager.create_index(by_source).await?;
        let by_worker = Index::create().name("index_jobs_worker_idx").table("index_jobs").col("worker").take();
        manager.create_index(by_worker).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for index in ["index_jobs_worker_idx", "index_jobs_source_id_run_after_idx"] {
            manager.drop_index(Index::drop().name(index).table("index_jobs").to_owned()).await?;
        }
        for column in ["lease_until", "worker", "source_id"] {
            manager.alter_table(Table::alter().table("index_jobs").drop_column(column).to_owned()).await?;
        }
        Ok(())
    }
}
