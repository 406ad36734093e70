//! The pages that sitemaps name.

use std::collections::HashSet;

use domain::{EngineError, EngineResult};
use url::Url;

use super::{
    address,
    crawl::Crawl,
    frontier::Visit,
    sitemap::{self, Sitemap},
};
use crate::http::{Response, shown};

const MOST_SITEMAPS: usize = 2_000;

impl Crawl<'_> {
    /// Those of the settings must be there; what they and `robots.txt` name is reported when it is not.
    pub(super) async fn read_sitemaps(&mut self) -> EngineResult<()> {
        let mut queue: Vec<(Url, bool)> = self.web.sitemaps.iter().map(|url| (url.clone(), true)).collect();
        for url in self.web.start.iter().chain(&self.web.sitemaps) {
            let gate = self.hosts.gate(url).await?;
            if let Some(reason) = &gate.withheld
                && let Ok(robots) = url.join("/robots.txt")
            {
                self.is_complete = false;
                self.fail(&robots, reason.clone());
            }
            queue.extend(gate.sitemaps().iter().map(|url| (url.clone(), false)));
        }
        queue.reverse();
        let mut seen = HashSet::new();
        while let Some((url, must_be_there)) = queue.pop() {
            if seen.len() == MOST_SITEMAPS || !seen.insert(url.clone()) {
                continue;
            }
            if let Some(limit) = self.limit() {
                self.is_complete = false;
                self.fail(&url, format!("the sync came to its limit, {limit}, while it read sitemaps"));
                break;
            }
            let read = self.read_sitemap(&url).await;
            let read = read.map(|(sitemap, bytes)| {
                self.bytes += bytes as u64;
                sitemap
            });
            match read {
                Ok(Sitemap::Index(urls)) => queue.extend(urls.into_iter().rev().map(|url| (url, false))),
                Ok(Sitemap::Pages(entries)) => {
                    for entry in entries {
                        let url = address::canonical(entry.url, &self.web.config.ignore_parameters);
                        if self.web.scope.holds(&url) {
                            let visit = Visit { lastmod: entry.lastmod, ..Visit::given(url.clone()) };
                            let taken = self.frontier.take(visit, &self.web.config);
                            self.note(&url, taken);
                        }
                    }
                }
                Err(error) if must_be_there || error.retry_after.is_some() => return Err(error),
                Err(error) => {
                    self.is_complete = false;
                    self.fail(&url, error.message);
                }
            }
        }
        Ok(())
    }

    async fn read_sitemap(&self, url: &Url) -> EngineResult<(Sitemap, usize)> {
        let gate = self.hosts.gate(url).await?;
        let request = self.request(url).limit(sitemap::MOST_BYTES);
        let read = |response: Response| {
            let response = response.ok()?;
            sitemap::read(&response.body)
                .map(|sitemap| (sitemap, response.body.len()))
                .map_err(|reason| EngineError::retry(format!("read the sitemap {}: {reason}", shown(url))))
        };
        gate.http.attempt(&request, read).await
    }
}
