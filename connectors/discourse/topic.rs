//! A topic with its posts, as one HTML page.

use domain::EngineResult;
use serde::Deserialize;

use super::{Discourse, client::Reply};
use crate::html::escape;

/// Most posts of one topic.
const MOST_POSTS: usize = 5_000;

/// Posts asked for at once, the most that Discourse gives.
const POSTS: usize = 20;

/// Posts by people: 1 is a regular one, 2 a moderator's. 3 notes an action, 4 is for staff only.
const BY_PEOPLE: &[u8] = &[1, 2];

/// A topic by itself.
#[derive(Deserialize)]
pub(super) struct Whole {
    pub(super) category_id: Option<i64>,
    #[serde(default)]
    pub(super) archetype: String,
    /// Set on what only staff still sees.
    pub(super) deleted_at: Option<String>,
    post_stream: Stream,
}

#[derive(Deserialize)]
struct Stream {
    posts: Vec<Post>,
    /// Ids of all posts; the first ones are in `posts`.
    #[serde(default)]
    stream: Vec<u64>,
}

#[derive(Deserialize)]
struct More {
    post_stream: MorePosts,
}

#[derive(Deserialize)]
struct MorePosts {
    posts: Vec<Post>,
}

#[derive(Deserialize)]
struct Post {
    id: u64,
    #[serde(default)]
    post_number: u64,
    #[serde(default)]
    username: String,
    #[serde(default)]
    created_at: String,
    /// HTML.
    #[serde(default)]
    cooked: String,
    #[serde(default)]
    post_type: u8,
    #[serde(default)]
    hidden: bool,
    deleted_at: Option<String>,
}

impl Whole {
    /// Whether it is one for the forum's members, and not a message or deleted.
    pub(super) fn is_topic(&self) -> bool {
        self.deleted_at.is_none() && matches!(self.archetype.as_str(), "" | "regular" | "banner")
    }
}

impl Discourse {
    pub(super) async fn topic(&self, id: u64) -> EngineResult<Reply<Whole>> {
        self.ask(&format!("t/{id}.json"), &[]).await
    }

    /// All posts of the topic in their order. `Err` inside: why the topic cannot be shown.
    pub(super) async fn html(&self, id: u64, whole: Whole) -> EngineResult<Result<String, String>> {
        let Stream { mut posts, stream } = whole.post_stream;
        if stream.len() > MOST_POSTS {
            return Ok(Err(format!("it has {} posts, over the limit of {MOST_POSTS}", stream.len())));
        }
        let missing: Vec<String> =
            stream.iter().filter(|id| !posts.iter().any(|post| post.id == **id)).map(u64::to_string).collect();
        for ids in missing.chunks(POSTS) {
            let query: Vec<(&str, &str)> = ids.iter().map(|id| ("post_ids[]", id.as_str())).collect();
            match self.ask::<More>(&format!("t/{id}/posts.json"), &query).await? {
                Reply::Found(more) => posts.extend(more.post_stream.posts),
                // The topic went, or was closed to this key, in between: the next sync sees what it is.
                _ => return Ok(Err("its later posts could not be read".into())),
            }
        }
        posts.sort_by_key(|post| post.post_number);
        let shown = posts
            .iter()
            .filter(|post| BY_PEOPLE.contains(&post.post_type) && !post.hidden && post.deleted_at.is_none());
        Ok(Ok(shown.map(Post::html).collect()))
    }
}

impl Post {
    fn html(&self) -> String {
        let day = self.created_at.get(..10).unwrap_or_default();
        format!("<h2>{}, {}</h2>\n{}\n", escape(&self.username), escape(day), self.cooked)
    }
}
