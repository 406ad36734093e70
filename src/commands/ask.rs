//! `footnote ask "Question"`: an answer with footnotes.

use domain::{Answer, Verdict};

use super::{As, Global, question};
use crate::{output, wiring::House};

#[derive(clap::Args)]
pub struct Ask {
    /// What you want to know
    question: String,
    #[command(flatten)]
    viewer: As,
    /// Who writes the answer: the configured generator, or one of these
    #[arg(long, value_enum)]
    generator: Option<crate::wiring::GeneratorChoice>,
}

pub async fn run(global: &Global, args: Ask) -> anyhow::Result<()> {
    let question = question(&args.question)?;
    let house = House::open(global, "ask").await?;
    let viewer = args.viewer.viewer(house.store()).await?;
    house.converge().await?;
    house.mention_settings().await?;
    let ctx = house.answer_context(args.generator).await?;
    let answer = answer::answer(&ctx, &viewer, &question, None).await?;
    if global.json { output::json(&answer) } else { output::text(&page(&answer)) }
}

fn page(answer: &Answer) -> String {
    let mut lines = Vec::new();
    for sentence in &answer.sentences {
        let marks: String = sentence.citations.iter().map(|n| format!("[{n}]")).collect();
        let doubt = if sentence.verdict == Verdict::Partial { " (partly supported)" } else { "" };
        lines.push(format!("{} {marks}{doubt}", sentence.text));
    }
    if answer.abstained {
        lines.push(answer.answer.clone());
        lines.extend(answer.nearest.iter().map(|document| format!("  nearest: {}  {}", document.title, document.uri)));
    }
    lines.push(String::new());
    for citation in &answer.citations {
        let page = citation.page.map(|page| format!(", page {page}")).unwrap_or_default();
        let quote = citation.quote.split_whitespace().collect::<Vec<_>>().join(" ");
        lines.push(format!(
            "[{}] {}{page}\n    \u{201c}{quote}\u{201d}\n    {}",
            citation.n, citation.title, citation.uri
        ));
        lines.extend(citation.also_in.iter().map(|other| format!("    also in: {}  {}", other.title, other.uri)));
    }
    if !answer.withheld.is_empty() {
        lines.push(format!("({} unsupported sentences withheld)", answer.withheld.len()));
    }
    lines.join("\n").trim_end().to_owned()
}
