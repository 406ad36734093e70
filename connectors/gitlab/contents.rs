//! Everything of one project, in order: its readers, issues, merge requests, wiki, files.

use std::collections::HashSet;

use async_stream::try_stream;
use domain::{Change, EngineResult, Since};
use futures::{Stream, StreamExt};

use super::{
    GitlabConnector,
    access::{Access, Emails},
    items::Item,
    projects::{Part, Project},
};
use crate::{
    forge::{self, Readers, Seen, seen_by_git},
    git::{Auth, Mirror, Remote, Tree, Wanted, encoded},
    pages::Pages,
};

impl GitlabConnector {
    pub(super) fn project<'a>(
        &'a self,
        project: &'a Project,
        since: &'a Since,
        seen: &'a mut Seen,
        emails: &'a mut Emails,
    ) -> impl Stream<Item = EngineResult<Change>> + Send + 'a {
        try_stream! {
            let mut access = self.access(project, emails).await?;
            for members in std::mem::take(&mut access.members) {
                yield members;
            }
            for part in [Part::Issues, Part::MergeRequests, Part::Wiki, Part::Files] {
                if !self.wants(part) || !project.has(part) {
                    continue;
                }
                let mut changes = match part {
                    Part::Issues | Part::MergeRequests => self.items(project, part, since, &access, seen).boxed(),
                    Part::Wiki | Part::Files => self.files(project, part, since, &access, seen).boxed(),
                };
                while let Some(change) = changes.next().await {
                    yield change?;
                }
            }
        }
    }

    /// Where pages are counted, an item that is deleted meanwhile moves others across their borders: when something
    /// we hold is not found, the listing is read once more.
    fn items<'a>(
        &'a self,
        project: &'a Project,
        part: Part,
        since: &'a Since,
        access: &'a Access,
        seen: &'a mut Seen,
    ) -> impl Stream<Item = EngineResult<Change>> + Send + 'a {
        try_stream! {
            let prefix = format!("{}/{}/", project.id, part.name());
            let mut missing: HashSet<&String> = since.ids().filter(|id| id.starts_with(&prefix)).collect();
            let mut found = HashSet::new();
            for pass in 0..2 {
                if pass == 1 && missing.is_empty() {
                    break;
                }
                let (mut pages, mut next) = (Pages::default(), Some(self.items_url(project, part)));
                while let Some(url) = next.take() {
                    pages.next("GitLab", url.as_str())?;
                    let (items, after) = match self.client.page::<Item>(url).await {
                        Ok(page) => page,
                        Err(error) => {
                            // Which issues are confidential is not known as long as they cannot be listed.
                            let unknown: Readers = Err("it cannot be listed".into());
                            let readers = if part == Part::Issues { &unknown } else { access.to(project, part) };
                            let broken = part_of(project, part, readers);
                            for change in seen.broken(&broken, error, missing.drain().cloned())? {
                                yield change;
                            }
                            break;
                        }
                    };
                    for item in items {
                        let external_id = item.external_id(&prefix);
                        if !found.insert(external_id.clone()) {
                            continue;
                        }
                        missing.remove(&external_id);
                        seen.listing.push(external_id.clone());
                        let readers =
                            if item.is_confidential() { access.to_confidential() } else { access.to(project, part) };
                        yield self.item(project, part, item, external_id, readers, since).await?;
                    }
                    next = after;
                }
            }
        }
    }

    /// A wiki is a repository of its own beside the project's: <https://docs.gitlab.com/user/project/wiki/>.
    fn files<'a>(
        &'a self,
        project: &'a Project,
        part: Part,
        since: &'a Since,
        access: &'a Access,
        seen: &'a mut Seen,
    ) -> impl Stream<Item = EngineResult<Change>> + Send + 'a {
        try_stream! {
            let prefix = format!("{}/{}/", project.id, part.name());
            let wanted: &Wanted = if part == Part::Wiki { &self.pages } else { &self.wanted };
            let found = self.mirror(project, part, &prefix, since).await;
            let web = |path: &str| self.address(project, part, path);
            let about = part_of(project, part, access.to(project, part));
            let mut changes = forge::files(found, about, (&prefix, &web), wanted, since, seen).boxed();
            while let Some(change) = changes.next().await {
                yield change?;
            }
        }
    }

    /// The mirror and what it holds. A repository without a commit does not exist for git; nor does what the token may
    /// not see, so if something of it is held that is an error.
    async fn mirror(
        &self,
        project: &Project,
        part: Part,
        prefix: &str,
        since: &Since,
    ) -> EngineResult<Option<(Mirror, Tree)>> {
        let end = if part == Part::Wiki { ".wiki.git" } else { ".git" };
        let url = self.client.web(&format!("{}{end}", encoded(&project.path_with_namespace)));
        let remote = Remote::new(url.as_str(), Auth::Password("oauth2".into(), self.client.token().clone()))?;
        let dir = self.work_dir.join("git").join(project.id.to_string()).join(part.name());
        let mirror = Mirror::new(remote, None, dir, self.guard.clone(), self.limits())?;
        let tree = mirror.fetch().await?;
        seen_by_git(mirror, tree, prefix, since)
    }

    fn address(&self, project: &Project, part: Part, path: &str) -> String {
        let name = encoded(&project.path_with_namespace);
        if part == Part::Wiki {
            let page = path.rsplit_once('.').map_or(path, |(stem, _)| stem);
            return self.client.web(&format!("{name}/-/wikis/{}", encoded(page))).into();
        }
        let branch = encoded(project.default_branch.as_deref().unwrap_or("HEAD"));
        self.client.web(&format!("{name}/-/blob/{branch}/{}", encoded(path))).into()
    }
}

fn part_of<'a>(project: &Project, part: Part, readers: &'a Readers) -> forge::Part<'a> {
    let (name, path) = (part.name(), &project.path_with_namespace);
    forge::Part { id: format!("{name} of {}", project.id), title: format!("{name} of {path}"), readers }
}
