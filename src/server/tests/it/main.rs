//! The server at its border: real HTTP over a real SQLite store, with fakes for the engines.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a failed unwrap is a failed test; tests are their own client"
)]

extern crate footnote_server as server;

mod ask;
mod contract;
mod documents;
mod fakes;
mod house;
mod login;
mod portal;
mod push;
mod sources;
