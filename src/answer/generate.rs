//! Runs a generator to its end, passing its text on as an unverified draft.

use std::sync::Arc;

use domain::{AnswerEvent, Generator, Prompt};
use futures::StreamExt;

use crate::{Result, pipeline::Watcher};

/// Longest draft in bytes; whatever comes after is not read.
const MAX_DRAFT_BYTES: usize = 16_000;

/// The generator's whole text. Dropping the future cancels the generation.
pub async fn generate(generator: &dyn Generator, prompt: &Arc<Prompt>, watcher: &Watcher<'_>) -> Result<String> {
    let mut stream = generator.generate(Arc::clone(prompt)).await?;
    let mut draft = String::new();
    while let Some(piece) = stream.next().await {
        let piece = piece?;
        draft.push_str(&piece);
        watcher.tell(AnswerEvent::Token { text: piece }).await;
        if draft.len() > MAX_DRAFT_BYTES {
            break;
        }
    }
    Ok(draft)
}
