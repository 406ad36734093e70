//! `footnote source token`: what a program proves by that it may send documents to a source.

use anyhow::bail;
use serde_json::json;

use super::find;
use crate::{
    commands::Global,
    output,
    wiring::{self, House},
};

/// Gives the source a new token, in place of the one it had, and prints it this once.
pub async fn give(global: &Global, text: &str) -> anyhow::Result<()> {
    let store = House::open_store_only(global).await?;
    let source = find(&store, text).await?;
    if super::is_pulled(&source) {
        bail!(
            "{} is a {} source, which fetches its documents: only push sources have a token",
            source.name,
            source.kind
        );
    }
    let token = server::new_source_token()?;
    store.set_source_token(&source.id, domain::sha256_hex(token.as_bytes()), (wiring::clock().now)()).await?;
    if global.json {
        return output::json(&json!({ "id": source.id, "token": token }));
    }
    output::text(&format!(
        "{} {}\ntoken: {token}   (shown this once; the one before has ended)",
        source.id, source.name
    ))
}

pub async fn revoke(global: &Global, text: &str) -> anyhow::Result<()> {
    let store = House::open_store_only(global).await?;
    let source = find(&store, text).await?;
    let revoked = store.delete_source_token(&source.id).await?;
    if global.json {
        return output::json(&json!({ "id": source.id, "revoked": revoked }));
    }
    output::text(&format!("{} {}", source.name, if revoked { "has no token any more" } else { "had no token" }))
}
