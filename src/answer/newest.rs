//! Prefers the newest of documents that differ only by the year in their title, unless the question names a year.

use std::collections::BTreeMap;

use domain::{Passage, numbers};

/// What is left of an outdated passage's score.
const OUTDATED: f32 = 0.5;

/// Lowers passages of older editions where a newer one was found too, and orders by score again.
/// A title without a year is the current edition.
pub fn prefer_newest(question: &str, mut passages: Vec<Passage>) -> Vec<Passage> {
    if numbers(question).iter().any(|number| year(number).is_some()) {
        return passages;
    }
    let mut newest: BTreeMap<String, u32> = BTreeMap::new();
    for passage in &passages {
        let (name, year) = edition(&passage.title);
        let known = newest.entry(name).or_default();
        *known = (*known).max(year);
    }
    for passage in &mut passages {
        let (name, year) = edition(&passage.title);
        if newest.get(&name).is_some_and(|newest| year < *newest) {
            passage.score *= OUTDATED;
        }
    }
    passages.sort_by(|a, b| b.score.total_cmp(&a.score));
    passages
}

/// A title without its year, and the year.
fn edition(title: &str) -> (String, u32) {
    let words: Vec<&str> = title.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let name: Vec<String> = words.iter().filter(|word| year(word).is_none()).map(|word| word.to_lowercase()).collect();
    (name.join(" "), words.iter().filter_map(|word| year(word)).max().unwrap_or(u32::MAX))
}

fn year(word: &str) -> Option<u32> {
    word.parse().ok().filter(|year| word.len() == 4 && (1950..2100).contains(year))
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{ChunkId, DocumentId, Span, VersionHash};

    fn passage(title: &str, score: f32) -> Passage {
        Passage {
            chunk_id: ChunkId(1),
            document_id: DocumentId::new(ulid::Ulid::from_parts(1, 1)),
            version: VersionHash::of(title),
            title: title.into(),
            uri: String::new(),
            context: String::new(),
            span: Span { start: 0, end: 1 },
            page: None,
            text: "x".into(),
            score,
            access: None,
            also_in: Vec::new(),
            near_group: None,
            modified_at: None,
        }
    }

    fn order(question: &str, titles: &[&str]) -> Vec<String> {
        let passages = titles.iter().enumerate().map(|(n, title)| passage(title, 1.0 - n as f32 / 10.0)).collect();
        prefer_newest(question, passages).into_iter().map(|passage| passage.title).collect()
    }

    #[test]
    fn a_newer_edition_comes_first() {
        assert_eq!(order("hotel limit", &["Travel policy 2023", "Travel policy 2025"])[0], "Travel policy 2025");
        assert_eq!(order("days of leave", &["Leave policy (2023)", "Leave policy"])[0], "Leave policy");
    }

    #[test]
    fn a_year_in_the_question_and_a_lone_old_document_change_nothing() {
        let titles = ["Travel policy 2023", "Travel policy 2025"];
        assert_eq!(order("hotel limit in 2023", &titles), titles);
        let titles = ["Travel policy 2023", "Expenses 2025"];
        assert_eq!(order("hotel limit", &titles), titles);
    }
}
