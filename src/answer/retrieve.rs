//! Finds passages for a question: both legs, fused, read back through the store's door.

use domain::{Hit, KeywordQuery, Leg, Passage, VectorQuery, Viewer};

use crate::{
    AnswerContext, Result,
    fuse::{fuse, keyword_weight, normalise},
    near::Chosen,
};

/// Passages read beyond those that are asked for.
const MORE: usize = 8;

/// What both legs say about a question, with the passages the viewer may read, best first.
pub struct Retrieved {
    pub passages: Vec<Passage>,
    /// Highest cosine of any chunk the viewer may see; 0 when there is none.
    pub cosine: f32,
    /// How much higher that is than the tenth highest.
    pub gap: f32,
}

/// Whether documents that say the same stand side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Copies {
    All,
    OnePerGroup,
}

/// The `limit` best passages for `text` as `viewer` sees them, near-duplicates side by side, each naming the others.
pub async fn search(ctx: &AnswerContext, viewer: &Viewer, text: &str, leg: Leg, limit: usize) -> Result<Vec<Passage>> {
    let mut passages = retrieve(ctx, viewer, text, leg, Copies::All, limit).await?.passages;
    passages.truncate(limit);
    name_others(ctx, viewer, &mut passages).await?;
    Ok(passages)
}

/// Names the documents that say the same as those of the passages and that the viewer may read now.
pub async fn name_others(ctx: &AnswerContext, viewer: &Viewer, passages: &mut [Passage]) -> Result<()> {
    let documents = passages.iter().map(|passage| passage.document_id.clone()).collect();
    let others = ctx.store.also_in(viewer, &documents).await?;
    for passage in passages {
        passage.also_in = others.get(&passage.document_id).cloned().unwrap_or_default();
    }
    Ok(())
}

pub async fn retrieve(
    ctx: &AnswerContext,
    viewer: &Viewer,
    text: &str,
    leg: Leg,
    copies: Copies,
    limit: usize,
) -> Result<Retrieved> {
    let access = ctx.store.readable_classes(viewer).await?;
    let candidates = ctx.config.retrieve.candidates.max(limit);
    let keyword = async {
        if leg == Leg::Vector {
            return Ok(Vec::new());
        }
        ctx.keyword.search(KeywordQuery { text: text.to_owned(), access: access.clone(), limit: candidates }).await
    };
    let vector = async {
        if leg == Leg::Keyword {
            return Ok(Vec::new());
        }
        let vector = ctx.embedder.embed_query(text).await?;
        ctx.vector.search(VectorQuery { vector, access: access.clone(), limit: candidates }).await
    };
    let (keyword, vector) = futures::try_join!(keyword, vector)?;
    let hits = match leg {
        Leg::Keyword => normalise(&keyword),
        Leg::Vector => normalise(&vector),
        Leg::Hybrid => fuse(&keyword, &vector, keyword_weight(text, &ctx.config.fuse)),
    };
    let cosine = vector.first().map_or(0.0, |hit| hit.score);
    let gap = cosine - vector.get(9).or(vector.last()).map_or(0.0, |hit| hit.score);
    let passages = match copies {
        // A few more than asked for: the door may turn some away.
        Copies::All => read(ctx, viewer, hits.get(..limit + MORE).unwrap_or(&hits)).await?,
        Copies::OnePerGroup => read_one_per_group(ctx, viewer, text, &hits, limit).await?,
    };
    Ok(Retrieved { passages, cosine, gap })
}

/// Reads on while near-duplicates take the room of others.
async fn read_one_per_group(
    ctx: &AnswerContext,
    viewer: &Viewer,
    text: &str,
    hits: &[Hit],
    limit: usize,
) -> Result<Vec<Passage>> {
    let mut chosen = Chosen::default();
    let mut passages = Vec::new();
    for hits in hits.chunks(limit + MORE) {
        passages.extend(chosen.one_per_group(text, read(ctx, viewer, hits).await?));
        if passages.len() >= limit {
            break;
        }
    }
    passages.truncate(limit + MORE);
    Ok(passages)
}

/// The words come from the store, which checks access again; the scores come from the hits.
async fn read(ctx: &AnswerContext, viewer: &Viewer, hits: &[Hit]) -> Result<Vec<Passage>> {
    let ids: Vec<_> = hits.iter().map(|hit| hit.chunk).collect();
    let scores: std::collections::HashMap<_, _> = hits.iter().map(|hit| (hit.chunk, hit.score)).collect();
    let mut passages = ctx.store.read_passages(viewer, &ids).await?;
    for passage in &mut passages {
        passage.score = scores.get(&passage.chunk_id).copied().unwrap_or(0.0);
    }
    Ok(passages)
}
