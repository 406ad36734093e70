//! The suite on real databases.

use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use domain::Connector;
use serde_json::json;

use super::servers::Server;
use crate::{
    SourceConfig,
    conformance::{Abilities, World, conforms, parts},
};

struct Table {
    server: Server,
    version: AtomicU32,
    has_versions: bool,
}

impl Table {
    async fn new(server: Server, has_versions: bool) -> Self {
        server
            .run("create table TABLE_ (id integer primary key, name varchar(50) unique, body text, version integer, readers text)")
            .await;
        Self { server, version: AtomicU32::new(1), has_versions }
    }
}

#[async_trait]
impl World for Table {
    fn abilities(&self) -> Abilities {
        Abilities { deletes: true, renames: true, readers: true, hides: true, ..Abilities::default() }
    }

    async fn put(&self, name: &str, text: &str) {
        let version = self.version.fetch_add(1, Ordering::Relaxed);
        let update = format!("update TABLE_ set body = '{text}', version = {version} where name = '{name}'");
        let insert = format!(
            "insert into TABLE_ select {version}, '{name}', '{text}', {version}, 'everyone' from (select 1 as one) as o \
             where not exists (select 1 from TABLE_ where name = '{name}')"
        );
        self.server.run(&update).await;
        self.server.run(&insert).await;
    }

    async fn delete(&self, name: &str) {
        self.server.run(&format!("delete from TABLE_ where name = '{name}'")).await;
    }

    async fn rename(&self, from: &str, to: &str) {
        let version = self.version.fetch_add(1, Ordering::Relaxed);
        self.server.run(&format!("update TABLE_ set name = '{to}', version = {version} where name = '{from}'")).await;
    }

    async fn restrict(&self, name: &str, emails: &[&str]) {
        let readers = emails.join(", ");
        self.server.run(&format!("update TABLE_ set readers = '{readers}' where name = '{name}'")).await;
    }

    async fn hide_everything(&self, hidden: bool) {
        let (from, to) = if hidden { ("TABLE_", "TABLE_away") } else { ("TABLE_away", "TABLE_") };
        if hidden {
            self.server.run(&format!("alter table {from} rename to {to}")).await;
            self.server.run(&format!("create table {from} as select * from {to} where 1 = 0")).await;
        } else {
            self.server.run(&format!("drop table {to}")).await;
            self.server.run(&format!("alter table {from} rename to {to}")).await;
        }
    }

    fn address(&self) -> String {
        String::new()
    }

    fn connector(&self, _: &str) -> Box<dyn Connector> {
        let config = self.server.config(json!({
            "query": "select id, name, body, version, readers from TABLE_",
            "title": "{{ name }}",
            "text": "{{ body }}",
            "readers_column": "readers",
            "updated_column": self.has_versions.then_some("version"),
        }));
        config.open(parts()).unwrap()
    }
}

#[tokio::test]
async fn sqlite_conforms() {
    conforms(&Table::new(Server::sqlite().await, true).await).await;
}

#[tokio::test]
async fn a_table_without_versions_conforms() {
    conforms(&Table::new(Server::sqlite().await, false).await).await;
}

#[tokio::test]
async fn postgres_conforms() {
    if let Some(server) = Server::postgres().await {
        conforms(&Table::new(server, true).await).await;
    }
}

#[tokio::test]
async fn mariadb_conforms() {
    if let Some(server) = Server::mariadb().await {
        conforms(&Table::new(server, true).await).await;
    }
}
