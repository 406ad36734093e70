//! The extractive generator with the real embedder: verbatim sentences, marked with their passage.

use std::{path::PathBuf, sync::Arc};

use domain::{Generator, Prompt, PromptPassage};
use footnote_answer::ExtractiveGenerator;
use futures::StreamExt;
use models::{ModelsConfig, open_embedder};

type Outcome = Result<(), Box<dyn std::error::Error>>;

const TEXT: &str = "Employees accrue 25 days of paid annual leave per calendar year. Unused leave of up to 5 days can be \
    carried over to the next year. Requests are submitted in the HR portal.";

#[tokio::test(flavor = "multi_thread")]
async fn the_best_sentence_is_quoted_and_no_passage_gives_no_answer() -> Outcome {
    let Some(dir) = models_dir() else { return Ok(()) };
    let generator = ExtractiveGenerator::new(open_embedder(&ModelsConfig::default(), &dir)?);
    let text = read_all(&generator, vec![passage()]).await?;
    assert!(text.contains("Unused leave of up to 5 days can be carried over to the next year. [1]"), "{text}");
    assert_eq!(read_all(&generator, Vec::new()).await?, "");
    Ok(())
}

/// The pulled models, or a line that says why the test is skipped.
#[expect(clippy::disallowed_methods, reason = "the test script says where the pulled models are")]
fn models_dir() -> Option<PathBuf> {
    let dir = std::env::var_os("FOOTNOTE_MODELS_DIR").map(PathBuf::from);
    if dir.is_none() {
        eprintln!("skipped: FOOTNOTE_MODELS_DIR names no directory of pulled models");
    }
    dir
}

fn passage() -> PromptPassage {
    PromptPassage { n: 1, title: "Leave".into(), context: String::new(), text: TEXT.into(), score: 1.0 }
}

async fn read_all(
    generator: &ExtractiveGenerator,
    passages: Vec<PromptPassage>,
) -> Result<String, Box<dyn std::error::Error>> {
    let question = "How many days of leave can be carried over?";
    let prompt = Prompt {
        system: String::new(),
        user: String::new(),
        question: question.into(),
        passages,
        max_tokens: 200,
        seed: 0,
    };
    let mut stream = generator.generate(Arc::new(prompt)).await?;
    let mut text = String::new();
    while let Some(piece) = stream.next().await {
        text.push_str(&piece?);
    }
    Ok(text)
}
