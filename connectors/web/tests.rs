//! Sites with all the oddities of the web, against the crawl.

use std::{collections::BTreeSet, num::NonZeroU32};

use domain::{Connector, EngineResult};
use serde_json::json;
use tempfile::TempDir;

use super::{WebConfig, fake::Site};
use crate::{
    Parts, SourceConfig,
    conformance::{Replica, parts},
};

/// A crawl of the folder of `start`, in no hurry to be polite.
pub(super) fn config(start: &str) -> WebConfig {
    let config: WebConfig = serde_json::from_value(json!({ "start": [start] })).unwrap();
    WebConfig { requests_per_second: NonZeroU32::new(10_000).unwrap(), ..config }
}

/// A source and what a store holds of it.
struct Source {
    site: Site,
    config: WebConfig,
    work_dir: TempDir,
    replica: Replica,
    address: String,
}

impl Source {
    async fn new(pages: &[(&str, &str)]) -> Self {
        let site = Site::default();
        for (path, html) in pages {
            site.html(path, html);
        }
        let address = site.serve().await;
        let config = config(&format!("{address}/"));
        Self { site, config, work_dir: tempfile::tempdir().unwrap(), replica: Replica::default(), address }
    }

    fn connector(&self) -> Box<dyn Connector> {
        let parts = Parts { work_dir: self.work_dir.path().to_owned(), ..parts() };
        self.config.clone().open(parts).unwrap()
    }

    async fn sync(&mut self) -> EngineResult<()> {
        let connector = self.connector();
        self.replica.sync(&*connector).await
    }

    /// The paths of the documents held.
    fn paths(&self) -> Vec<String> {
        self.replica.documents.keys().map(|id| id.replace(&self.address, "")).collect()
    }

    fn failures(&self) -> Vec<(String, &str)> {
        self.replica.failures.iter().map(|(id, reason)| (id.replace(&self.address, ""), reason.as_str())).collect()
    }
}

fn links(targets: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    targets.into_iter().map(|target| format!("<a href='{}'>x</a>", target.as_ref())).collect()
}

#[tokio::test]
async fn pages_are_found_once_under_one_address_each() {
    let start = links([
        "/a#top",
        "/a?utm_source=mail",
        "/alias",
        "/old",
        "/hidden",
        "/style.css",
        "/picture",
        "/notes.md",
        "/a/../b",
    ]);
    let mut source = Source::new(&[
        ("/", &start),
        ("/a", "the text of a"),
        ("/alias", "<link rel=canonical href='/a?utm_medium=x'>the text of a"),
        ("/hidden", "<meta name=robots content=noindex><a href=/behind>x</a>"),
        ("/behind", "reached through a hidden page"),
        ("/b", "<a rel=nofollow href=/paid>x</a><a href=http://10.0.0.1/>y</a>"),
        ("/paid", "nobody vouches for this"),
    ])
    .await;
    source.site.put("/old", 301, &[("location", "/new?fbclid=1")], "");
    source.site.html("/new", "moved here");
    source.site.put("/picture", 200, &[("content-type", "image/png")], "PNG");
    source.site.put("/notes.md", 200, &[("content-type", "application/octet-stream")], "# Notes");
    source.site.put("/quiet.txt", 200, &[("content-type", "text/plain"), ("x-robots-tag", "noindex")], "x");
    source.sync().await.unwrap();
    assert_eq!(source.paths(), ["/", "/a", "/b", "/behind", "/new", "/notes.md"]);
    assert_eq!(source.failures(), [("/picture".to_owned(), "no parser for image/png")]);
    let asked = source.site.asked();
    assert!(!asked.iter().any(|path| ["/paid", "/style.css"].contains(&path.as_str())), "{asked:?}");
    assert_eq!(asked.len(), asked.iter().collect::<BTreeSet<_>>().len(), "each page is asked for once: {asked:?}");
}

#[tokio::test]
async fn an_unchanged_site_is_not_sent_again_and_forgetting_its_links_costs_only_that() {
    let mut source = Source::new(&[
        ("/", &links(["/a", "/hidden"])),
        ("/a", "a"),
        ("/hidden", "<meta name=robots content=noindex>"),
    ])
    .await;
    source.sync().await.unwrap();
    source.sync().await.unwrap();
    assert_eq!((source.replica.fetched, source.site.unchanged()), (0, 3));
    std::fs::remove_dir_all(source.work_dir.path()).unwrap();
    source.sync().await.unwrap();
    assert_eq!((source.replica.fetched, source.site.unchanged()), (0, 0));
    assert_eq!(source.paths(), ["/", "/a"]);
    source.site.html("/a", "a, changed");
    source.sync().await.unwrap();
    assert_eq!((source.replica.fetched, source.site.unchanged()), (1, 2));
}

#[tokio::test]
async fn a_store_that_lost_a_page_gets_it_again_whatever_is_remembered() {
    let mut source = Source::new(&[("/", &links(["/a"])), ("/a", "a")]).await;
    source.sync().await.unwrap();
    source.replica = Replica::default();
    source.sync().await.unwrap();
    assert_eq!((source.paths().len(), source.replica.fetched), (2, 2));
}

#[tokio::test]
async fn robots_txt_is_obeyed() {
    let mut source = Source::new(&[
        ("/", &links(["/open", "/private/x", "/later"])),
        ("/open", "o"),
        ("/private/x", "x"),
        ("/later", "l"),
    ])
    .await;
    source.site.put("/robots.txt", 200, &[], "User-agent: *\nDisallow: /private/\n");
    source.sync().await.unwrap();
    assert_eq!(source.paths(), ["/", "/later", "/open"]);
    assert!(!source.site.asked_once().contains("/private/x"));
    source.site.put("/robots.txt", 200, &[], "User-agent: footnote\nDisallow: /later\n");
    source.sync().await.unwrap();
    assert_eq!(source.paths(), ["/", "/open", "/private/x"]);
    source.site.put("/robots.txt", 200, &[], "User-agent: *\nDisallow: /\n");
    let error = source.sync().await.unwrap_err();
    assert!(error.message.contains("robots.txt") && !error.retryable, "{error}");
    source.site.put("/robots.txt", 503, &[], "");
    assert!(source.sync().await.unwrap_err().retryable);
    assert_eq!(source.paths().len(), 3);
}

#[tokio::test]
async fn traps_end() {
    let mut source = Source::new(&[("/", &links(["/calendar?m=0", "/loop/", "/page0"]))]).await;
    for month in 0..300 {
        source.site.html(&format!("/calendar?m={month}"), &links([format!("/calendar?m={}", month + 1)]));
        source.site.html(&format!("/page{month}"), &links([format!("/page{}", month + 1)]));
    }
    for depth in 1..20 {
        source.site.html(&"/loop".repeat(depth).replace("//", "/"), "x");
        source.site.html(&format!("{}/", "/loop".repeat(depth)), &links(["loop/"]));
    }
    source.config.max_variants = 7;
    source.config.max_depth = 30;
    source.sync().await.unwrap();
    let count = |start: &str| source.paths().iter().filter(|path| path.starts_with(start)).count();
    assert_eq!((count("/calendar"), count("/loop"), count("/page")), (7, 3, 30));
    assert!(source.failures().iter().any(|(path, reason)| path == "/calendar?m=7" && reason.contains("more than 7")));
}

#[tokio::test]
async fn a_page_that_fails_is_no_deletion_and_hides_none() {
    let mut source = Source::new(&[
        ("/", &links(["/list", "/gone"])),
        ("/list", &links(["/deep", "/also"])),
        ("/deep", "d"),
        ("/also", "a"),
        ("/gone", "g"),
    ])
    .await;
    source.sync().await.unwrap();
    assert_eq!(source.paths().len(), 5);
    source.site.put("/list", 500, &[], "");
    source.site.put("/gone", 410, &[], "");
    source.site.remove("/also");
    source.sync().await.unwrap();
    assert_eq!(source.paths(), ["/", "/deep", "/list"]);
    assert_eq!(source.failures().iter().map(|(path, _)| path.as_str()).collect::<Vec<_>>(), ["/list"]);
    source.site.html("/list", "no more links");
    source.sync().await.unwrap();
    assert_eq!((source.paths(), source.failures()), (vec!["/".to_owned(), "/list".to_owned()], vec![]));
}

#[tokio::test]
async fn a_site_that_is_down_ends_the_sync_and_a_start_that_is_gone_says_so() {
    let pages: Vec<String> = (0..50).map(|number| format!("/p{number}")).collect();
    let mut source = Source::new(&[("/", &links(&pages))]).await;
    for path in &pages {
        source.site.put(path, 500, &[], "");
    }
    let error = source.sync().await.unwrap_err();
    assert!(error.retryable && error.message.contains("500"), "{error}");
    assert!(source.site.asked_once().len() < 10);
    source.site.remove("/");
    let error = source.sync().await.unwrap_err();
    assert!(!error.retryable && error.message.contains("check the source's address"), "{error}");
}

#[tokio::test]
async fn limits_are_kept_and_reported_and_delete_nothing() {
    let mut source = Source::new(&[("/", &links(["/a", "/b", "/c"])), ("/a", "a"), ("/b", "b"), ("/c", "c")]).await;
    source.sync().await.unwrap();
    source.config.max_pages = 2;
    source.sync().await.unwrap();
    assert_eq!(source.paths().len(), 4);
    let reason = &source.failures()[0].1;
    assert!(reason.contains("`max_pages` of 2") && reason.contains("2 addresses"), "{reason}");
    source.config = WebConfig { max_bytes: 10, max_pages: 100, ..source.config };
    source.replica = Replica::default();
    source.sync().await.unwrap();
    assert!(source.failures()[0].1.contains("`max_bytes` of 10"));
    source.config = WebConfig { max_bytes: 1_000, max_minutes: 0, ..source.config };
    assert!(source.sync().await.is_err(), "without a minute there is no page");
    source.config = WebConfig { max_minutes: 10, max_page_bytes: 70, ..source.config };
    source.site.html("/b", &"x".repeat(71));
    source.sync().await.unwrap();
    assert!(source.failures()[0].1.contains("70 bytes"), "{:?}", source.failures());
}

#[tokio::test]
async fn what_a_site_names_is_bounded_and_sitemaps_count() {
    let names: Vec<String> = (0..50).map(|number| format!("/p{number}")).collect();
    let mut source = Source::new(&[("/", &links(&names))]).await;
    for name in &names {
        source.site.html(name, "x");
    }
    source.config = WebConfig { max_pages: 4, ..source.config };
    source.sync().await.unwrap();
    let reasons: Vec<&str> = source.failures().into_iter().map(|(_, reason)| reason).collect();
    assert!(reasons.iter().any(|reason| reason.contains("more than 40 addresses")), "{reasons:?}");
    assert!(reasons.iter().any(|reason| reason.contains("36 addresses still to visit")), "{reasons:?}");

    let map = names.iter().map(|name| format!("HOST{name}\n")).collect::<String>();
    source.site.put("/robots.txt", 200, &[], "Sitemap: HOST/one.txt\nSitemap: HOST/two.txt\n");
    source.site.put("/one.txt", 200, &[], map);
    source.site.put("/two.txt", 200, &[], "HOST/more\n");
    source.replica = Replica::default();
    source.sync().await.unwrap();
    assert!(source.failures().iter().any(|(_, reason)| reason.contains("more than 40 addresses")));
    source.site.asked();
    source.config = WebConfig { max_bytes: 100, max_pages: 100, ..source.config };
    assert!(source.sync().await.is_err(), "the sitemaps alone came to the limit");
    assert!(!source.site.asked_once().contains("/two.txt"));
}

#[tokio::test]
async fn a_page_without_validators_is_deleted_too_while_another_fails() {
    let plain = [("content-type", "text/html")];
    let mut source = Source::new(&[("/", &links(["/list"])), ("/list", &links(["/a", "/b"]))]).await;
    source.site.put("/a", 200, &plain, "a");
    source.site.put("/b", 200, &plain, "b");
    source.sync().await.unwrap();
    assert_eq!(source.paths(), ["/", "/a", "/b", "/list"]);
    source.site.put("/list", 500, &[], "");
    source.site.remove("/a");
    source.sync().await.unwrap();
    assert_eq!(source.paths(), ["/", "/b", "/list"]);
}

#[tokio::test]
async fn a_token_in_an_address_is_not_told() {
    let mut source = Source::new(&[]).await;
    source.config.start = vec![format!("{}/?token=hush", source.address)];
    source.site.put("/robots.txt", 200, &[], "User-agent: *\nDisallow: /\n");
    let forbidden = source.sync().await.unwrap_err();
    source.site.put("/robots.txt", 404, &[], "");
    source.site.put("/", 302, &[("location", "http://elsewhere.example/?token=hush")], "");
    let away = source.sync().await.unwrap_err();
    source.site.put("/", 200, &[("content-type", "image/png")], "PNG");
    let none = source.sync().await.unwrap_err();
    for error in [forbidden, away, none] {
        assert!(!error.message.contains("hush"), "{error}");
    }
}

#[tokio::test]
async fn sitemaps_name_pages_that_nothing_links_to() {
    let mut source =
        Source::new(&[("/", "start"), ("/only", "o"), ("/listed", &links(["/linked"])), ("/linked", "l")]).await;
    let own = format!("{}/map.xml", source.address);
    source.site.put("/robots.txt", 200, &[], "Sitemap: HOST/missing.xml\n");
    // An index that names itself ends.
    source.site.put("/map.xml", 200, &[], "<sitemapindex><sitemap><loc>HOST/map.xml</loc></sitemap><sitemap><loc>HOST/list.txt</loc></sitemap></sitemapindex>");
    source.site.put("/list.txt", 200, &[], "HOST/only\nHOST/listed\nhttp://elsewhere.example/x\n");
    source.config = WebConfig { start: vec![], sitemaps: vec![own], follow_links: false, ..source.config };
    source.sync().await.unwrap();
    assert_eq!(source.paths(), ["/listed", "/only"]);
    assert_eq!(source.failures()[0].0, "/missing.xml");
    source.config.follow_links = true;
    source.sync().await.unwrap();
    assert_eq!(source.paths(), ["/linked", "/listed", "/only"]);
    source.site.put("/map.xml", 200, &[], "<html>Sorry</html>");
    assert!(source.sync().await.unwrap_err().message.contains("no sitemap"));
    assert_eq!(source.paths().len(), 3);
}

#[tokio::test]
async fn a_sitemaps_time_saves_the_request_unless_it_is_not_trusted() {
    let mut source = Source::new(&[("/", "start"), ("/a", "a")]).await;
    source.site.put("/robots.txt", 200, &[], "Sitemap: HOST/map.xml\n");
    let map = |time: &str| format!("<urlset><url><loc>HOST/a</loc><lastmod>{time}</lastmod></url></urlset>");
    source.site.put("/map.xml", 200, &[], map("2026-01-01"));
    source.sync().await.unwrap();
    source.site.html("/a", "changed, but the sitemap does not say so");
    source.site.asked();
    source.sync().await.unwrap();
    assert!(!source.site.asked_once().contains("/a"));
    source.site.put("/map.xml", 200, &[], map("2026-01-02"));
    source.sync().await.unwrap();
    assert_eq!(source.replica.fetched, 1);
    source.site.html("/a", "changed again");
    source.config.trust_sitemap_times = false;
    source.sync().await.unwrap();
    assert_eq!(source.replica.fetched, 1);
    // A time that is not over yet says nothing.
    source.config.trust_sitemap_times = true;
    source.site.put("/map.xml", 200, &[], map("2999-01-01"));
    source.sync().await.unwrap();
    source.site.html("/a", "changed within the day");
    source.sync().await.unwrap();
    assert_eq!(source.replica.fetched, 1);
}

#[tokio::test]
async fn canonical_addresses_that_contradict_each_other_lose_no_page() {
    let canonical = |target: &str, text: &str| format!("<link rel=canonical href='{target}'>{text}");
    let mut source = Source::new(&[
        ("/", &links(["/x", "/y", "/lost", "/foreign"])),
        ("/x", &canonical("/y", "x")),
        ("/y", &canonical("/x", "y")),
        ("/lost", &canonical("/nowhere", "l")),
        ("/foreign", &canonical("http://elsewhere.example/", "f")),
    ])
    .await;
    source.sync().await.unwrap();
    assert_eq!(source.paths(), ["/", "/foreign", "/y"]);
    assert!(source.failures()[0].0 == "/lost" && source.failures()[0].1.contains("/nowhere, where no page"));
}

#[tokio::test]
async fn a_page_is_replaced_only_by_one_that_can_be_read() {
    let mut source = Source::new(&[("/", &links(["/a", "/b", "/c"])), ("/a", "a"), ("/b", "b"), ("/c", "c")]).await;
    source.sync().await.unwrap();
    source.site.put("/a", 302, &[("location", "/down")], "");
    source.site.html("/b", "<link rel=canonical href=/down>b");
    source.site.put("/c", 301, &[("location", "/nowhere")], "");
    source.site.put("/down", 503, &[], "");
    source.sync().await.unwrap();
    assert_eq!(source.paths(), ["/", "/a", "/b", "/c"]);
    source.site.html("/down", "up again");
    source.sync().await.unwrap();
    assert_eq!(source.paths(), ["/", "/down"]);
}

#[tokio::test]
async fn credentials_go_to_the_hosts_that_were_named_and_no_others() {
    use axum::{Router, http::HeaderMap, http::StatusCode, response::Html};
    let other = Source::new(&[("/", "x")]).await;
    let seen = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let log = std::sync::Arc::clone(&seen);
    let foreign = crate::conformance::serve(Router::new().fallback(move |headers: HeaderMap| async move {
        log.lock().unwrap().push(headers.contains_key("authorization"));
        Html("foreign")
    }))
    .await;
    let link = format!("<a href='{foreign}/x'>x</a>");
    let address = crate::conformance::serve(Router::new().fallback(move |headers: HeaderMap| async move {
        let is_right = headers.get("authorization").is_some_and(|value| value == "Basic YW5uOnB3");
        if is_right { (StatusCode::OK, Html(link)) } else { (StatusCode::UNAUTHORIZED, Html(String::new())) }
    }))
    .await;
    let config = WebConfig {
        allow: vec![address.clone(), foreign.clone()],
        start: vec![address.clone()],
        user: Some("ann".into()),
        password: Some("pw".into()),
        ..other.config.clone()
    };
    let mut source = Source { config, ..other };
    source.sync().await.unwrap();
    assert_eq!(source.replica.documents.len(), 2);
    assert!(seen.lock().unwrap().len() > 1 && !seen.lock().unwrap().contains(&true));
}

#[tokio::test]
async fn redirects_stay_within_the_scope_and_end() {
    let mut source = Source::new(&[("/", &links(["/out", "/round", "/self"]))]).await;
    source.site.put("/out", 302, &[("location", "http://10.0.0.1/secret")], "");
    source.site.put("/round", 302, &[("location", "/around")], "");
    source.site.put("/around", 302, &[("location", "/round")], "");
    source.site.put("/self", 302, &[("location", "/self?sid=1")], "");
    source.sync().await.unwrap();
    assert_eq!(source.paths(), ["/"]);
    assert_eq!(source.failures(), [("/self".to_owned(), "it redirects to itself")]);
    source.site.put("/", 302, &[("location", "http://10.0.0.1/login")], "");
    let error = source.sync().await.unwrap_err();
    assert!(!error.retryable && error.message.contains("10.0.0.1/login"), "{error}");
    assert_eq!(source.paths(), ["/"]);
}

#[tokio::test]
async fn settings_that_cannot_work_are_refused() {
    let open = |settings: serde_json::Value| crate::kind("web").unwrap().open(settings, parts());
    let refused = |settings| open(settings).err().unwrap().message;
    assert!(refused(json!({})).contains("neither `start` nor `sitemaps`"));
    assert!(refused(json!({ "start": ["example.com"] })).contains("no address"));
    let with_secret = refused(json!({ "start": ["https://ann:hunter2@x.org/"] }));
    assert!(with_secret.contains("`user`") && !with_secret.contains("hunter2"), "{with_secret}");
    assert!(refused(json!({ "start": ["https://x.org/a/"], "allow": ["https://x.org/b/"] })).contains("keep it out"));
    assert!(refused(json!({ "start": ["https://x.org/"], "depth": 1 })).contains("depth"));
    let unruled = Parts { readers: None, ..parts() };
    let error = crate::kind("web").unwrap().open(json!({ "start": ["https://x.org/"] }), unruled).err().unwrap();
    assert!(error.message.contains("--access"), "{error}");
    assert_eq!(crate::kind("web").unwrap().secrets(), ["password"]);
}
