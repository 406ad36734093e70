//! The suite on an Atom feed whose entries link to pages, with the text in either.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use axum::{
    Router,
    extract::{Path, State},
    http::{
        HeaderMap, StatusCode,
        header::{CONTENT_TYPE, ETAG, IF_NONE_MATCH},
    },
    response::{IntoResponse, Response},
    routing::get,
};
use domain::Connector;
use serde_json::json;

use crate::conformance::{Abilities, Tunnel, World, conforms, parts, serve};

type Entries = Arc<Mutex<News>>;

#[derive(Default)]
struct News {
    /// Texts by id, each with the number of its last change.
    entries: BTreeMap<String, (String, u32)>,
    count: u32,
    /// So much happened that all of them have fallen out.
    is_flooded: bool,
}

struct Feed {
    entries: Entries,
    text: &'static str,
    address: String,
    tunnel: Tunnel,
}

fn tagged(headers: &HeaderMap, etag: &str, media_type: &str, body: String) -> Response {
    let etag = format!("\"{etag}\"");
    if headers.get(IF_NONE_MATCH).is_some_and(|asked| asked.to_str().unwrap() == etag) {
        return StatusCode::NOT_MODIFIED.into_response();
    }
    ([(ETAG, etag), (CONTENT_TYPE, media_type.to_owned())], body).into_response()
}

async fn feed(State(entries): State<Entries>, headers: HeaderMap) -> Response {
    let News { entries, count, is_flooded } = &*entries.lock().unwrap();
    let entry = |(name, (text, version)): (&String, &(String, u32))| {
        format!(
            "<entry><id>urn:{name}</id><title>{name}</title><link href='/pages/{name}'/>\
             <updated>2026-01-01T00:{:02}:{:02}Z</updated><content type='html'>&lt;p&gt;{text}</content></entry>",
            version / 60,
            version % 60
        )
    };
    let entries: String = entries.iter().filter(|_| !is_flooded).map(entry).collect();
    let body = format!("<feed xmlns='http://www.w3.org/2005/Atom'><id>f</id><title>news</title>{entries}</feed>");
    tagged(&headers, &format!("feed{count}"), "application/atom+xml", body)
}

async fn page(State(entries): State<Entries>, headers: HeaderMap, Path(name): Path<String>) -> Response {
    let news = entries.lock().unwrap();
    let Some((text, version)) = news.entries.get(&name) else { return StatusCode::NOT_FOUND.into_response() };
    tagged(&headers, &format!("page{version}"), "text/html; charset=utf-8", format!("<h1>{name}</h1><p>{text}"))
}

#[async_trait]
impl World for Feed {
    fn abilities(&self) -> Abilities {
        Abilities { http: true, hides: true, ..Abilities::default() }
    }

    async fn put(&self, name: &str, text: &str) {
        let News { entries, count, .. } = &mut *self.entries.lock().unwrap();
        *count += 1;
        entries.insert(name.into(), (text.into(), *count));
    }

    async fn hide_everything(&self, hidden: bool) {
        let news = &mut *self.entries.lock().unwrap();
        news.count += 1;
        news.is_flooded = hidden;
    }

    fn address(&self) -> String {
        self.address.clone()
    }

    fn connector(&self, address: &str) -> Box<dyn Connector> {
        self.tunnel.lead_to(address);
        let settings = json!({ "feeds": [format!("{}/feed", self.tunnel.address)], "text": self.text, "requests_per_second": 10_000 });
        crate::kind("feed").unwrap().open(settings, parts()).unwrap()
    }
}

async fn world(text: &'static str) -> Feed {
    let entries = Entries::default();
    let router =
        Router::new().route("/feed", get(feed)).route("/pages/{name}", get(page)).with_state(Arc::clone(&entries));
    Feed { entries, text, address: serve(router).await, tunnel: Tunnel::start().await }
}

#[tokio::test]
async fn a_feed_with_whole_entries_conforms() {
    conforms(&world("entry").await).await;
}

#[tokio::test]
async fn a_feed_of_links_conforms() {
    conforms(&world("page").await).await;
}
