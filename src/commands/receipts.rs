//! `footnote receipts`: what was deleted, and when each part stopped holding it.

use serde_json::json;
use store::Receipt;

use super::{Global, source};
use crate::{output, wiring::House};

#[derive(clap::Args)]
pub struct Receipts {
    /// Only of this source, by id or name; one that was removed by its id
    #[arg(long)]
    source: Option<String>,
    /// Only of this item, as its source names it
    #[arg(long)]
    item: Option<String>,
    /// Most receipts, newest first
    #[arg(long, default_value_t = 100)]
    limit: u64,
}

pub async fn run(global: &Global, args: Receipts) -> anyhow::Result<()> {
    let store = House::open_store_only(global).await?;
    let source = match &args.source {
        Some(text) => Some(match text.parse() {
            Ok(id) => id,
            Err(_) => source::find(&store, text).await?.id,
        }),
        None => None,
    };
    let receipts = store.receipts(source.as_ref(), args.item.as_deref(), args.limit).await?;
    if global.json {
        return output::json(&json!({ "receipts": receipts }));
    }
    if receipts.is_empty() {
        return output::text("nothing was deleted");
    }
    output::text(&receipts.iter().map(told).collect::<Vec<_>>().join("\n"))
}

fn told(receipt: &Receipt) -> String {
    let Receipt { document, source_name, external_id, deleted_at, versions, answers, keyword_at, vector_at, .. } =
        receipt;
    let at = |time: &Option<jiff::Timestamp>| time.map_or("not yet".to_owned(), |time| format!("{time:.0}"));
    format!(
        "{external_id}  ({source_name}, {document})\n  database and {answers} stored answers, {versions} versions: {deleted_at:.0}\n  \
         keyword index: {}\n  vector index: {}",
        at(keyword_at),
        at(vector_at)
    )
}
