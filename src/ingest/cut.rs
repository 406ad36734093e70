//! Cuts documents for a generation of the indexes: as they come, or again from their stored texts.

use domain::{Chunk, Document, DocumentId};
use futures::{StreamExt, TryStreamExt, stream};

use crate::{Generation, IngestContext, Result, chunk::chunk};

/// The chunks of a document by the generation's settings and its embedder's tokenizer.
pub(crate) fn cut(generation: &Generation, document: &Document, title: &str) -> Vec<Chunk> {
    let embedder = &generation.embedder;
    let count = |text: &str| embedder.count_tokens(text);
    chunk(document, title, &generation.chunking, &count, embedder.profile().max_tokens)
}

/// Like [`cut`], on a thread that may be kept busy; gives the document back.
pub(crate) async fn cut_apart(
    generation: Generation,
    document: Document,
    title: String,
) -> Result<(Document, Vec<Chunk>)> {
    let work = tokio::task::spawn_blocking(move || {
        let chunks = cut(&generation, &document, &title);
        (document, chunks)
    });
    Ok(work.await?)
}

/// Cuts those of `documents` that have no chunks in this generation yet, several at once.
pub(crate) async fn cut_missing(ctx: &IngestContext, generation: &Generation, documents: &[DocumentId]) -> Result<()> {
    let missing = ctx.store.uncut(generation.id, documents).await?;
    let cuts = stream::iter(missing).map(|id| cut_stored(ctx, generation, id));
    cuts.buffer_unordered(ctx.parsers.workers()).try_collect().await
}

/// A document that changed meanwhile is left alone: its job comes again.
async fn cut_stored(ctx: &IngestContext, generation: &Generation, id: DocumentId) -> Result<()> {
    let Some(mut uncut) = ctx.store.read_uncut(&id).await? else { return Ok(()) };
    let text = std::mem::take(&mut uncut.parsed);
    let (_, chunks) = cut_apart(generation.clone(), text, uncut.title.clone()).await?;
    if !chunks.is_empty() {
        ctx.store.save_cut(generation.id, &uncut, chunks).await?;
    }
    Ok(())
}
