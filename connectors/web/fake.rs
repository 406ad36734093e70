//! A web site in memory: any answers by path, with etags, and a record of what was asked for.

use std::{
    collections::{BTreeMap, HashSet},
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    response::Response,
};

use crate::conformance::serve;

/// A site that can be changed while it is served. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Site(Arc<Mutex<Pages>>);

#[derive(Default)]
struct Pages {
    answers: BTreeMap<String, Answer>,
    asked: Vec<String>,
    unchanged: usize,
}

#[derive(Clone)]
struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Site {
    pub(super) async fn serve(&self) -> String {
        serve(Router::new().fallback(answer).with_state(self.clone())).await
    }

    /// An HTML page with an etag of its content.
    pub(super) fn html(&self, path: &str, body: &str) {
        self.put(
            path,
            200,
            &[("content-type", "text/html"), ("etag", &format!("\"{body:?}\"").replace(['\\', '\n'], ""))],
            body,
        );
    }

    pub(super) fn put(&self, path: &str, status: u16, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        self.0.lock().unwrap().answers.insert(path.into(), Answer { status, headers, body: body.into() });
    }

    pub(super) fn remove(&self, path: &str) {
        self.0.lock().unwrap().answers.remove(path);
    }

    /// Paths asked for since the last call.
    pub(super) fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap().asked)
    }

    pub(super) fn asked_once(&self) -> HashSet<String> {
        self.asked().into_iter().collect()
    }

    /// Answers of 304 since the last call.
    pub(super) fn unchanged(&self) -> usize {
        std::mem::take(&mut self.0.lock().unwrap().unchanged)
    }
}

async fn answer(State(site): State<Site>, request: Request) -> Response {
    let path = request.uri().path_and_query().unwrap().as_str().to_owned();
    let host = format!("http://{}", request.headers()["host"].to_str().unwrap());
    let mut pages = site.0.lock().unwrap();
    pages.asked.push(path.clone());
    let found = pages.answers.get(&path).or_else(|| pages.answers.get(path.split('?').next().unwrap())).cloned();
    let Some(Answer { status, headers, body }) = found else {
        return Response::builder().status(404).body(Body::from("Not found")).unwrap();
    };
    let etag = headers.iter().find(|(name, _)| name == "etag").map(|(_, value)| value.as_str());
    let asked = request.headers().get("if-none-match").map(|value| value.to_str().unwrap());
    if etag.is_some() && etag == asked {
        pages.unchanged += 1;
        return Response::builder().status(304).body(Body::empty()).unwrap();
    }
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(name, value.replace("HOST", &host));
    }
    // `HOST` in text stands for the site's own address, as the client calls it.
    let body = String::from_utf8(body)
        .map_or_else(|error| error.into_bytes(), |text| text.replace("HOST", &host).into_bytes());
    response.body(Body::from(body)).unwrap()
}
