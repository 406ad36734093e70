//! One page of a crawl: asked for, or known to be unchanged, and what it becomes.

use domain::{Change, EngineError, EngineResult, RawDocument};
use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};
use reqwest::header::LOCATION;
use url::Url;

use super::{
    address,
    crawl::{Alias, Crawl},
    frontier::Visit,
    memory::{Remembered, Verdict},
    page::{self, Page},
};
use crate::http::{Response, shown};

/// After so many failures in a row the site is taken to be down.
const MOST_FAILURES: usize = 5;
const MOST_REDIRECTS: usize = 10;

impl Crawl<'_> {
    pub(super) async fn visit(&mut self, visit: Visit) -> EngineResult<()> {
        let gate = self.hosts.gate(&visit.url).await?;
        if !gate.allows(&visit.url) {
            if visit.is_start {
                let message =
                    "robots.txt of its host forbids it; ask its owner to allow `footnote`, or start elsewhere";
                return Err(EngineError::give_up(format!("read {}: {message}", shown(&visit.url))));
            }
            self.gone(&visit.url);
            return Ok(());
        }
        let held = self.remembered.get(visit.url.as_str()).filter(|page| self.is_held(&visit.url, page));
        if let Some(held) = held.as_ref().filter(|page| self.sitemap_revision(&visit).as_ref() == Some(&page.revision))
        {
            self.unchanged(&visit, held.clone());
            return Ok(());
        }
        self.requests += 1;
        let mut request = self.request(&visit.url).stay().limit(self.web.config.max_page_bytes);
        if let Some(page) = &held {
            request = request.unless(&page.state);
        }
        let response = match gate.http.send(&request).await {
            Ok(response) => response,
            Err(error) => return self.out_of_reach(&visit, error),
        };
        self.failures_in_row = 0;
        self.bytes += response.body.len() as u64;
        match (response.status.as_u16(), held) {
            (304, Some(page)) => self.unchanged(&visit, page),
            (301 | 302 | 303 | 307 | 308, _) => self.redirected(&visit, &response)?,
            (404 | 410, _) if !visit.is_start => self.gone(&visit.url),
            _ => match response.ok() {
                Ok(response) => self.read(&visit, response),
                Err(error) => return self.out_of_reach(&visit, error),
            },
        }
        Ok(())
    }

    /// Whether the store holds just what is remembered of the page.
    fn is_held(&self, url: &Url, page: &Remembered) -> bool {
        page.verdict != Verdict::Document || self.since.holds(url.as_str(), &page.revision)
    }

    /// The time of change by the sitemap, once it is long enough ago to stand for one state only.
    fn sitemap_revision(&self, visit: &Visit) -> Option<String> {
        let lastmod = visit.lastmod.as_ref().filter(|_| self.web.config.trust_sitemap_times)?;
        let settled = match lastmod.parse::<Timestamp>() {
            Ok(time) => time + SignedDuration::from_mins(1),
            Err(_) => {
                lastmod.parse::<Date>().ok()?.to_zoned(TimeZone::UTC).ok()?.timestamp() + SignedDuration::from_hours(48)
            }
        };
        (settled <= self.started).then(|| format!("sitemap {lastmod}"))
    }

    /// A page that could not be read this time. Never a deletion.
    fn out_of_reach(&mut self, visit: &Visit, error: EngineError) -> EngineResult<()> {
        self.failures_in_row += usize::from(error.retryable);
        // Whatever it links to was not seen.
        self.is_complete = false;
        if visit.is_start || error.retry_after.is_some() || self.failures_in_row >= MOST_FAILURES {
            return Err(error);
        }
        self.fail(&visit.url, error.message);
        Ok(())
    }

    fn redirected(&mut self, visit: &Visit, response: &Response) -> EngineResult<()> {
        let target = response.header(LOCATION).and_then(|target| visit.url.join(target).ok());
        let target = target.map(|target| address::canonical(target, &self.web.config.ignore_parameters));
        match target {
            Some(target) if target == visit.url || visit.hops == MOST_REDIRECTS => {
                self.fail(&visit.url, "it redirects to itself".into());
            }
            Some(target) if self.web.scope.holds(&target) => {
                self.stand_for(visit, target.clone(), true);
                self.frontier.give(Visit { url: target, hops: visit.hops + 1, lastmod: None, ..visit.clone() });
            }
            Some(target) if visit.is_start => {
                return Err(EngineError::give_up(format!(
                    "read {}: it redirects to {}, which `allow` keeps out; start there, or allow it",
                    shown(&visit.url),
                    shown(&target)
                )));
            }
            _ => self.gone(&visit.url),
        }
        Ok(())
    }

    fn read(&mut self, visit: &Visit, mut response: Response) {
        let page = match page::read(&visit.url, &mut response) {
            Ok(page) => page,
            Err(reason) => return self.fail(&visit.url, reason),
        };
        let Page { signals, file_name, bytes } = page;
        let ignored = &self.web.config.ignore_parameters;
        let spelled = |url: Url| address::canonical(url, ignored);
        let verdict = match signals.canonical.map(spelled).filter(|canonical| *canonical != visit.url) {
            _ if signals.wishes.no_index => Verdict::Hidden,
            Some(canonical) => Verdict::Alias(canonical),
            None => Verdict::Document,
        };
        let mut links: Vec<Url> = signals.links.into_iter().map(spelled).collect();
        links.retain(|link| matches!(link.scheme(), "http" | "https"));
        let state = response.revision((self.web.clock.now)());
        let revision = self.sitemap_revision(visit).or_else(|| state.clone());
        if let (Some(revision), Some(state)) = (&revision, state) {
            let (revision, verdict, links) = (revision.clone(), verdict.clone(), links.clone());
            self.memory.put(visit.url.as_str(), Remembered { revision, state, verdict, links });
        }
        if self.is_document(visit, &verdict) {
            let external_id = visit.url.as_str().to_owned();
            let readers = self.web.readers.clone();
            self.changes.push(match &revision {
                Some(revision) if self.since.holds(&external_id, revision) => {
                    Change::Unchanged { external_id, readers }
                }
                _ => Change::Upsert(RawDocument {
                    uri: external_id.clone(),
                    external_id,
                    title: None,
                    file_name,
                    bytes,
                    readers,
                    modified_at: response.modified_at(),
                    revision,
                }),
            });
        }
        self.follow(visit, links);
    }

    fn unchanged(&mut self, visit: &Visit, page: Remembered) {
        if self.is_document(visit, &page.verdict) {
            let external_id = visit.url.as_str().to_owned();
            self.changes.push(Change::Unchanged { external_id, readers: self.web.readers.clone() });
        }
        self.follow(visit, page.links.clone());
        self.memory.put(visit.url.as_str(), page);
    }

    /// Whether the page counts as a document; if so, it is listed, and if not, what stands for it is visited.
    fn is_document(&mut self, visit: &Visit, verdict: &Verdict) -> bool {
        match verdict {
            Verdict::Hidden => self.gone(&visit.url),
            // A page that others point to stands for itself, or two that point to each other would both be lost.
            Verdict::Alias(canonical) if self.web.scope.holds(canonical) && !self.targets.contains(&visit.url) => {
                self.stand_for(visit, canonical.clone(), false);
                self.frontier.give(Visit { url: canonical.clone(), lastmod: None, is_start: false, ..visit.clone() });
            }
            _ => {
                self.documents.insert(visit.url.as_str().to_owned());
                self.listing.insert(visit.url.as_str().to_owned());
                return true;
            }
        }
        false
    }

    /// Notes that `target` stands for the page; what that means for it shows at the end.
    fn stand_for(&mut self, visit: &Visit, target: Url, is_redirect: bool) {
        self.targets.insert(target.clone());
        self.aliases.insert(visit.url.clone(), Alias { target, is_redirect });
    }
}
