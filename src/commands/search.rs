//! `footnote search "words"`: the best passages, no answer.

use domain::{Leg, Passage};
use serde_json::json;

use super::{As, Global, question};
use crate::{output, wiring::House};

#[derive(clap::Args)]
pub struct Search {
    /// Words to search for
    query: String,
    /// Which index answers
    #[arg(long, value_enum, default_value = "hybrid")]
    leg: LegArg,
    /// Most passages to list
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=1000))]
    limit: u16,
    #[command(flatten)]
    viewer: As,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum LegArg {
    Keyword,
    Vector,
    Hybrid,
}

pub async fn run(global: &Global, args: Search) -> anyhow::Result<()> {
    let query = question(&args.query)?;
    let leg = match args.leg {
        LegArg::Keyword => Leg::Keyword,
        LegArg::Vector => Leg::Vector,
        LegArg::Hybrid => Leg::Hybrid,
    };
    let house = House::open(global, "search").await?;
    let viewer = args.viewer.viewer(house.store()).await?;
    house.converge().await?;
    house.mention_settings().await?;
    let ctx = house.answer_context(Some(crate::wiring::GeneratorChoice::Extractive)).await?;
    let passages = answer::search(&ctx, &viewer, query.as_str(), leg, args.limit.into()).await?;
    if global.json {
        return output::json(&json!({ "hits": passages.iter().map(hit).collect::<Vec<_>>() }));
    }
    if passages.is_empty() {
        return output::text("nothing found");
    }
    passages.iter().try_for_each(|passage| output::text(&line(passage)))
}

fn hit(passage: &Passage) -> serde_json::Value {
    json!({
        "document_id": passage.document_id,
        "version": passage.version,
        "chunk_id": passage.chunk_id,
        "title": passage.title,
        "uri": passage.uri,
        "score": passage.score,
        "start": passage.span.start,
        "end": passage.span.end,
        "page": passage.page,
        "text": passage.text,
        "also_in": passage.also_in,
    })
}

fn line(passage: &Passage) -> String {
    let text = passage.text.split_whitespace().collect::<Vec<_>>().join(" ");
    let short: String = text.chars().take(160).collect();
    let others: String =
        passage.also_in.iter().map(|other| format!("\n       also in: {}  {}", other.title, other.uri)).collect();
    format!("{:.3}  {}\n       {short}\n       {}{others}", passage.score, passage.title, passage.uri)
}
