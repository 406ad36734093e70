//! One sync of a web source: the walk over its pages, its limits, and what it may conclude at its end.

use std::collections::{BTreeSet, HashMap, HashSet};

use async_stream::try_stream;
use domain::{Batch, Change, EngineError, EngineResult, Since};
use futures::stream::BoxStream;
use jiff::{SignedDuration, Timestamp};
use url::Url;

use super::{
    WebConnector,
    frontier::{Frontier, Taken, Visit},
    memory::Memory,
};
use crate::{
    Secret,
    gather::Gather,
    http::{Request, shown},
    robots::Hosts,
};

/// How many pages may stand for each other in a row.
const MOST_STEPS: usize = 10;

pub(super) fn changes(web: &WebConnector, since: Since) -> BoxStream<'_, EngineResult<Batch>> {
    Box::pin(try_stream! {
        let mut crawl = Crawl::begin(web, since).await?;
        let mut gather = Gather::default();
        let mut listing = None;
        let mut is_over = false;
        while !is_over {
            match crawl.next() {
                Some(visit) => crawl.visit(visit).await?,
                None => {
                    listing = crawl.end().await?;
                    is_over = true;
                }
            }
            for change in std::mem::take(&mut crawl.changes) {
                gather.push(change);
                if gather.is_full() {
                    let total = crawl.requests + crawl.frontier.len();
                    yield gather.take(None, Some(total as u64));
                }
            }
        }
        yield gather.last(None, listing);
    })
}

pub(super) struct Crawl<'a> {
    pub(super) web: &'a WebConnector,
    pub(super) since: Since,
    pub(super) hosts: Hosts,
    pub(super) frontier: Frontier,
    pub(super) remembered: Memory,
    pub(super) memory: Memory,
    pub(super) changes: Vec<Change>,
    /// Everything that exists.
    pub(super) listing: BTreeSet<String>,
    /// Those of it that are documents.
    pub(super) documents: BTreeSet<String>,
    /// Pages that another stands for.
    pub(super) aliases: HashMap<Url, Alias>,
    /// Pages that stand for others.
    pub(super) targets: HashSet<Url>,
    /// Whether every page that links lead to was seen. If not, what was not seen may still exist.
    pub(super) is_complete: bool,
    pub(super) is_rechecked: bool,
    pub(super) started: Timestamp,
    pub(super) requests: usize,
    pub(super) bytes: u64,
    pub(super) failures_in_row: usize,
}

/// The page that stands for another, by a redirect or by its own account.
pub(super) struct Alias {
    pub(super) target: Url,
    pub(super) is_redirect: bool,
}

impl<'a> Crawl<'a> {
    async fn begin(web: &'a WebConnector, since: Since) -> EngineResult<Self> {
        let mut crawl = Self {
            web,
            since,
            hosts: Hosts::new(web.http.clone(), web.config.requests_per_second),
            frontier: Frontier::default(),
            remembered: Memory::load(&web.memory).await,
            memory: Memory::default(),
            changes: Vec::new(),
            listing: BTreeSet::new(),
            documents: BTreeSet::new(),
            aliases: HashMap::new(),
            targets: HashSet::new(),
            is_complete: true,
            is_rechecked: false,
            started: (web.clock.now)(),
            requests: 0,
            bytes: 0,
            failures_in_row: 0,
        };
        for url in &web.start {
            crawl.frontier.give(Visit { is_start: true, ..Visit::given(url.clone()) });
        }
        crawl.read_sitemaps().await?;
        Ok(crawl)
    }

    pub(super) fn request(&self, url: &Url) -> Request {
        let request = Request::get(url.clone());
        let config = &self.web.config;
        match &config.user {
            Some(user) if self.is_given_host(url) => {
                request.basic(user, config.password.as_ref().unwrap_or(&Secret::from("")))
            }
            _ => request,
        }
    }

    /// Credentials are for the hosts that a person named, by the scheme they were named with.
    fn is_given_host(&self, url: &Url) -> bool {
        self.web.start.iter().chain(&self.web.sitemaps).any(|given| given.origin() == url.origin())
    }

    /// The next page to visit. Where the walk had gaps, the pages that the store holds and the walk has not met are
    /// visited as well, so that those that are gone are still noticed.
    fn next(&mut self) -> Option<Visit> {
        let config = &self.web.config;
        let visit = match self.frontier.next() {
            Some(visit) => visit,
            None if self.is_complete || self.is_rechecked => return None,
            None => {
                self.is_rechecked = true;
                let mut held: Vec<Url> = self.since.ids().filter_map(|id| id.parse().ok()).collect();
                held.sort();
                for url in held.into_iter().filter(|url| self.web.scope.holds(url)) {
                    self.frontier.give(Visit { depth: config.max_depth, ..Visit::given(url) });
                }
                self.frontier.next()?
            }
        };
        let limit = if self.requests >= config.max_pages {
            format!("`max_pages` of {}", config.max_pages)
        } else if let Some(limit) = self.limit() {
            limit
        } else {
            return Some(visit);
        };
        let waiting = self.frontier.len() + 1;
        self.is_complete = false;
        self.fail(&visit.url, format!("the sync came to its limit, {limit}, with {waiting} addresses still to visit"));
        None
    }

    /// The limit in bytes or minutes that the sync has come to.
    pub(super) fn limit(&self) -> Option<String> {
        let config = &self.web.config;
        let minutes = SignedDuration::from_mins(i64::from(config.max_minutes));
        if self.bytes >= config.max_bytes {
            return Some(format!("`max_bytes` of {}", config.max_bytes));
        }
        let is_late = (self.web.clock.now)().duration_since(self.started) >= minutes;
        is_late.then(|| format!("`max_minutes` of {}", config.max_minutes))
    }

    /// Reports the first address of those that are left out.
    pub(super) fn note(&mut self, url: &Url, taken: Taken) {
        let config = &self.web.config;
        let reason = match taken {
            Taken::Yes | Taken::No => return,
            Taken::TooMany => {
                let most = config.max_variants;
                format!("more than {most} addresses differ only in what follows the `?`; the rest is left out")
            }
            Taken::Full => {
                self.is_complete = false;
                let most = config.most_addresses();
                format!("more than {most} addresses were found, ten times `max_pages`; the rest is left out")
            }
        };
        self.fail(url, reason);
    }

    pub(super) fn follow(&mut self, visit: &Visit, links: Vec<Url>) {
        let config = &self.web.config;
        if !config.follow_links || visit.depth >= config.max_depth {
            return;
        }
        for url in links {
            if !self.web.scope.holds(&url) {
                continue;
            }
            let found = Visit { depth: visit.depth + 1, ..Visit::given(url.clone()) };
            let taken = self.frontier.find(found, config);
            self.note(&url, taken);
        }
    }

    /// There is no document at the address any more.
    pub(super) fn gone(&mut self, url: &Url) {
        if self.since.has(url.as_str()) {
            self.changes.push(Change::Delete { external_id: url.as_str().to_owned() });
        }
    }

    pub(super) fn fail(&mut self, url: &Url, reason: String) {
        let external_id = url.as_str().to_owned();
        self.listing.insert(external_id.clone());
        self.changes.push(Change::Failed { external_id, reason, readers: Some(self.web.readers.clone()) });
    }

    /// A page that another stands for is gone only if that other one was read: what cannot be reached replaces nothing.
    fn judge_aliases(&mut self) {
        let aliases = std::mem::take(&mut self.aliases);
        for (url, Alias { target, is_redirect }) in &aliases {
            let mut last = target;
            for _ in 0..MOST_STEPS {
                last = aliases.get(last).map_or(last, |next| &next.target);
            }
            let is_dead_end = *is_redirect && self.is_complete && !self.listing.contains(last.as_str());
            let is_held = self.since.has(url.as_str());
            if self.documents.contains(last.as_str()) || is_dead_end {
                self.gone(url);
            } else if is_held || !is_redirect {
                self.fail(url, format!("it leads to {}, where no page that may be indexed could be read", shown(last)));
            }
        }
    }

    /// The listing, where the walk had no gaps.
    async fn end(&mut self) -> EngineResult<Option<Vec<String>>> {
        if self.documents.is_empty() {
            let first = self.web.start.iter().chain(&self.web.sitemaps).next().map_or("the site".into(), shown);
            return Err(EngineError::retry(format!(
                "read {first}: no page that may be indexed was found; nothing is changed"
            )));
        }
        self.judge_aliases();
        if let Err(error) = self.memory.save(&self.web.memory, &(self.web.clock.ulid)().to_string()).await {
            tracing::debug!(%error, "remembering the links of web pages");
        }
        Ok(self.is_complete.then(|| std::mem::take(&mut self.listing).into_iter().collect()))
    }
}
