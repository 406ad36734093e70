//! Golden questions: what is asked, by whom, and what a right answer holds.

use std::path::Path;

use anyhow::Result;
use serde::{Deserialize, Serialize};

use crate::beir::read_lines;

/// What a right system does with a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// One document answers it.
    Answerable,
    /// Several documents are needed.
    Multi,
    /// Nothing answers it: refuse.
    Unanswerable,
    /// Only documents hidden from the asker answer it: refuse, and show none of them.
    Restricted,
}

impl Kind {
    pub fn is_answerable(self) -> bool {
        matches!(self, Kind::Answerable | Kind::Multi)
    }
}

/// One line of a suite.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Golden {
    pub id: String,
    pub question: String,
    pub kind: Kind,
    /// Groups the asker is in.
    #[serde(default)]
    pub groups: Vec<String>,
    /// Paths of the documents that answer it (for `restricted`: that must not be shown).
    #[serde(default)]
    pub documents: Vec<String>,
    /// Further documents that are right to cite.
    #[serde(default)]
    pub any_documents: Vec<String>,
    /// What the answer must hold, apart from case and white space.
    #[serde(default)]
    pub phrases: Vec<Phrase>,
    /// `train` or `test`: settings are tuned on the one and reported on the other.
    #[serde(default)]
    pub split: String,
    #[serde(default)]
    pub note: Option<String>,
}

/// A phrase, or several of which one is enough.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Phrase {
    One(String),
    AnyOf(Vec<String>),
}

impl Phrase {
    pub fn is_in(&self, answer: &str) -> bool {
        let answer = plain(answer);
        match self {
            Phrase::One(phrase) => answer.contains(&plain(phrase)),
            Phrase::AnyOf(phrases) => phrases.iter().any(|phrase| answer.contains(&plain(phrase))),
        }
    }
}

/// A suite is one JSON object per line.
pub fn read_suite(path: &Path) -> Result<Vec<Golden>> {
    read_lines(path)
}

fn plain(text: &str) -> String {
    text.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ")
}
