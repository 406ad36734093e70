//! Remembers what pages linked to, so that a page that has not changed need not be sent again for its links.
//!
//! It only saves work: it may be deleted, and an entry counts only together with the revision that the store holds.

use std::{collections::HashMap, path::Path};

use serde::{Deserialize, Serialize};
use url::Url;

/// Most bytes of the file; what is bigger is forgotten.
const MOST_BYTES: u64 = 512 << 20;

/// What became of a page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Verdict {
    Document,
    /// It asks not to be indexed.
    Hidden,
    /// It says that it is the page at another address.
    Alias(Url),
}

/// A page as it was last read.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Remembered {
    /// Under which the document was reported.
    pub(super) revision: String,
    /// As [`Response::revision`](crate::http::Response::revision) names it.
    pub(super) state: String,
    pub(super) verdict: Verdict,
    pub(super) links: Vec<Url>,
}

/// Pages by address; each address is kept once.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Memory {
    addresses: Vec<String>,
    pages: HashMap<usize, Entry>,
    #[serde(skip)]
    numbers: HashMap<String, usize>,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    revision: String,
    state: String,
    verdict: Verdict,
    links: Vec<usize>,
}

impl Memory {
    pub(super) fn get(&self, address: &str) -> Option<Remembered> {
        let Entry { revision, state, verdict, links } = self.pages.get(self.numbers.get(address)?)?;
        let links = links.iter().filter_map(|number| self.addresses.get(*number)?.parse().ok()).collect();
        Some(Remembered { revision: revision.clone(), state: state.clone(), verdict: verdict.clone(), links })
    }

    pub(super) fn put(&mut self, address: &str, page: Remembered) {
        let Remembered { revision, state, verdict, links } = page;
        let links = links.iter().map(|link| self.number(link.as_str())).collect();
        let number = self.number(address);
        self.pages.insert(number, Entry { revision, state, verdict, links });
    }

    fn number(&mut self, address: &str) -> usize {
        if let Some(number) = self.numbers.get(address) {
            return *number;
        }
        self.addresses.push(address.to_owned());
        self.numbers.insert(address.to_owned(), self.addresses.len() - 1);
        self.addresses.len() - 1
    }

    /// What is in the file; nothing where there is none, or none that can be read.
    pub(super) async fn load(path: &Path) -> Self {
        let is_small = tokio::fs::metadata(path).await.is_ok_and(|file| file.len() <= MOST_BYTES);
        let bytes = if is_small { tokio::fs::read(path).await.unwrap_or_default() } else { Vec::new() };
        let mut memory: Self = serde_json::from_slice(&bytes).unwrap_or_default();
        memory.numbers =
            memory.addresses.iter().enumerate().map(|(number, address)| (address.clone(), number)).collect();
        memory
    }

    /// Replaces the file as a whole. `unique`: a name no other sync writes under.
    pub(super) async fn save(&self, path: &Path, unique: &str) -> std::io::Result<()> {
        if let Some(folder) = path.parent() {
            tokio::fs::create_dir_all(folder).await?;
        }
        let draft = path.with_extension(unique);
        tokio::fs::write(&draft, serde_json::to_vec(self)?).await?;
        tokio::fs::rename(&draft, path).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_was_put_comes_back_and_rubbish_is_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/links.json");
        assert_eq!(Memory::load(&path).await.get("http://x.org/"), None);
        let links = vec!["http://x.org/a".parse().unwrap(), "http://x.org/".parse().unwrap()];
        let verdict = Verdict::Alias("http://x.org/b".parse().unwrap());
        let page = Remembered { revision: "1".into(), state: "\"1\"".into(), verdict, links };
        let mut memory = Memory::default();
        memory.put("http://x.org/", page.clone());
        memory.save(&path, "one").await.unwrap();
        let again = Memory::load(&path).await;
        assert_eq!((again.get("http://x.org/"), again.get("http://x.org/a")), (Some(page), None));
        tokio::fs::write(&path, "{").await.unwrap();
        assert_eq!(Memory::load(&path).await.get("http://x.org/"), None);
    }
}
