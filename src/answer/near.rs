//! Answers from one document of several that say the same.

use std::collections::{BTreeSet, HashMap};

use domain::{DocumentId, Passage, numbers, terms};

/// Shares of the best score from which a document of a group is considered at all, and from which its age may decide.
const CLOSE: f32 = 0.9;
const ALIKE: f32 = 0.98;

/// Which document stands for each group of near-duplicates, chosen when the group is first seen.
#[derive(Default)]
pub struct Chosen(HashMap<i64, DocumentId>);

impl Chosen {
    /// The passages of documents that stand for their group, in their order; those of documents without near-duplicates stay.
    ///
    /// Documents of a group may differ in the very thing that is asked for: the sheet of 2023 beside that of 2024, the contract
    /// of one person beside another's. So only those can stand whose best passage holds as much of the question and ranks as
    /// high; of them the newest does, else the best ranked.
    pub fn one_per_group(&mut self, question: &str, passages: Vec<Passage>) -> Vec<Passage> {
        let asked: BTreeSet<String> = terms(question).into_iter().chain(numbers(question)).collect();
        let mut found: HashMap<i64, Vec<Candidate<'_>>> = HashMap::new();
        for passage in &passages {
            let Some(group) = passage.near_group else { continue };
            let candidates = found.entry(group).or_default();
            match candidates.iter_mut().find(|candidate| candidate.document == &passage.document_id) {
                Some(candidate) => candidate.passages.push(passage),
                None => candidates.push(Candidate { document: &passage.document_id, passages: vec![passage] }),
            }
        }
        for (group, candidates) in found {
            if let Some(best) = standing(&candidates, &asked) {
                self.0.entry(group).or_insert_with(|| best.clone());
            }
        }
        let stands = |passage: &Passage| {
            passage.near_group.and_then(|group| self.0.get(&group)).is_none_or(|chosen| *chosen == passage.document_id)
        };
        passages.into_iter().filter(stands).collect()
    }
}

/// A document of a group, with its passages.
struct Candidate<'a> {
    document: &'a DocumentId,
    passages: Vec<&'a Passage>,
}

impl Candidate<'_> {
    fn best(&self) -> f32 {
        self.passages.iter().map(|passage| passage.score).fold(f32::MIN, f32::max)
    }

    /// How many of `asked` its best passage for them holds.
    fn holds(&self, asked: &BTreeSet<String>) -> usize {
        let held = |passage: &&Passage| {
            let text = format!("{} {}", passage.title, passage.text);
            let held: BTreeSet<String> = terms(&text).into_iter().chain(numbers(&text)).collect();
            asked.intersection(&held).count()
        };
        self.passages.iter().map(held).max().unwrap_or_default()
    }

    fn modified_at(&self) -> Option<jiff::Timestamp> {
        self.passages.iter().find_map(|passage| passage.modified_at)
    }
}

/// Which of a group's documents, the best ranked first, stands for it.
fn standing<'a>(candidates: &[Candidate<'a>], asked: &BTreeSet<String>) -> Option<&'a DocumentId> {
    let highest = |of: &[&Candidate<'a>]| of.iter().map(|candidate| candidate.best()).fold(f32::MIN, f32::max);
    let top = highest(&candidates.iter().collect::<Vec<_>>());
    let close: Vec<_> = candidates.iter().filter(|candidate| candidate.best() >= top * CLOSE).collect();
    let most = close.iter().map(|candidate| candidate.holds(asked)).max()?;
    let holding: Vec<_> = close.into_iter().filter(|candidate| candidate.holds(asked) == most).collect();
    let best = highest(&holding);
    let alike = holding.into_iter().filter(|candidate| candidate.best() >= best * ALIKE);
    alike.rev().max_by_key(|candidate| candidate.modified_at()).map(|candidate| candidate.document)
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{ChunkId, Span, VersionHash};

    /// A passage of document `n`, last changed at second `modified`.
    fn passage(n: u128, near_group: Option<i64>, modified: Option<i64>, text: &str) -> Passage {
        Passage {
            chunk_id: ChunkId(1),
            document_id: DocumentId::new(ulid::Ulid::from_parts(1, n)),
            version: VersionHash::of(text),
            title: "Travel".into(),
            uri: String::new(),
            context: String::new(),
            span: Span { start: 0, end: 1 },
            page: None,
            text: text.into(),
            score: 0.0,
            access: None,
            also_in: Vec::new(),
            near_group,
            modified_at: modified.and_then(|second| jiff::Timestamp::from_second(second).ok()),
        }
    }

    fn kept(question: &str, passages: Vec<Passage>) -> Vec<String> {
        Chosen::default().one_per_group(question, passages).into_iter().map(|passage| passage.text).collect()
    }

    #[test]
    fn the_newest_of_a_group_stands_for_it_with_all_its_passages() {
        let passages = vec![
            passage(1, Some(7), Some(10), "old a"),
            passage(2, Some(7), Some(20), "new a"),
            passage(3, Some(8), None, "other"),
            passage(1, Some(7), Some(10), "old b"),
            passage(2, Some(7), Some(20), "new b"),
            passage(4, None, None, "short"),
            passage(5, None, None, "short too"),
        ];
        assert_eq!(kept("a?", passages), ["new a", "other", "new b", "short", "short too"]);
    }

    #[test]
    fn without_dates_the_best_ranked_stands() {
        assert_eq!(
            kept("a?", vec![passage(1, Some(7), None, "first"), passage(2, Some(7), None, "second")]),
            ["first"]
        );
        let dated = vec![passage(1, Some(7), None, "undated"), passage(2, Some(7), Some(1), "dated")];
        assert_eq!(kept("a?", dated), ["dated"]);
    }

    #[test]
    fn a_number_in_the_question_finds_the_document_that_holds_it() {
        let invoices =
            || vec![passage(1, Some(7), Some(10), "invoice 4711"), passage(2, Some(7), Some(20), "invoice 4712")];
        assert_eq!(kept("who paid invoice 4711?", invoices()), ["invoice 4711"]);
        assert_eq!(kept("who paid the invoice?", invoices()), ["invoice 4712"]);
    }

    #[test]
    fn the_one_that_is_asked_for_stands_before_a_newer_one_of_the_same_form() {
        let ann = passage(1, Some(7), Some(10), "the contract of ann ends in may");
        let bob = passage(2, Some(7), Some(20), "the contract of bob ends in june");
        assert_eq!(kept("when does ann's contract end?", vec![bob.clone(), ann.clone()]), [ann.text.as_str()]);
        let (first, second) = (Passage { score: 1.0, ..ann.clone() }, Passage { score: 0.9, ..bob });
        assert_eq!(kept("when does the contract end?", vec![first, second]), [ann.text.as_str()]);
    }

    #[test]
    fn what_was_chosen_first_stays_chosen() {
        let mut chosen = Chosen::default();
        chosen.one_per_group("a?", vec![passage(1, Some(7), Some(10), "first")]);
        assert!(chosen.one_per_group("a?", vec![passage(2, Some(7), Some(20), "later")]).is_empty());
    }
}
