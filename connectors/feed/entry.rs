//! Turns an entry of a feed into what a document is made of.

use feed_rs::model::{Entry, Feed, Text};
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use url::Url;

/// An entry, by its own account.
#[derive(Debug, PartialEq)]
pub(super) struct Item {
    /// Feed and entry: two feeds may call their entries alike.
    pub(super) id: String,
    pub(super) title: Option<String>,
    /// The page it is about.
    pub(super) link: Option<Url>,
    pub(super) file_name: &'static str,
    pub(super) text: String,
    pub(super) modified_at: Option<Timestamp>,
    /// A digest of all that the feed says of it: many feeds change entries without changing their time.
    pub(super) revision: String,
}

/// # Errors
/// Why it is no feed, to follow its address.
pub(super) fn read(url: &Url, bytes: &[u8]) -> Result<Vec<Item>, String> {
    // What has neither id nor link nor title gets no id from us either: it could not be told apart next time.
    let parser = feed_rs::parser::Builder::new()
        .base_uri(Some(url.as_str()))
        .id_generator(|links, title, _| {
            let named = links.first().map(|link| link.href.clone());
            named.or_else(|| title.as_ref().map(|title| title.content.clone())).unwrap_or_default()
        })
        .build();
    let feed: Feed = parser.parse(bytes).map_err(|error| error.to_string())?;
    Ok(feed.entries.into_iter().filter(|entry| !entry.id.is_empty()).map(|entry| item(url, entry)).collect())
}

fn item(feed: &Url, entry: Entry) -> Item {
    let is_page = |rel: &Option<String>| rel.as_deref().is_none_or(|rel| rel == "alternate");
    let page = entry.links.iter().find(|link| is_page(&link.rel)).or(entry.links.first());
    let link = page.and_then(|link| feed.join(&link.href).ok()).filter(|url| matches!(url.scheme(), "http" | "https"));
    let title = entry.title.map(|title| title.content).filter(|title| !title.trim().is_empty());
    let body = entry.content.and_then(|content| Some((content.content_type.to_string(), content.body?)));
    let summary = entry.summary.map(|Text { content_type, content, .. }| (content_type.to_string(), content));
    let (media_type, text) = body.filter(|(_, text)| !text.trim().is_empty()).or(summary).unwrap_or_default();
    let time = entry.updated.or(entry.published);
    let mut digest = Sha256::new();
    for part in [title.as_deref().unwrap_or_default(), link.as_ref().map_or("", Url::as_str), &media_type, &text] {
        digest.update((part.len() as u64).to_le_bytes());
        digest.update(part);
    }
    digest.update(time.map_or(0, |time| time.timestamp_millis()).to_le_bytes());
    Item {
        id: format!("{} {}", super::name(feed), entry.id),
        title,
        link,
        file_name: if media_type.starts_with("text/plain") { "entry.txt" } else { "entry.html" },
        text,
        modified_at: time.and_then(|time| Timestamp::from_millisecond(time.timestamp_millis()).ok()),
        revision: digest.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items(text: &str) -> Vec<Item> {
        read(&"http://x.org/feed".parse().unwrap(), text.as_bytes()).unwrap()
    }

    #[test]
    fn every_kind_of_feed_is_read() {
        let rss = r#"<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel><title>c</title>
            <item><guid>1</guid><title>One &amp; only</title><link>/one</link><description>short</description>
            <content:encoded><![CDATA[<p>long</p>]]></content:encoded><pubDate>Tue, 24 Nov 2026 12:00:00 GMT</pubDate></item>
            <item><title>no id</title><description>plain</description></item><item/></channel></rss>"#;
        let found = items(rss);
        assert_eq!(found.len(), 2);
        let one = &found[0];
        assert_eq!(
            (one.id.as_str(), one.title.as_deref(), one.text.as_str()),
            ("http://x.org/feed 1", Some("One & only"), "<p>long</p>")
        );
        assert_eq!((one.file_name, one.link.as_ref().unwrap().as_str()), ("entry.html", "http://x.org/one"));
        assert_eq!(one.modified_at, Some("2026-11-24T12:00:00Z".parse().unwrap()));
        assert_eq!((found[1].id.as_str(), found[1].file_name), ("http://x.org/feed no id", "entry.html"));

        let atom = r#"<feed xmlns="http://www.w3.org/2005/Atom"><id>f</id><title>t</title><entry><id>urn:1</id><title>A</title>
            <link rel="enclosure" href="/a.mp3"/><link href="/a"/><updated>2026-11-24T12:00:00Z</updated>
            <content type="html">&lt;b&gt;bold&lt;/b&gt;</content></entry></feed>"#;
        let found = items(atom);
        assert_eq!(
            (found[0].text.as_str(), found[0].link.as_ref().unwrap().as_str()),
            ("<b>bold</b>", "http://x.org/a")
        );

        let json = r#"{"version":"https://jsonfeed.org/version/1.1","title":"j","items":[{"id":"9","content_text":"words","url":"http://x.org/9"}]}"#;
        let item = &items(json)[0];
        assert_eq!(
            (item.id.as_str(), item.text.as_str(), item.file_name),
            ("http://x.org/feed 9", "words", "entry.txt")
        );
        assert!(read(&"http://x.org/".parse().unwrap(), b"<html>no feed</html>").is_err());
    }

    #[test]
    fn any_change_makes_another_revision() {
        let entry = |title: &str, text: &str, time: &str| {
            let feed = format!(
                "<feed xmlns='http://www.w3.org/2005/Atom'><entry><id>1</id><title>{title}</title><updated>{time}</updated><content>{text}</content></entry></feed>"
            );
            items(&feed)[0].revision.clone()
        };
        let now = "2026-11-24T12:00:00Z";
        let first = entry("a", "b", now);
        assert_eq!(first, entry("a", "b", now));
        for other in [entry("ab", "", now), entry("a", "c", now), entry("a", "b", "2026-11-24T12:00:01Z")] {
            assert_ne!(first, other);
        }
    }
}
