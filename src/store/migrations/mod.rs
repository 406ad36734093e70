//! Every change to the schema, in order. A released one is never edited.

use sea_orm_migration::prelude::*;

mod m20261123_000001_first;
mod m20261124_000000_version_access;
mod m20261124_000001_sources;
mod m20261124_000010_push;
mod m20261124_000020_near;
mod m20261124_000021_language;
mod m20261124_000030_generations;
mod m20261124_000101_index_leases;
mod m20261124_000102_receipts;
mod m20261124_000103_sync_marks;

struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261123_000001_first::Migration),
            Box::new(m20261124_000000_version_access::Migration),
            Box::new(m20261124_000001_sources::Migration),
            Box::new(m20261124_000010_push::Migration),
            Box::new(m20261124_000020_near::Migration),
            Box::new(m20261124_000021_language::Migration),
            Box::new(m20261124_000101_index_leases::Migration),
            Box::new(m20261124_000102_receipts::Migration),
            Box::new(m20261124_000103_sync_marks::Migration),
            Box::new(m20261124_000030_generations::Migration),
        ]
    }
}

/// Applies what is not applied yet.
pub(crate) async fn up(tx: &sea_orm::DatabaseTransaction) -> Result<(), DbErr> {
    Migrator::up(tx, None).await
}
