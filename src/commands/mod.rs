//! The command line: global flags and one file per command.

mod ask;
mod doctor;
mod document;
mod eval;
pub mod ingest;
mod models;
mod receipts;
mod reindex;
mod search;
mod serve;
mod source;
mod user;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use domain::{Question, Viewer};
use store::Store;

use crate::usage::Usage;

/// Answers questions from your company's own documents and proves every sentence.
#[derive(Parser)]
#[command(name = "footnote", version, propagate_version = true)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    command: Command,
}

/// Flags every command takes, before or after its name.
#[derive(Args, Clone)]
pub struct Global {
    /// Folder for database, indexes and configuration [default: the platform's data directory]
    #[arg(long, global = true, env = "FOOTNOTE_DATA_DIR", value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Configuration file [default: footnote.toml in the data directory]
    #[arg(long, global = true, env = "FOOTNOTE_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Folder with the models [default: models in the platform's cache directory]
    #[arg(long, global = true, env = "FOOTNOTE_MODELS_DIR", value_name = "DIR")]
    pub models_dir: Option<PathBuf>,
    /// Print JSON instead of text
    #[arg(long, global = true)]
    pub json: bool,
    /// Log what happens to standard error
    #[arg(long, short, global = true)]
    pub verbose: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Answer a question with footnotes
    Ask(ask::Ask),
    /// List the best passages for a query
    Search(search::Search),
    /// Read a folder into the workspace
    Ingest(ingest::Ingest),
    /// Add, read and watch the systems that documents come from
    #[command(subcommand)]
    Source(source::SourceCommand),
    /// Run the portal and the API
    Serve(serve::Serve),
    /// Fetch, list and check models
    #[command(subcommand)]
    Models(models::Models),
    /// Measure retrieval and answers
    #[command(subcommand)]
    Eval(eval::Eval),
    /// Build new indexes after other settings, see how far, go back
    #[command(subcommand)]
    Reindex(reindex::Reindex),
    /// Check models, indexes, disk and configuration
    Doctor(doctor::Doctor),
    /// Show a document or one of its versions
    Document(document::Document),
    /// Show what was deleted, and when each part stopped holding it
    Receipts(receipts::Receipts),
    /// Add, list and change users
    #[command(subcommand)]
    User(user::User),
}

pub async fn run(cli: Cli) -> anyhow::Result<()> {
    let global = &cli.global;
    match cli.command {
        Command::Ask(args) => ask::run(global, args).await,
        Command::Search(args) => search::run(global, args).await,
        Command::Ingest(args) => ingest::run(global, args).await,
        Command::Source(args) => source::run(global, args).await,
        Command::Serve(args) => serve::run(global, args).await,
        Command::Models(args) => models::run(global, args).await,
        Command::Eval(args) => eval::run(global, args).await,
        Command::Reindex(args) => reindex::run(global, args).await,
        Command::Doctor(args) => doctor::run(global, args).await,
        Command::Document(args) => document::run(global, args).await,
        Command::Receipts(args) => receipts::run(global, args).await,
        Command::User(args) => user::run(global, args).await,
    }
}

/// On whose behalf a local command reads.
#[derive(Args, Clone)]
pub struct As {
    /// Read as this user [default: as someone who sees only what everyone may see]
    #[arg(long = "as", value_name = "EMAIL")]
    email: Option<String>,
    /// Read as a member of this group; may be repeated
    #[arg(long, value_name = "NAME")]
    group: Vec<String>,
}

impl As {
    async fn viewer(&self, store: &Store) -> anyhow::Result<Viewer> {
        let viewer = match &self.email {
            None => Viewer::everyone(),
            Some(email) => {
                let user = store.user_by_email(email).await?.ok_or_else(|| {
                    anyhow::anyhow!("no user has the e-mail {email}: `footnote user list` shows them all")
                })?;
                user.viewer()
            }
        };
        Ok(viewer.with_groups(&self.group))
    }
}

/// A question from the command line; one that cannot be asked is wrong usage.
fn question(text: &str) -> Result<Question, Usage> {
    Question::new(text).map_err(Usage)
}
