//! Joins judged sentences to their evidence: what is shown, with footnotes to exact characters, and what is withheld.

use domain::{Citation, Judgement, Passage, Sentence, Verdict, WithheldSentence, slice};

use crate::cite::DraftSentence;

/// The parts of an answer that judging decides.
#[derive(Debug, Default, PartialEq)]
pub struct Footnotes {
    pub sentences: Vec<Sentence>,
    pub withheld: Vec<WithheldSentence>,
    /// Numbered from 1 in order of first use.
    pub citations: Vec<Citation>,
}

/// A sentence is shown when its verdict is not `unsupported` and its evidence can be quoted.
pub fn footnotes(draft: &[DraftSentence], judgements: &[Judgement], passages: &[Passage]) -> Footnotes {
    let mut footnotes = Footnotes::default();
    for (sentence, judgement) in draft.iter().zip(judgements) {
        let citation = match judgement.verdict {
            Verdict::Unsupported => None,
            Verdict::Partial | Verdict::Supported => quote(judgement, passages),
        };
        let (text, score) = (sentence.text.clone(), judgement.score);
        let Some(citation) = citation else {
            let verdict = Verdict::Unsupported;
            footnotes.withheld.push(WithheldSentence { text, verdict, score });
            continue;
        };
        let n = number(&mut footnotes.citations, citation);
        footnotes.sentences.push(Sentence { text, verdict: judgement.verdict, score, citations: vec![n] });
    }
    footnotes
}

/// The shown sentences in one line, each followed by its marks.
pub fn marked_text(sentences: &[Sentence]) -> String {
    let marked = sentences.iter().map(|sentence| {
        let marks: String = sentence.citations.iter().map(|n| format!("[{n}]")).collect();
        format!("{} {marks}", sentence.text)
    });
    marked.collect::<Vec<_>>().join(" ")
}

/// The characters that carry the evidence; `None` when the range is not inside the passage.
fn quote(judgement: &Judgement, passages: &[Passage]) -> Option<Citation> {
    let (index, span) = judgement.evidence?;
    let passage = passages.get(index)?;
    let quote = slice(&passage.text, span);
    (!quote.is_empty()).then(|| Citation {
        n: 0,
        document_id: passage.document_id.clone(),
        version: passage.version.clone(),
        title: passage.title.clone(),
        uri: passage.uri.clone(),
        span: span.shifted(passage.span.start),
        page: passage.page,
        quote: quote.to_owned(),
        also_in: passage.also_in.clone(),
    })
}

/// Numbers a citation; the same characters keep the same number.
fn number(citations: &mut Vec<Citation>, mut citation: Citation) -> usize {
    let same = |known: &&Citation| {
        known.document_id == citation.document_id && known.version == citation.version && known.span == citation.span
    };
    if let Some(known) = citations.iter().find(same) {
        return known.n;
    }
    citation.n = citations.len() + 1;
    citations.push(citation);
    citations.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{ChunkId, DocumentId, Span, VersionHash};

    fn passage() -> Passage {
        Passage {
            chunk_id: ChunkId(1),
            document_id: DocumentId::new(ulid::Ulid::from_parts(1, 1)),
            version: VersionHash::of("x"),
            title: "Leave".into(),
            uri: "file:///leave.md".into(),
            context: String::new(),
            span: Span { start: 100, end: 128 },
            page: None,
            text: "Été: leave is 25 days. Sure.".into(),
            score: 1.0,
            access: None,
            also_in: Vec::new(),
            near_group: None,
            modified_at: None,
        }
    }

    fn judged(verdict: Verdict, evidence: Option<(usize, Span)>) -> Judgement {
        Judgement { verdict, score: 0.9, evidence }
    }

    fn drafted(text: &str) -> DraftSentence {
        DraftSentence { text: text.into(), cited: vec![0] }
    }

    #[test]
    fn a_quote_is_exactly_the_characters_at_its_range() {
        let span = Span { start: 5, end: 22 };
        let footnotes = footnotes(&[drafted("a")], &[judged(Verdict::Supported, Some((0, span)))], &[passage()]);
        let citation = &footnotes.citations[0];
        assert_eq!((citation.quote.as_str(), citation.span), ("leave is 25 days.", Span { start: 105, end: 122 }));
    }

    #[test]
    fn unsupported_and_unquotable_sentences_are_withheld() {
        let outside = Some((0, Span { start: 20, end: 99 }));
        let judgements =
            [judged(Verdict::Unsupported, Some((0, Span { start: 0, end: 4 }))), judged(Verdict::Supported, outside)];
        let footnotes = footnotes(&[drafted("a"), drafted("b")], &judgements, &[passage()]);
        assert_eq!((footnotes.sentences.len(), footnotes.withheld.len()), (0, 2));
    }

    #[test]
    fn the_same_evidence_keeps_its_number() {
        let evidence = Some((0, Span { start: 0, end: 4 }));
        let judgements = [judged(Verdict::Supported, evidence), judged(Verdict::Partial, evidence)];
        let footnotes = footnotes(&[drafted("a"), drafted("b")], &judgements, &[passage()]);
        assert_eq!(marked_text(&footnotes.sentences), "a [1] b [1]");
        assert_eq!(footnotes.citations.len(), 1);
    }
}
