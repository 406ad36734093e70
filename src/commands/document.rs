//! `footnote document ID`: what is stored of a document; `--text` prints a version's exact text.

use domain::{DocumentId, VersionHash};
use serde_json::json;

use super::{As, Global};
use crate::{output, usage::Usage, wiring::House};

#[derive(clap::Args)]
pub struct Document {
    /// Id as citations give it, e.g. doc_01J...
    id: String,
    /// Hash of a version [default: the current one]
    #[arg(long, value_name = "HASH")]
    version: Option<String>,
    /// Print the version's text, which citations count characters in
    #[arg(long)]
    text: bool,
    #[command(flatten)]
    viewer: As,
}

pub async fn run(global: &Global, args: Document) -> anyhow::Result<()> {
    let id: DocumentId = args.id.parse().map_err(Usage)?;
    let store = House::open_store_only(global).await?;
    let viewer = args.viewer.viewer(&store).await?;
    let hash = args.version.map(VersionHash::from_stored);
    let version = store.version_text(&viewer, &id, hash.as_ref()).await?;
    if args.text && !global.json {
        // Exactly the stored characters: no line end is added.
        return output::exact(&version.text);
    }
    let document = store.document(&viewer, &id).await?;
    let versions: Vec<_> = document
        .versions
        .iter()
        .map(|v| json!({ "hash": v.hash, "created_at": v.created_at, "live": v.live }))
        .collect();
    let mut value = json!({
        "id": document.id, "title": document.title, "uri": document.uri, "media_type": document.media_type,
        "modified_at": document.modified_at, "version": version.version, "superseded": version.superseded, "versions": versions,
        "notes": version.notes,
    });
    if args.text {
        value["text"] = version.text.into();
    }
    if global.json {
        return output::json(&value);
    }
    let notes: String = version.notes.iter().map(|note| format!("\nnote: {note}")).collect();
    output::text(&format!(
        "{}\n{}\n{} versions, current {}{notes}",
        document.title,
        document.uri,
        document.versions.len(),
        document.version
    ))
}
