//! The suite on a site whose pages are found by links and by a zipped sitemap.

use std::{collections::BTreeMap, io::Write, sync::Mutex};

use async_trait::async_trait;
use domain::Connector;
use flate2::{Compression, write::GzEncoder};
use tempfile::TempDir;

use super::{fake::Site, tests::config};
use crate::{
    Parts, SourceConfig,
    conformance::{Abilities, Tunnel, World, conforms, parts},
};

/// A text, and the number of its last change.
type Item = (String, u32);

struct Web {
    site: Site,
    address: String,
    tunnel: Tunnel,
    work_dir: TempDir,
    /// By name, and how often anything was changed.
    items: Mutex<(BTreeMap<String, Item>, u32)>,
}

impl Web {
    /// Lists half of the items by pages that link to each other, half by a sitemap.
    fn publish(&self, is_hidden: bool) {
        let (items, _) = &*self.items.lock().unwrap();
        let items: Vec<_> = items.iter().filter(|_| !is_hidden).collect();
        let (mapped, linked): (Vec<_>, Vec<_>) = items.into_iter().partition(|(name, _)| name.as_str() < "f");
        let lists: Vec<_> = linked.chunks(2).collect();
        for page in 0..lists.len().max(1) {
            let links =
                lists.get(page).into_iter().copied().flatten().map(|(name, _)| format!("<a href={name}>{name}</a>"));
            let next = format!("<a href='?page={}'>next</a>", page + 1);
            let next = if page + 1 < lists.len() { next } else { String::new() };
            let html = format!("<meta name=robots content=noindex>{}{next}", links.collect::<String>());
            self.site.html(&if page == 0 { "/site/".into() } else { format!("/site/?page={page}") }, &html);
        }
        let entry = |(name, (_, version)): &(&String, &Item)| {
            let lastmod = format!("2026-01-01T00:{:02}:{:02}Z", version / 60, version % 60);
            format!("<url><loc>{}/site/{name}</loc><lastmod>{lastmod}</lastmod></url>", self.tunnel.address)
        };
        let mut zipped = GzEncoder::new(Vec::new(), Compression::fast());
        write!(zipped, "<urlset>{}</urlset>", mapped.iter().map(entry).collect::<String>()).unwrap();
        self.site.put("/1.xml.gz", 200, &[("content-type", "application/gzip")], zipped.finish().unwrap());
    }
}

#[async_trait]
impl World for Web {
    fn abilities(&self) -> Abilities {
        Abilities { deletes: true, renames: true, hides: true, http: true, ..Abilities::default() }
    }

    async fn put(&self, name: &str, text: &str) {
        {
            let (items, count) = &mut *self.items.lock().unwrap();
            *count += 1;
            items.insert(name.into(), (text.into(), *count));
        }
        self.site.html(&format!("/site/{name}"), &format!("<title>{name}</title><p>{text}"));
        self.publish(false);
    }

    async fn delete(&self, name: &str) {
        self.items.lock().unwrap().0.remove(name);
        self.site.remove(&format!("/site/{name}"));
        self.publish(false);
    }

    async fn rename(&self, from: &str, to: &str) {
        let (text, _) = self.items.lock().unwrap().0[from].clone();
        self.delete(from).await;
        self.put(to, &text).await;
    }

    async fn hide_everything(&self, hidden: bool) {
        self.publish(hidden);
    }

    fn address(&self) -> String {
        self.address.clone()
    }

    fn connector(&self, address: &str) -> Box<dyn Connector> {
        self.tunnel.lead_to(address);
        let parts = Parts { work_dir: self.work_dir.path().to_owned(), ..parts() };
        config(&format!("{}/site/", self.tunnel.address)).open(parts).unwrap()
    }
}

#[tokio::test]
async fn a_web_site_conforms() {
    let site = Site::default();
    site.put("/robots.txt", 200, &[], "User-agent: *\nDisallow: /private\nSitemap: HOST/index.xml\n");
    site.put("/index.xml", 200, &[], "<sitemapindex><sitemap><loc>HOST/1.xml.gz</loc></sitemap></sitemapindex>");
    let (address, tunnel) = (site.serve().await, Tunnel::start().await);
    let work_dir = tempfile::tempdir().unwrap();
    conforms(&Web { site, address, tunnel, work_dir, items: Mutex::default() }).await;
}
