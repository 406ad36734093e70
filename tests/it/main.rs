//! The whole house on a temporary directory, through the real binary, engines and models.

mod ask;
mod deploy;
mod house;
mod ingest;
mod kill;
mod push;
mod reindex;
mod served;
mod source;
mod tidy;
mod user;
