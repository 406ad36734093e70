//! Sources, documents, versions, chunks, access, jobs, failures, users, sessions, answers.

use sea_orm_migration::{
    prelude::*,
    schema::{big_integer, big_integer_null, big_pk_auto, boolean, text, text_null},
};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in tables() {
            manager.create_table(table).await?;
        }
        for index in indexes() {
            manager.create_index(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for name in NAMES.iter().rev() {
            manager.drop_table(Table::drop().table(*name).to_owned()).await?;
        }
        Ok(())
    }
}

const NAMES: &[&str] = &[
    "sources",
    "access_classes",
    "access_class_principals",
    "documents",
    "versions",
    "chunks",
    "index_jobs",
    "failures",
    "users",
    "user_groups",
    "sessions",
    "answers",
    "meta",
];

fn tables() -> Vec<TableCreateStatement> {
    let mut tables = corpus();
    tables.extend(people());
    tables
}

fn corpus() -> Vec<TableCreateStatement> {
    vec![
        Table::create()
            .table("sources")
            .col(key("id"))
            .col(text("kind"))
            .col(text("name"))
            .col(text("config"))
            .col(text_null("cursor"))
            .col(big_integer("created_at"))
            .to_owned(),
        Table::create()
            .table("access_classes")
            .col(big_pk_auto("id"))
            // SHA-256 of the sorted principals: a set of thousands would not fit an index entry.
            .col(text("key"))
            .to_owned(),
        Table::create()
            .table("access_class_principals")
            .col(big_integer("class_id"))
            .col(text("principal"))
            .primary_key(Index::create().col("class_id").col("principal"))
            .foreign_key(&mut cascade("access_class_principals", "class_id", "access_classes", "id"))
            .to_owned(),
        Table::create()
            .table("documents")
            .col(key("id"))
            .col(text("source_id"))
            .col(text("external_id"))
            // SHA-256 of the external id, which may be longer than an index entry.
            .col(text("external_key"))
            .col(text("uri"))
            .col(text("title"))
            .col(text("media_type"))
            .col(text("raw_hash"))
            .col(text("version"))
            .col(big_integer("access_class_id"))
            .col(text_null("duplicate_of"))
            .col(big_integer_null("modified_at"))
            .col(big_integer("job_seq"))
            .col(big_integer_null("deleted_at"))
            .col(big_integer("created_at"))
            .col(big_integer("updated_at"))
            .foreign_key(&mut restrict("documents", "source_id", "sources", "id"))
            .foreign_key(&mut restrict("documents", "access_class_id", "access_classes", "id"))
            .foreign_key(&mut restrict("documents", "duplicate_of", "documents", "id"))
            .to_owned(),
        Table::create()
            .table("versions")
            .col(text("document_id"))
            .col(text("hash"))
            .col(text("text"))
            .col(text("headings"))
            .col(text("pages"))
            .col(big_integer("created_at"))
            .col(big_integer_null("superseded_at"))
            .primary_key(Index::create().col("document_id").col("hash"))
            .foreign_key(&mut restrict("versions", "document_id", "documents", "id"))
            .to_owned(),
        Table::create()
            .table("chunks")
            .col(big_pk_auto("id"))
            .col(text("document_id"))
            .col(text("version"))
            .col(big_integer("ordinal"))
            .col(big_integer("start_char"))
            .col(big_integer("end_char"))
            .col(big_integer_null("page"))
            .col(text("context"))
            .col(text("text"))
            .col(big_integer("tokens"))
            .foreign_key(&mut restrict("chunks", "document_id", "documents", "id"))
            .to_owned(),
        Table::create()
            .table("index_jobs")
            .col(key("document_id"))
            .col(big_integer("seq"))
            .col(big_integer("attempts"))
            .col(text_null("error"))
            .col(big_integer("run_after"))
            .col(big_integer("created_at"))
            .foreign_key(&mut restrict("index_jobs", "document_id", "documents", "id"))
            .to_owned(),
        Table::create()
            .table("failures")
            .col(text("source_id"))
            .col(text("external_key"))
            .col(text("external_id"))
            .col(text("name"))
            .col(text("reason"))
            .col(text_null("raw_hash"))
            .col(big_integer("failed_at"))
            .primary_key(Index::create().col("source_id").col("external_key"))
            .foreign_key(&mut cascade("failures", "source_id", "sources", "id"))
            .to_owned(),
    ]
}

fn people() -> Vec<TableCreateStatement> {
    vec![
        Table::create()
            .table("users")
            .col(key("id"))
            .col(text("email"))
            .col(text("name"))
            .col(text_null("password_hash"))
            .col(boolean("is_admin"))
            .col(big_integer("created_at"))
            .to_owned(),
        Table::create()
            .table("user_groups")
            .col(text("user_id"))
            .col(text("group_name"))
            .primary_key(Index::create().col("user_id").col("group_name"))
            .foreign_key(&mut cascade("user_groups", "user_id", "users", "id"))
            .to_owned(),
        Table::create()
            .table("sessions")
            .col(key("token_sha256"))
            .col(text("user_id"))
            .col(big_integer("created_at"))
            .col(big_integer("expires_at"))
            .foreign_key(&mut cascade("sessions", "user_id", "users", "id"))
            .to_owned(),
        Table::create()
            .table("answers")
            .col(key("id"))
            .col(text_null("user_id"))
            .col(text("question"))
            .col(text("answer"))
            .col(text("evidence"))
            .col(big_integer("created_at"))
            .foreign_key(&mut cascade("answers", "user_id", "users", "id"))
            .to_owned(),
        Table::create().table("meta").col(key("key")).col(text("value")).to_owned(),
    ]
}

fn indexes() -> Vec<IndexCreateStatement> {
    vec![
        unique("sources", &["kind", "name"]),
        unique("access_classes", &["key"]),
        index("access_class_principals", &["principal", "class_id"]),
        unique("documents", &["source_id", "external_key"]),
        index("documents", &["access_class_id"]),
        index("documents", &["version"]),
        index("documents", &["duplicate_of", "id"]),
        unique("chunks", &["document_id", "ordinal"]),
        index("index_jobs", &["run_after", "document_id"]),
        unique("users", &["email"]),
        index("sessions", &["user_id"]),
        index("sessions", &["expires_at"]),
        index("answers", &["user_id", "created_at"]),
    ]
}

fn key(name: &'static str) -> ColumnDef {
    text(name).primary_key().take()
}

fn unique(table: &'static str, columns: &[&'static str]) -> IndexCreateStatement {
    index(table, columns).unique().take()
}

fn index(table: &'static str, columns: &[&'static str]) -> IndexCreateStatement {
    let name = format!("{table}_{}_idx", columns.join("_"));
    let mut index = Index::create().name(name).table(table).take();
    for column in columns {
        index.col(*column);
    }
    index
}

fn cascade(table: &'static str, column: &'static str, to: &'static str, id: &'static str) -> ForeignKeyCreateStatement {
    ForeignKey::create().from(table, column).to(to, id).on_delete(ForeignKeyAction::Cascade).take()
}

fn restrict(
    table: &'static str,
    column: &'static str,
    to: &'static str,
    id: &'static str,
) -> ForeignKeyCreateStatement {
    ForeignKey::create().from(table, column).to(to, id).on_delete(ForeignKeyAction::Restrict).take()
}
