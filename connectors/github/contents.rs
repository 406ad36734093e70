//! Everything of one repository, in order: its readers, issues and pull requests, wiki, files.

use std::collections::HashSet;

use async_stream::try_stream;
use domain::{Change, EngineResult, Since};
use futures::{Stream, StreamExt};

use super::{
    GithubConnector,
    access::{Access, Emails},
    etags,
    repositories::Repository,
};
use crate::{
    forge::{self, Part, Readers, Seen, seen_by_git},
    git::{Auth, Mirror, Remote, Tree, Wanted, encoded},
    pages::Pages,
};

impl GithubConnector {
    pub(super) fn repository<'a>(
        &'a self,
        repository: &'a Repository,
        since: &'a Since,
        seen: &'a mut Seen,
        emails: &'a mut Emails,
    ) -> impl Stream<Item = EngineResult<Change>> + Send + 'a {
        try_stream! {
            let Access { readers, members } = self.access(repository, emails).await?;
            if let Some(members) = members {
                yield members;
            }
            if self.config.issues || self.config.pull_requests {
                let mut changes = self.issues(repository, since, &readers, seen).boxed();
                while let Some(change) = changes.next().await {
                    yield change?;
                }
            }
            if self.config.wiki && repository.has_wiki {
                let mut changes = self.files(repository, "wiki", since, &readers, seen).boxed();
                while let Some(change) = changes.next().await {
                    yield change?;
                }
            }
            if self.config.files {
                let mut changes = self.files(repository, "files", since, &readers, seen).boxed();
                while let Some(change) = changes.next().await {
                    yield change?;
                }
            }
        }
    }

    /// Pages are counted, so an issue that is deleted meanwhile moves others across their borders: when something we
    /// hold is not found, the listing is read once more.
    fn issues<'a>(
        &'a self,
        repository: &'a Repository,
        since: &'a Since,
        readers: &'a Readers,
        seen: &'a mut Seen,
    ) -> impl Stream<Item = EngineResult<Change>> + Send + 'a {
        try_stream! {
            let prefix = format!("{}/", repository.node_id);
            let is_issue = |id: &&String| {
                id.strip_prefix(&prefix).is_some_and(|id| !id.starts_with("wiki/") && !id.starts_with("files/"))
            };
            let mut missing: HashSet<&String> = since.ids().filter(is_issue).collect();
            let mut found = HashSet::new();
            let mut edited = None;
            for pass in 0..2 {
                if pass == 1 && missing.is_empty() {
                    break;
                }
                let (mut pages, mut next) = (Pages::default(), Some(self.issues_url(repository)));
                while let Some(url) = next.take() {
                    pages.next("GitHub's issues", url.as_str())?;
                    let page = match etags::page(&self.client, &self.work_dir, url).await {
                        Ok(page) => page,
                        Err(error) => {
                            let part = part(repository, "issues", readers);
                            for change in seen.broken(&part, error, missing.drain().cloned())? {
                                yield change;
                            }
                            break;
                        }
                    };
                    if edited.is_none() {
                        edited = Some(self.edited(repository, since.cursor.as_ref()).await?);
                    }
                    for (listed, issue) in page.items {
                        let external_id = format!("{prefix}{}", listed.node_id);
                        if !self.wants(&listed) || !found.insert(external_id.clone()) {
                            continue;
                        }
                        missing.remove(&external_id);
                        let is_edited = edited.as_ref().is_some_and(|edited| edited.contains(&listed.number));
                        let held = (!is_edited).then_some(since);
                        yield self.issue(repository, &listed, issue, readers, held).await?;
                        seen.listing.push(external_id);
                    }
                    next = page.next;
                }
            }
        }
    }

    /// A wiki is a repository of its own beside the one it belongs to:
    /// <https://docs.github.com/en/communities/documenting-your-project-with-wikis/adding-or-editing-wiki-pages>.
    fn files<'a>(
        &'a self,
        repository: &'a Repository,
        name: &'static str,
        since: &'a Since,
        readers: &'a Readers,
        seen: &'a mut Seen,
    ) -> impl Stream<Item = EngineResult<Change>> + Send + 'a {
        try_stream! {
            let is_wiki = name == "wiki";
            let prefix = format!("{}/{name}/", repository.node_id);
            let wanted: &Wanted = if is_wiki { &self.pages } else { &self.wanted };
            let found = self.mirror(repository, name, &prefix, since).await;
            let web = |path: &str| self.address(repository, is_wiki, path);
            let part = part(repository, name, readers);
            let mut changes = forge::files(found, part, (&prefix, &web), wanted, since, seen).boxed();
            while let Some(change) = changes.next().await {
                yield change?;
            }
        }
    }

    /// The mirror and what it holds. A repository without a commit and a wiki without a page do not exist for git;
    /// nor does what the token may not see, so if something of it is held that is an error.
    async fn mirror(
        &self,
        repository: &Repository,
        part: &str,
        prefix: &str,
        since: &Since,
    ) -> EngineResult<Option<(Mirror, Tree)>> {
        let end = if part == "wiki" { ".wiki.git" } else { ".git" };
        let url = self.client.web(&format!("{}{end}", encoded(&repository.full_name)));
        let remote = Remote::new(url.as_str(), Auth::Password("x-access-token".into(), self.client.token().await?))?;
        let dir = self.work_dir.join("git").join(repository.id.to_string()).join(part);
        let mirror = Mirror::new(remote, None, dir, self.guard.clone(), self.limits())?;
        let tree = mirror.fetch().await?;
        seen_by_git(mirror, tree, prefix, since)
    }

    fn address(&self, repository: &Repository, is_wiki: bool, path: &str) -> String {
        let name = encoded(&repository.full_name);
        if is_wiki {
            let page = path.rsplit('/').next().unwrap_or(path);
            let page = page.rsplit_once('.').map_or(page, |(stem, _)| stem);
            return self.client.web(&format!("{name}/wiki/{}", encoded(page))).into();
        }
        let branch = encoded(repository.default_branch.as_deref().unwrap_or("HEAD"));
        self.client.web(&format!("{name}/blob/{branch}/{}", encoded(path))).into()
    }
}

fn part<'a>(repository: &Repository, name: &str, readers: &'a Readers) -> Part<'a> {
    Part {
        id: format!("{name} of {}", repository.node_id),
        title: format!("{name} of {}", repository.full_name),
        readers,
    }
}
