//! The store at its border, on SQLite and, when FOOTNOTE_TEST_POSTGRES_URL is set, on PostgreSQL.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a failed unwrap is a failed test; a variable names the server"
)]

extern crate footnote_store as store;

mod door;
mod duplicates;
mod engines;
mod generations;
mod jobs;
mod near;
mod open;
mod people;
mod push;
mod receipts;
mod scale;
mod sources;
mod sync;
mod world;
