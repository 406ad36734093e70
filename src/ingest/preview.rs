//! A dry run: a source's first documents as they would be indexed, without storing any.

use std::sync::Arc;

use domain::{Change, Connector, Language, Principal, Since};
use futures::StreamExt;
use serde::Serialize;
use store::Source;

use crate::{
    Cleaned, Cleaner, IngestContext, Result,
    cut::cut,
    sync::{cleaned, cleaner},
};

/// Characters shown of each chunk.
const SHOWN: usize = 200;
/// Chunks shown of each document.
const CHUNKS: usize = 3;

/// A document as it would be indexed, or why it would not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Preview {
    pub external_id: String,
    pub uri: Option<String>,
    pub title: Option<String>,
    pub readers: Vec<Principal>,
    pub characters: usize,
    pub chunks: usize,
    /// The starts of the first chunks, each behind its heading path.
    pub beginning: Vec<String>,
    /// What the source's cleaning rules take out.
    pub cleaned: Cleaned,
    pub language: Option<Language>,
    pub failure: Option<String>,
}

/// Reads up to `most` documents of the source.
pub async fn preview(
    ctx: &IngestContext,
    source: &Source,
    connector: &dyn Connector,
    most: usize,
) -> Result<Vec<Preview>> {
    let cleaner = cleaner(source)?;
    let mut shown = Vec::new();
    let mut batches = connector.changes(Since::default());
    while shown.len() < most {
        let Some(batch) = batches.next().await else { break };
        for change in batch?.changes {
            if shown.len() < most {
                shown.extend(one(ctx, &cleaner, change).await?);
            }
        }
    }
    Ok(shown)
}

async fn one(ctx: &IngestContext, cleaner: &Arc<Cleaner>, change: Change) -> Result<Option<Preview>> {
    let blank = |external_id: String, readers: Vec<Principal>| Preview {
        external_id,
        uri: None,
        title: None,
        readers,
        characters: 0,
        chunks: 0,
        beginning: Vec::new(),
        cleaned: Cleaned::default(),
        language: None,
        failure: None,
    };
    Ok(match change {
        Change::Failed { external_id, reason, readers } => {
            Some(Preview { failure: Some(reason), ..blank(external_id, readers.unwrap_or_default()) })
        }
        Change::Upsert(raw) => {
            let preview = Preview { uri: Some(raw.uri), ..blank(raw.external_id, raw.readers) };
            let parsed = match ctx.parsers.parse(&raw.file_name, raw.bytes).await {
                Ok(parsed) => parsed,
                Err(error) => return Ok(Some(Preview { failure: Some(error.to_string()), ..preview })),
            };
            let title = raw.title.or_else(|| parsed.title.clone()).unwrap_or(raw.file_name);
            let (parsed, cleaned) = cleaned(cleaner, parsed).await?;
            let chunks = cut(&ctx.generations.now().live, &parsed, &title);
            let start = |text: &str| text.chars().take(SHOWN).collect::<String>();
            let beginning =
                chunks.iter().take(CHUNKS).map(|chunk| format!("{}: {}", chunk.context, start(&chunk.text)));
            Some(Preview {
                title: Some(title),
                characters: parsed.text.chars().count(),
                chunks: chunks.len(),
                beginning: beginning.collect(),
                cleaned,
                language: parsed.language,
                ..preview
            })
        }
        _ => None,
    })
}
