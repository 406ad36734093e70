//! What the judge must say whatever its weights are.
#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use domain::{ChunkId, DocumentId, EmbedderProfile, EngineError, VersionHash, slice, terms};

use super::*;

/// Bag of stemmed words, hashed into 64 numbers: enough for likeness, no model needed.
struct WordEmbedder(EmbedderProfile);

impl WordEmbedder {
    fn new() -> Arc<Self> {
        Arc::new(Self(EmbedderProfile {
            model: "words".into(),
            weights_sha256: String::new(),
            dims: 64,
            max_tokens: 512,
            query_prefix: String::new(),
            passage_prefix: String::new(),
        }))
    }
}

#[async_trait]
impl Embedder for WordEmbedder {
    fn profile(&self) -> &EmbedderProfile {
        &self.0
    }

    fn count_tokens(&self, text: &str) -> usize {
        text.split_whitespace().count()
    }

    async fn embed_passages(&self, texts: &[String]) -> EngineResult<Vec<Vec<f32>>> {
        let embed = |text: &String| {
            let mut vector = vec![1e-3f32; 64];
            for term in terms(text) {
                vector[term.bytes().fold(7usize, |hash, byte| hash * 31 + usize::from(byte)) % 64] += 1.0;
            }
            let norm = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
            vector.iter().map(|x| x / norm).collect()
        };
        Ok(texts.iter().map(embed).collect())
    }

    async fn embed_query(&self, text: &str) -> EngineResult<Vec<f32>> {
        Ok(self.embed_passages(&[text.to_owned()]).await?.remove(0))
    }
}

struct BrokenEmbedder(EmbedderProfile);

#[async_trait]
impl Embedder for BrokenEmbedder {
    fn profile(&self) -> &EmbedderProfile {
        &self.0
    }

    fn count_tokens(&self, _text: &str) -> usize {
        0
    }

    async fn embed_passages(&self, _texts: &[String]) -> EngineResult<Vec<Vec<f32>>> {
        Err(EngineError::retry("the server is down"))
    }

    async fn embed_query(&self, _text: &str) -> EngineResult<Vec<f32>> {
        Err(EngineError::retry("the server is down"))
    }
}

const LEAVE: &str = "Employees accrue 25 days of paid annual leave per calendar year. Unused leave of up to 5 days can be \
    carried over to the next year. Requests are submitted in the HR portal at least two weeks ahead.";
const TRAVEL: &str = "Travel is booked by Anna Berg in the Lisbon office. First class tickets are not reimbursed.";

fn passage(text: &str) -> Passage {
    Passage {
        chunk_id: ChunkId(1),
        document_id: "doc_01ARZ3NDEKTSV4RRFFQ69G5FAV".parse::<DocumentId>().unwrap(),
        version: VersionHash::of(text),
        title: "Handbook".into(),
        uri: String::new(),
        context: String::new(),
        span: Span { start: 0, end: text.chars().count() },
        page: None,
        text: text.into(),
        score: 1.0,
        access: None,
        also_in: Vec::new(),
        near_group: None,
        modified_at: None,
    }
}

async fn judge(text: &str, cited: &[usize]) -> Judgement {
    let judge = LocalJudge::new(&LocalJudgeConfig::default(), WordEmbedder::new()).unwrap();
    let claims = [Claim { text: text.into(), cited: cited.to_vec() }];
    judge.judge(&claims, &[passage(LEAVE), passage(TRAVEL)]).await.unwrap().remove(0)
}

#[tokio::test]
async fn a_verbatim_sentence_is_supported_where_it_stands() {
    let found = judge("Unused leave of up to 5 days can be carried over to the next year.", &[0]).await;
    assert_eq!((found.verdict, found.score), (Verdict::Supported, 1.0));
    let (passage, span) = found.evidence.unwrap();
    assert_eq!(passage, 0);
    assert!(slice(LEAVE, span).starts_with("Unused leave"));
}

#[tokio::test]
async fn a_wrong_number_is_never_supported() {
    for claim in [
        "Employees accrue 26 days of paid annual leave per calendar year.",
        "Unused leave of up to six days can be carried over to the next year.",
    ] {
        assert!(judge(claim, &[0]).await.verdict < Verdict::Supported, "{claim}");
    }
}

#[tokio::test]
async fn a_statement_turned_round_is_never_supported() {
    for claim in
        ["Unused leave of up to 5 days cannot be carried over to the next year.", "First class tickets are reimbursed."]
    {
        assert!(judge(claim, &[]).await.verdict < Verdict::Supported, "{claim}");
    }
}

#[tokio::test]
async fn what_nobody_wrote_is_unsupported() {
    let found = judge("The cafeteria serves vegetarian lunches on Friday afternoons.", &[0, 1]).await;
    assert_eq!(found.verdict, Verdict::Unsupported);
    assert!(found.score < 0.3, "{found:?}");
}

#[tokio::test]
async fn support_in_an_uncited_passage_is_found_and_reported() {
    let found = judge("Travel is booked by Anna Berg in the Lisbon office.", &[0]).await;
    assert_eq!(found.verdict, Verdict::Supported);
    assert_eq!(found.evidence.map(|(passage, _)| passage), Some(1));
}

#[tokio::test]
async fn odd_input_is_unsupported_and_never_a_panic() {
    for claim in ["", "...", "the of and", "🙂", "[1] [2]"] {
        assert_eq!(judge(claim, &[7]).await.verdict, Verdict::Unsupported, "{claim}");
    }
    let judge = LocalJudge::new(&LocalJudgeConfig::default(), WordEmbedder::new()).unwrap();
    let claims = [Claim { text: "Leave is 25 days.".into(), cited: vec![] }];
    assert_eq!(judge.judge(&claims, &[]).await.unwrap()[0].verdict, Verdict::Unsupported);
    assert!(judge.judge(&[], &[passage(LEAVE)]).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_broken_embedder_is_an_error_and_so_no_support() {
    let broken = Arc::new(BrokenEmbedder(WordEmbedder::new().0.clone()));
    let judge = LocalJudge::new(&LocalJudgeConfig::default(), broken).unwrap();
    let claims = [Claim { text: "Paid leave is 25 days each year.".into(), cited: vec![0] }];
    assert!(judge.judge(&claims, &[passage(LEAVE)]).await.is_err());
}

#[tokio::test]
async fn what_the_sentence_contradicts_is_never_shown() {
    let judge = LocalJudge::new(&LocalJudgeConfig::default(), WordEmbedder::new()).unwrap();
    let wrong = [
        // The 5 stands in the next sentence, about something else.
        "Employees accrue 5 days of paid annual leave per calendar year.",
        "Employees accrue 40 days of paid annual leave per calendar year.",
        "Employees do not accrue 25 days of paid annual leave per calendar year.",
        "First class tickets are reimbursed.",
        "A leave is a leave.",
    ];
    let claims: Vec<Claim> = wrong.iter().map(|text| Claim { text: (*text).into(), cited: vec![0, 1] }).collect();
    let judgements = judge.judge(&claims, &[passage(LEAVE), passage(TRAVEL)]).await.unwrap();
    for (text, judgement) in wrong.iter().zip(judgements) {
        assert_eq!(judgement.verdict, Verdict::Unsupported, "{text}");
    }
}
