//! Scores sentences for SQuAD questions: `pick_features MODELS_DIR squad.json > picks.jsonl` (eval/judge/README.md).
//! The six paragraphs of the article that are nearest to the question stand in for retrieval.

use std::{fs, path::Path};

use answer::{FEATURES, candidates};
use domain::PromptPassage;
use models::{EmbedderConfig, ModelsConfig, OnnxEmbedderConfig, open_embedder};
use serde_json::{Value, json};

const PASSAGES: usize = 6;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(dir), Some(squad)) = (arguments.next(), arguments.next()) else {
        return Err("usage: pick_features MODELS_DIR squad.json".into());
    };
    let config = ModelsConfig {
        embedder: EmbedderConfig::Onnx(OnnxEmbedderConfig { threads: Some(1), ..OnnxEmbedderConfig::default() }),
        ..ModelsConfig::default()
    };
    let embedder = open_embedder(&config, Path::new(&dir))?;
    let squad: Value = serde_json::from_slice(&fs::read(squad)?)?;
    for article in list(&squad["data"]) {
        let paragraphs: Vec<String> = list(&article["paragraphs"]).map(|p| text(&p["context"])).collect();
        let vectors = embedder.embed_passages(&paragraphs).await?;
        for question in list(&article["paragraphs"]).flat_map(|paragraph| list(&paragraph["qas"])) {
            let answers: Vec<String> = list(&question["answers"]).map(|answer| text(&answer["text"])).collect();
            if answers.is_empty() {
                continue;
            }
            let asked = text(&question["question"]);
            let vector = embedder.embed_query(&asked).await?;
            let cosine = |other: &Vec<f32>| vector.iter().zip(other).map(|(a, b)| a * b).sum::<f32>();
            let mut order: Vec<(f32, usize)> = vectors.iter().map(cosine).zip(0..).collect();
            order.sort_by(|a, b| b.0.total_cmp(&a.0));
            let best = order.first().map_or(1.0, |(score, _)| score.max(0.01));
            let passages: Vec<PromptPassage> = order
                .iter()
                .take(PASSAGES)
                .enumerate()
                .map(|(n, (score, index))| PromptPassage {
                    n: n + 1,
                    title: text(&article["title"]),
                    context: String::new(),
                    text: paragraphs[*index].clone(),
                    score: (score / best).clamp(0.0, 1.0),
                })
                .collect();
            let candidates = candidates(&*embedder, &asked, &passages).await?;
            let sentences: Vec<Value> = candidates
                .iter()
                .map(|candidate| {
                    json!({
                        "features": candidate.features.0,
                        "has_answer": answers.iter().any(|answer| candidate.text.contains(answer.as_str())),
                    })
                })
                .collect();
            println!(
                "{}",
                json!({ "article": article["title"], "question": asked, "names": FEATURES, "sentences": sentences })
            );
        }
    }
    Ok(())
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
