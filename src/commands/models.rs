//! `footnote models`: fetch, list and check models.

use serde_json::json;

use super::Global;
use crate::{output, wiring};

#[derive(clap::Subcommand)]
pub enum Models {
    /// Fetch models: the two defaults, or those named (NAME, or hf:OWNER/REPO from the hub, with :FILE for one of its files)
    Pull { names: Vec<String> },
    /// Show what has been fetched, with licence and allowed use
    List,
    /// Hash every file again and check that weights, configuration and architecture agree
    Verify,
}

pub async fn run(global: &Global, args: Models) -> anyhow::Result<()> {
    let dir = wiring::models_dir(global)?;
    match args {
        Models::Pull { names } => {
            let pulled = tokio::task::spawn_blocking(move || wiring::pull_models(&dir, &names)).await??;
            if global.json {
                output::json(&json!({ "models": pulled }))
            } else {
                output::text(&format!("ready: {}", pulled.join(", ")))
            }
        }
        Models::List => {
            let registry = models::registry::Registry::read(&dir)?;
            if global.json {
                return output::json(&registry);
            }
            if registry.models.is_empty() {
                return output::text("no models yet: run `footnote models pull`");
            }
            registry.models.iter().try_for_each(|model| {
                let purpose = format!("{:?}", model.purpose).to_lowercase();
                output::text(&format!("{:24} {purpose:10} {:12} {}", model.name, model.licence, model.allowed_use))
            })
        }
        Models::Verify => {
            let checked = tokio::task::spawn_blocking(move || wiring::verify_models(&dir)).await??;
            if global.json {
                output::json(&json!({ "verified": checked }))
            } else {
                output::text(&format!("verified: {}", checked.join(", ")))
            }
        }
    }
}
