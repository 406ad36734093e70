//! A private wiki in memory that speaks the action API: login by bot password, lists in small pages, errors in answers of 200.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex},
};

use axum::{
    Form, Json, Router,
    extract::{Query, State},
    http::{HeaderMap, header::SET_COOKIE},
    response::{IntoResponse, Response},
    routing::get,
};
use serde_json::{Value, json};

use crate::conformance::serve;

/// Pages in one answer of a list.
const PAGE: usize = 2;

#[derive(Clone, Default)]
pub(super) struct Wiki(pub(super) Arc<Mutex<Store>>);

#[derive(Default)]
pub(super) struct Store {
    /// By page id.
    pub(super) pages: BTreeMap<u64, FakePage>,
    pub(super) count: u64,
    pub(super) is_hidden: bool,
    pub(super) is_repeating: bool,
    pub(super) is_public: bool,
    /// A page that was renamed just so that the list in order of titles does not come across it.
    pub(super) slipped: Option<u64>,
    /// Errors to answer with, once each.
    pub(super) faults: Vec<&'static str>,
    /// Pages that cannot be rendered.
    pub(super) broken: Vec<String>,
}

#[derive(Clone)]
pub(super) struct FakePage {
    pub(super) title: String,
    pub(super) text: String,
    pub(super) ns: i32,
    pub(super) redirect: bool,
    pub(super) revision: u64,
    pub(super) touched: u64,
}

impl Wiki {
    pub(super) async fn serve(&self) -> String {
        serve(Router::new().route("/w/api.php", get(query).post(login)).with_state(self.clone())).await
    }

    /// Creates a page or a new revision of it.
    pub(super) fn edit(&self, title: &str, ns: i32, text: &str) {
        let state = &mut *self.0.lock().unwrap();
        state.count += 1;
        let count = state.count;
        let page =
            FakePage { title: title.into(), text: text.into(), ns, redirect: false, revision: count, touched: count };
        let id = state.pages.iter().find(|(_, page)| page.title == title).map_or(1_000 + count, |(id, _)| *id);
        state.pages.insert(id, page);
    }

    pub(super) fn delete(&self, title: &str) {
        self.0.lock().unwrap().pages.retain(|_, page| page.title != title);
    }

    /// The page keeps its id; a redirect with a new one takes its place.
    pub(super) fn rename(&self, from: &str, to: &str) {
        let state = &mut *self.0.lock().unwrap();
        state.count += 1;
        let count = state.count;
        let page = state.pages.values_mut().find(|page| page.title == from).unwrap();
        (page.title, page.revision, page.touched) = (to.into(), count, count);
        let redirect =
            FakePage { title: from.into(), text: format!("Redirect to {to}"), redirect: true, ..page.clone() };
        state.pages.insert(1_000 + count, redirect);
    }
}

fn fault(code: &str) -> Response {
    Json(json!({ "error": { "code": code, "info": format!("what {code} means") } })).into_response()
}

async fn login(headers: HeaderMap, Form(form): Form<HashMap<String, String>>) -> Response {
    let has_session =
        headers.get("cookie").is_some_and(|cookie| cookie.to_str().unwrap().contains("wiki_session=before"));
    let is_right =
        form["lgname"] == "Ann@footnote" && form["lgpassword"] == "bot-password" && form["lgtoken"] == "token+\\";
    let result = if has_session && is_right { "Success" } else { "Failed" };
    let cookies = if result == "Success" { "wiki_session=after; path=/; HttpOnly" } else { "x=y" };
    ([(SET_COOKIE, cookies)], Json(json!({ "login": { "result": result } }))).into_response()
}

async fn query(State(wiki): State<Wiki>, headers: HeaderMap, Query(asked): Query<HashMap<String, String>>) -> Response {
    let value = |name: &str| asked.get(name).map_or("", String::as_str);
    assert_eq!((value("format"), value("formatversion")), ("json", "2"));
    if value("meta") == "tokens" {
        let token = Json(json!({ "batchcomplete": true, "query": { "tokens": { "logintoken": "token+\\" } } }));
        return ([(SET_COOKIE, "wiki_session=before; path=/; HttpOnly")], token).into_response();
    }
    let state = &mut *wiki.0.lock().unwrap();
    if let Some(code) = state.faults.pop() {
        return fault(code);
    }
    let is_in = headers.get("cookie").is_some_and(|cookie| cookie == "wiki_session=after");
    let has_token = headers.get("authorization").is_some_and(|token| token == "Bearer oauth-token");
    if !is_in && !has_token {
        if value("assert") == "user" {
            return fault("assertuserfailed");
        }
        if !state.is_public {
            return fault("readapidenied");
        }
    }
    match value("action") {
        "parse" => parse(state, value("pageid").parse().unwrap()),
        "query" if value("generator") == "allpages" => all_pages(state, &asked),
        "query" => {
            let ids = value("pageids").split('|').map(|id| id.parse::<u64>().unwrap());
            let pages: Vec<Value> = ids
                .map(|id| state.pages.get(&id).map_or(json!({ "pageid": id, "missing": true }), |page| info(id, page)))
                .collect();
            Json(json!({ "batchcomplete": true, "query": { "pages": pages } })).into_response()
        }
        other => fault(&format!("badvalue {other}")),
    }
}

fn all_pages(state: &Store, asked: &HashMap<String, String>) -> Response {
    assert_eq!((asked["prop"].as_str(), asked["gapfilterredir"].as_str()), ("info", "nonredirects"));
    let namespace: i32 = asked["gapnamespace"].parse().unwrap();
    let from = asked.get("gapcontinue").map_or("", String::as_str);
    let mut pages: Vec<_> = state
        .pages
        .iter()
        .filter(|(id, _)| state.slipped != Some(**id))
        .filter(|(_, page)| page.ns == namespace && !page.redirect && !state.is_hidden)
        .filter(|(_, page)| state.is_repeating || page.title.as_str() >= from)
        .collect();
    pages.sort_by(|(_, a), (_, b)| a.title.cmp(&b.title));
    let next = pages.get(PAGE).map(|(_, page)| page.title.clone());
    let shown: Vec<Value> = pages.iter().take(PAGE).map(|(id, page)| info(**id, page)).collect();
    let mut answer = json!({ "batchcomplete": true });
    if !shown.is_empty() {
        answer["query"] = json!({ "pages": shown });
    }
    if let Some(next) = next {
        answer["continue"] = json!({ "gapcontinue": next, "continue": "gapcontinue||" });
    }
    Json(answer).into_response()
}

fn info(id: u64, page: &FakePage) -> Value {
    json!({
        "pageid": id, "ns": page.ns, "title": page.title, "contentmodel": "wikitext", "lastrevid": page.revision,
        "touched": format!("2026-01-01T{:02}:{:02}:{:02}Z", page.touched / 3_600, page.touched / 60 % 60, page.touched % 60),
        "length": page.text.len(), "fullurl": format!("https://wiki.example.com/wiki/{}", page.title),
        "redirect": page.redirect,
    })
}

fn parse(state: &Store, id: u64) -> Response {
    let Some(page) = state.pages.get(&id) else { return fault("nosuchpageid") };
    if state.broken.contains(&page.title) {
        return fault("internal_api_error_MWException");
    }
    let text = format!("<div class=\"mw-parser-output\"><p>{}</p></div>", page.text);
    Json(json!({ "parse": { "title": page.title, "pageid": id, "text": text } })).into_response()
}
