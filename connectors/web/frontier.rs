//! The pages still to be visited, nearest first, each once.

use std::collections::{HashMap, HashSet, VecDeque};

use url::Url;

use super::{WebConfig, address};

/// A page to visit.
#[derive(Clone, Debug)]
pub(super) struct Visit {
    pub(super) url: Url,
    /// Links from a start address or a sitemap's page.
    pub(super) depth: usize,
    /// Redirects that led here.
    pub(super) hops: usize,
    /// When it last changed, as a sitemap has it.
    pub(super) lastmod: Option<String>,
    pub(super) is_start: bool,
}

impl Visit {
    /// A page that somebody named, so that it is no trap.
    pub(super) fn given(url: Url) -> Self {
        Self { url, depth: 0, hops: 0, lastmod: None, is_start: false }
    }
}

/// Whether an address was taken up.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Taken {
    Yes,
    /// It was before, or it leads nowhere.
    No,
    /// It is the first of too many that differ only in what follows the `?`.
    TooMany,
    /// It is the first beyond [`WebConfig::most_addresses`].
    Full,
}

#[derive(Default)]
pub(super) struct Frontier {
    queue: VecDeque<Visit>,
    seen: HashSet<String>,
    variants: HashMap<String, usize>,
    is_full: bool,
}

impl Frontier {
    /// A page that the settings, a page's own account or the store names.
    pub(super) fn give(&mut self, visit: Visit) {
        if self.seen.insert(visit.url.as_str().to_owned()) {
            self.queue.push_back(visit);
        }
    }

    /// A page that a sitemap named.
    pub(super) fn take(&mut self, visit: Visit, config: &WebConfig) -> Taken {
        if self.has_seen(&visit.url) {
            return Taken::No;
        }
        if self.seen.len() >= config.most_addresses() {
            let is_first = !std::mem::replace(&mut self.is_full, true);
            return if is_first { Taken::Full } else { Taken::No };
        }
        self.give(visit);
        Taken::Yes
    }

    /// A page that another page named.
    pub(super) fn find(&mut self, visit: Visit, config: &WebConfig) -> Taken {
        if self.is_full || self.has_seen(&visit.url) || address::is_trap(&visit.url) || address::is_asset(&visit.url) {
            return Taken::No;
        }
        if visit.url.query().is_some() {
            let mut path = visit.url.clone();
            path.set_query(None);
            let count = self.variants.entry(path.into()).or_default();
            *count += 1;
            if *count > config.max_variants {
                return if *count == config.max_variants + 1 { Taken::TooMany } else { Taken::No };
            }
        }
        self.take(visit, config)
    }

    pub(super) fn has_seen(&self, url: &Url) -> bool {
        self.seen.contains(url.as_str())
    }

    pub(super) fn next(&mut self) -> Option<Visit> {
        self.queue.pop_front()
    }

    pub(super) fn len(&self) -> usize {
        self.queue.len()
    }
}
