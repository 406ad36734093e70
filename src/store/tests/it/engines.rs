//! Runs a test on a fresh database of each engine.

use std::sync::atomic::{AtomicU32, Ordering};

use sea_orm::{ConnectionTrait, Database};
use store::Store;

static DATABASES: AtomicU32 = AtomicU32::new(0);

pub async fn on_each_engine(test: impl AsyncFn(Store)) {
    let dir = tempfile::tempdir().unwrap();
    test(Store::open(&sqlite_url(dir.path())).await.unwrap()).await;
    if let Ok(url) = std::env::var("FOOTNOTE_TEST_POSTGRES_URL") {
        let database = Database::connect(&url).await.unwrap();
        let name = format!("store_{}_{}", std::process::id(), DATABASES.fetch_add(1, Ordering::Relaxed));
        database.execute_unprepared(&format!("CREATE DATABASE {name}")).await.unwrap();
        test(Store::open(&with_database(&url, &name)).await.unwrap()).await;
        database.execute_unprepared(&format!("DROP DATABASE {name} WITH (FORCE)")).await.unwrap();
    }
}

pub fn sqlite_url(dir: &std::path::Path) -> String {
    format!("sqlite://{}/test.db", dir.display())
}

fn with_database(url: &str, name: &str) -> String {
    let (address, query) = url.split_once('?').unwrap_or((url, ""));
    let (server, _) = address.rsplit_once('/').unwrap();
    format!("{server}/{name}?{query}")
}
