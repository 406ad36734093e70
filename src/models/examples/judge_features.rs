//! Adds the judge's features to claims: `judge_features MODELS_DIR < claims.jsonl > features.jsonl` (eval/judge/README.md).

use std::{io::BufRead, path::Path};

use footnote_models::{EmbedderConfig, LocalJudge, LocalJudgeConfig, ModelsConfig, OnnxEmbedderConfig, open_embedder};
use serde_json::{Value, json};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let dir = std::env::args().nth(1).ok_or("usage: judge_features MODELS_DIR < claims.jsonl")?;
    let config = ModelsConfig {
        embedder: EmbedderConfig::Onnx(OnnxEmbedderConfig { threads: Some(1), ..OnnxEmbedderConfig::default() }),
        ..ModelsConfig::default()
    };
    let embedder = open_embedder(&config, Path::new(&dir))?;
    let judge = LocalJudge::new(&LocalJudgeConfig::default(), embedder)?;
    for line in std::io::stdin().lock().lines() {
        let row: Value = serde_json::from_str(&line?)?;
        let claim = row["claim"].as_str().unwrap_or_default();
        let passages: Vec<&str> = row["passages"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let all: Vec<usize> = (0..passages.len()).collect();
        let found = judge.findings(&[(claim, all)], &passages).await?.remove(0);
        println!(
            "{}",
            json!({
                "set": row["set"], "id": row["id"], "label": row["label"], "claim": claim,
                "features": found.features, "score": found.score, "is_contradicted": found.is_contradicted,
            })
        );
    }
    Ok(())
}
