//! Reorders passages with a cross-encoder, where one is configured.

use domain::{EngineResult, Passage, Question, Reranker};

/// Best first by the reranker, whose scores (logits) become the passages' scores in 0..=1.
pub async fn rerank(
    reranker: &dyn Reranker,
    question: &Question,
    mut passages: Vec<Passage>,
) -> EngineResult<Vec<Passage>> {
    let texts: Vec<String> = passages.iter().map(|p| format!("{}\n{}", p.context, p.text)).collect();
    let scores = reranker.rerank(question.as_str(), &texts).await?;
    for (passage, score) in passages.iter_mut().zip(scores) {
        passage.score = 1.0 / (1.0 + (-score).exp());
    }
    passages.sort_by(|a, b| b.score.total_cmp(&a.score));
    Ok(passages)
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_trait::async_trait;
    use domain::{ChunkId, DocumentId, Span, VersionHash};

    /// Scores a passage by its length.
    struct Longest;

    #[async_trait]
    impl Reranker for Longest {
        async fn rerank(&self, _question: &str, passages: &[String]) -> EngineResult<Vec<f32>> {
            Ok(passages.iter().map(|text| text.len() as f32 - 10.0).collect())
        }
    }

    fn passage(text: &str) -> Passage {
        Passage {
            chunk_id: ChunkId(1),
            document_id: DocumentId::new(ulid::Ulid::from_parts(1, 1)),
            version: VersionHash::of(text),
            title: String::new(),
            uri: String::new(),
            context: String::new(),
            span: Span { start: 0, end: text.len() },
            page: None,
            text: text.into(),
            score: 1.0,
            access: None,
            also_in: Vec::new(),
            near_group: None,
            modified_at: None,
        }
    }

    #[tokio::test]
    async fn the_reranker_s_order_and_scores_count() -> Result<(), String> {
        let question = Question::new("why?")?;
        let passages = vec![passage("short"), passage("a much longer text")];
        let ranked = rerank(&Longest, &question, passages).await.map_err(|error| error.to_string())?;
        assert_eq!(ranked[0].text, "a much longer text");
        assert!(ranked[0].score > 0.99 && ranked[1].score < 0.5);
        Ok(())
    }
}
