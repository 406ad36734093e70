//! One sync of a forum: who may read what, which topics there are, and what was posted in them.

use std::collections::{BTreeMap, BTreeSet};

use async_stream::try_stream;
use domain::{Batch, Change, EngineError, EngineResult, RawDocument, Since};
use futures::stream::BoxStream;
use jiff::Timestamp;
use serde::Deserialize;

use super::{Discourse, access::Access, client::Reply};
use crate::{gather::Gather, pages::Pages, readers::nobody};

#[derive(Deserialize)]
struct Latest {
    topic_list: TopicList,
}

#[derive(Deserialize)]
struct TopicList {
    #[serde(default)]
    topics: Vec<Listed>,
    more_topics_url: Option<String>,
}

/// A topic in a list.
#[derive(Deserialize)]
struct Listed {
    id: u64,
    title: String,
    #[serde(default)]
    slug: String,
    category_id: Option<i64>,
    #[serde(default)]
    posts_count: u64,
    #[serde(default)]
    highest_post_number: u64,
    /// When something was last posted, or the last post edited.
    #[serde(default)]
    bumped_at: String,
}

pub(super) fn changes(forum: &Discourse, since: Since) -> BoxStream<'_, EngineResult<Batch>> {
    Box::pin(try_stream! {
        let mut access = Access::read(forum).await?;
        let topics = forum.topics().await?;
        let total = Some(topics.len() as u64);
        let (mut gather, mut listing) = (Gather::default(), Vec::new());
        for change in access.members() {
            gather.push(change);
            if gather.is_full() {
                yield gather.take(None, total);
            }
        }
        // Pages of a list shift when a topic is deleted meanwhile: whatever was missed is asked for by itself.
        let held: BTreeSet<u64> = since.ids().filter_map(|id| id.parse().ok()).collect();
        let unmet = held.into_iter().filter(|id| !topics.contains_key(id)).map(Err);
        for topic in topics.values().map(Ok).chain(unmet) {
            let change = match topic {
                Ok(topic) => forum.change(&since, &access, topic).await?,
                Err(id) => forum.recheck(&access, id).await?,
            };
            if let Some((id, change)) = change {
                listing.push(id.to_string());
                gather.push(change);
            }
            if gather.is_full() {
                yield gather.take(None, total);
            }
        }
        yield gather.last(None, Some(listing));
    })
}

impl Listed {
    fn revision(&self) -> String {
        let Self { bumped_at, posts_count, highest_post_number, title, .. } = self;
        format!("{bumped_at} {posts_count} {highest_post_number} {title}")
    }
}

impl Discourse {
    /// Every topic the key sees, oldest first, so that new ones come at the end.
    async fn topics(&self) -> EngineResult<BTreeMap<u64, Listed>> {
        let mut topics = BTreeMap::new();
        let mut positions = Pages::default();
        for page in 0.. {
            let number = page.to_string();
            let query = [("order", "created"), ("ascending", "true"), ("page", number.as_str())];
            let Latest { topic_list } = self.ask("latest.json", &query).await?.needed("latest.json")?;
            let ids: Vec<String> = topic_list.topics.iter().map(|topic| topic.id.to_string()).collect();
            positions.next("topics", &ids.join(","))?;
            topics.extend(topic_list.topics.into_iter().map(|topic| (topic.id, topic)));
            if topic_list.more_topics_url.is_none() {
                break;
            }
        }
        if topics.is_empty() {
            return Err(EngineError::retry(format!(
                "list {}: it shows no topics at all; nothing is changed",
                self.url
            )));
        }
        Ok(topics)
    }

    /// What the topic has become; `None` if it was deleted since it was listed.
    async fn change(&self, since: &Since, access: &Access, topic: &Listed) -> EngineResult<Option<(u64, Change)>> {
        let external_id = topic.id.to_string();
        let readers = match access.readers(topic.category_id) {
            Ok(readers) => readers,
            Err((reason, nobody)) => {
                return Ok(Some((topic.id, Change::Failed { external_id, reason, readers: Some(nobody) })));
            }
        };
        let revision = topic.revision();
        if since.holds(&external_id, &revision) {
            return Ok(Some((topic.id, Change::Unchanged { external_id, readers })));
        }
        let text = match self.topic(topic.id).await? {
            Reply::Gone => return Ok(None),
            Reply::Denied => Err("the API key may list it but not read it".to_owned()),
            Reply::Found(whole) if !whole.is_topic() => return Ok(None),
            Reply::Found(whole) => self.html(topic.id, whole).await?,
        };
        let change = match text {
            Err(reason) => Change::Failed { external_id, reason, readers: Some(readers) },
            Ok(html) => Change::Upsert(RawDocument {
                uri: format!("{}t/{}/{}", self.url, topic.slug, topic.id),
                title: Some(topic.title.clone()),
                file_name: format!("{external_id}.html"),
                bytes: html.into_bytes(),
                modified_at: topic.bumped_at.parse::<Timestamp>().ok(),
                revision: Some(revision),
                external_id,
                readers,
            }),
        };
        Ok(Some((topic.id, change)))
    }

    /// A topic that the store holds and the list did not show; `None` if it is gone.
    async fn recheck(&self, access: &Access, id: u64) -> EngineResult<Option<(u64, Change)>> {
        let external_id = id.to_string();
        let change = match self.topic(id).await? {
            Reply::Gone => return Ok(None),
            Reply::Found(whole) if !whole.is_topic() => return Ok(None),
            Reply::Found(whole) => match access.readers(whole.category_id) {
                Ok(readers) => Change::Unchanged { external_id, readers },
                Err((reason, nobody)) => Change::Failed { external_id, reason, readers: Some(nobody) },
            },
            Reply::Denied => {
                let reason = "it is no longer listed, and the API key may not read it".to_owned();
                Change::Failed { external_id, reason, readers: Some(nobody()) }
            }
        };
        Ok(Some((id, change)))
    }
}
