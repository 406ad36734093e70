//! Issues and merge requests, each with its notes, as one document.
//!
//! <https://docs.gitlab.com/api/issues/#list-project-issues>, <https://docs.gitlab.com/api/merge_requests/>,
//! <https://docs.gitlab.com/api/notes/>

use domain::{Change, EngineResult, RawDocument, Since};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use url::Url;

use super::{
    GitlabConnector,
    projects::{Part, Project},
};
use crate::{
    forge::Readers,
    readers::nobody,
    thread::{Post, markdown},
};

/// Most notes of one item that are read.
const MOST_NOTES: usize = 2_000;
/// A note moves its item's `updated_at` at most once a minute, so what has just changed may change again unnoticed.
const SETTLED: SignedDuration = SignedDuration::from_secs(90);

#[derive(Deserialize)]
pub(super) struct Item {
    id: u64,
    iid: u64,
    title: String,
    #[serde(default)]
    description: Option<String>,
    state: String,
    #[serde(default)]
    labels: Vec<String>,
    #[serde(default)]
    author: Option<Author>,
    created_at: String,
    updated_at: Timestamp,
    web_url: String,
    #[serde(default)]
    user_notes_count: u64,
    #[serde(default)]
    confidential: Option<bool>,
}

#[derive(Deserialize)]
struct Author {
    username: String,
}

#[derive(Deserialize)]
struct Note {
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    author: Option<Author>,
    created_at: String,
    /// Written by GitLab: "changed the milestone".
    #[serde(default)]
    system: bool,
    /// For reporters only, whoever may read the item. Older versions say `confidential`.
    #[serde(default)]
    internal: Option<bool>,
    #[serde(default)]
    confidential: Option<bool>,
}

impl Item {
    pub(super) fn external_id(&self, prefix: &str) -> String {
        format!("{prefix}{}", self.id)
    }

    pub(super) fn is_confidential(&self) -> bool {
        self.confidential == Some(true)
    }

    fn revision(&self, now: Timestamp) -> Option<String> {
        (self.updated_at < now - SETTLED).then(|| format!("{} {}", self.updated_at, self.user_notes_count))
    }
}

impl GitlabConnector {
    pub(super) fn items_url(&self, project: &Project, part: Part) -> Url {
        let id = project.id.to_string();
        let query = [
            ("scope", "all"),
            ("state", "all"),
            ("pagination", "keyset"),
            ("order_by", "created_at"),
            ("sort", "asc"),
            ("per_page", "100"),
        ];
        self.client.url(&["projects", &id, part.name()], &query)
    }

    pub(super) async fn item(
        &self,
        project: &Project,
        part: Part,
        item: Item,
        external_id: String,
        readers: &Readers,
        since: &Since,
    ) -> EngineResult<Change> {
        let readers = match readers {
            Ok(readers) => readers.clone(),
            Err(reason) => {
                return Ok(Change::Failed { external_id, reason: reason.clone(), readers: Some(nobody()) });
            }
        };
        let revision = item.revision((self.clock.now)());
        if revision.as_ref().is_some_and(|revision| since.holds(&external_id, revision)) {
            return Ok(Change::Unchanged { external_id, readers });
        }
        match self.text(project, part, &item).await {
            Ok(text) => Ok(Change::Upsert(RawDocument {
                external_id,
                uri: item.web_url,
                title: Some(item.title),
                file_name: format!("{}.md", item.iid),
                bytes: text.into_bytes(),
                readers,
                modified_at: Some(item.updated_at),
                revision,
            })),
            Err(error) if error.retryable => Err(error),
            Err(error) => Ok(Change::Failed { external_id, reason: error.message, readers: Some(readers) }),
        }
    }

    async fn text(&self, project: &Project, part: Part, item: &Item) -> EngineResult<String> {
        let mut posts = Vec::new();
        if item.user_notes_count > 0 {
            let (id, iid) = (project.id.to_string(), item.iid.to_string());
            let query = [("order_by", "created_at"), ("sort", "asc"), ("per_page", "100")];
            let url = self.client.url(&["projects", &id, part.name(), &iid, "notes"], &query);
            let notes: Vec<Note> = self.client.list(url, MOST_NOTES).await?;
            // The readers of a confidential issue may read its internal notes too, but they are left out all the same:
            // the issue can be opened to more people without its notes being so.
            let is_for_readers = |note: &Note| note.internal != Some(true) && note.confidential != Some(true);
            posts.extend(notes.into_iter().filter(|note| !note.system && is_for_readers(note)).map(post));
        }
        let (kind, mark) = if part == Part::Issues { ("Issue", '#') } else { ("Merge request", '!') };
        let facts = [
            (kind, format!("{}{mark}{}", project.path_with_namespace, item.iid)),
            ("State", item.state.clone()),
            ("Labels", item.labels.join(", ")),
            ("Opened by", author(item.author.as_ref())),
            ("Opened on", item.created_at.split('T').next().unwrap_or_default().to_owned()),
        ];
        Ok(markdown(&facts, item.description.as_deref().unwrap_or_default(), &posts))
    }
}

fn post(note: Note) -> Post {
    Post { author: author(note.author.as_ref()), at: note.created_at, text: note.body.unwrap_or_default() }
}

fn author(author: Option<&Author>) -> String {
    author.map_or("ghost", |author| &author.username).to_owned()
}
