//! Reads sitemaps: XML, indexes of them, plain text, any of them gzipped ([protocol](https://www.sitemaps.org/protocol.html)).

use std::io::Read;

use flate2::read::MultiGzDecoder;
use quick_xml::{Reader, escape::resolve_xml_entity, events::Event};
use url::Url;

/// Most bytes of a sitemap once it is unpacked; the protocol's own limit.
pub(super) const MOST_BYTES: u64 = 50 << 20;

/// Most entries of a sitemap; the protocol's own limit.
const MOST_ENTRIES: usize = 50_000;

/// What a file lists.
#[derive(Debug, PartialEq)]
pub(super) enum Sitemap {
    Pages(Vec<Entry>),
    Index(Vec<Url>),
}

/// A page, and when it last changed, in the sitemap's own words.
#[derive(Debug, PartialEq)]
pub(super) struct Entry {
    pub(super) url: Url,
    pub(super) lastmod: Option<String>,
}

/// # Errors
/// Why the file cannot be read, to follow its address.
pub(super) fn read(bytes: &[u8]) -> Result<Sitemap, String> {
    let text = unpack(bytes)?;
    let start = text.trim_start_matches('\u{feff}').trim_start();
    if start.starts_with('<') { read_xml(start) } else { read_lines(start) }
}

fn unpack(bytes: &[u8]) -> Result<String, String> {
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return Ok(String::from_utf8_lossy(bytes).into_owned());
    }
    let mut unpacked = Vec::new();
    let read = MultiGzDecoder::new(bytes).take(MOST_BYTES + 1).read_to_end(&mut unpacked);
    read.map_err(|error| format!("it cannot be unpacked: {error}"))?;
    if unpacked.len() as u64 > MOST_BYTES {
        return Err(format!("unpacked it is over the limit of {MOST_BYTES} bytes"));
    }
    Ok(String::from_utf8_lossy(&unpacked).into_owned())
}

fn read_lines(text: &str) -> Result<Sitemap, String> {
    let urls: Vec<Url> = text.lines().filter_map(|line| Url::parse(line.trim()).ok()).take(MOST_ENTRIES).collect();
    if urls.is_empty() && !text.trim().is_empty() {
        return Err("it is neither XML nor a list of addresses".into());
    }
    Ok(Sitemap::Pages(urls.into_iter().map(|url| Entry { url, lastmod: None }).collect()))
}

fn read_xml(text: &str) -> Result<Sitemap, String> {
    let mut reader = Reader::from_str(text);
    let (mut is_index, mut root) = (false, None);
    let (mut entries, mut url, mut lastmod) = (Vec::new(), None, None);
    let mut words = String::new();
    loop {
        let event = reader.read_event().map_err(|error| format!("its XML is broken: {error}"))?;
        match event {
            Event::Start(tag) => {
                let name = tag.local_name().as_ref().to_owned();
                if root.is_none() {
                    is_index = name.eq_ignore_ascii_case("sitemapindex");
                    if !is_index && !name.eq_ignore_ascii_case("urlset") {
                        return Err(format!("it is no sitemap: it begins with <{name}>"));
                    }
                    root = Some(());
                }
                words.clear();
            }
            Event::Text(text) => words.push_str(&text),
            Event::CData(text) => words.push_str(&text),
            Event::GeneralRef(name) => match name.resolve_char_ref() {
                Ok(Some(letter)) => words.push(letter),
                _ => words.push_str(resolve_xml_entity(&name).unwrap_or_default()),
            },
            Event::End(tag) => match tag.local_name().as_ref() {
                // `image:loc` and its like stand for no page.
                "loc" if tag.name().prefix().is_none() => url = Url::parse(words.trim()).ok(),
                "lastmod" => lastmod = Some(words.trim().to_owned()).filter(|text| !text.is_empty()),
                "url" | "sitemap" => {
                    let lastmod = lastmod.take();
                    entries
                        .extend(url.take().filter(|_| entries.len() < MOST_ENTRIES).map(|url| Entry { url, lastmod }));
                }
                _ => {}
            },
            Event::Eof => break,
            _ => {}
        }
    }
    if root.is_none() {
        return Err("it holds no XML".into());
    }
    Ok(if is_index {
        Sitemap::Index(entries.into_iter().map(|entry| entry.url).collect())
    } else {
        Sitemap::Pages(entries)
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    const PAGES: &str = r#"<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:image="i">
        <url><loc> http://x.org/a?b=1&amp;c=&#50; </loc><lastmod>2026-11-24</lastmod>
        <image:image><image:loc>http://x.org/a.png</image:loc></image:image></url>
        <url><loc><![CDATA[http://x.org/b]]></loc></url><url><loc>nonsense</loc></url></urlset>"#;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn shown(sitemap: Sitemap) -> Vec<(String, Option<String>)> {
        match sitemap {
            Sitemap::Pages(entries) => entries.into_iter().map(|entry| (entry.url.into(), entry.lastmod)).collect(),
            Sitemap::Index(urls) => urls.into_iter().map(|url| (url.into(), None)).collect(),
        }
    }

    #[test]
    fn every_form_is_read() {
        let expected =
            [("http://x.org/a?b=1&c=2".to_owned(), Some("2026-11-24".to_owned())), ("http://x.org/b".to_owned(), None)];
        assert_eq!(shown(read(PAGES.as_bytes()).unwrap()), expected);
        assert_eq!(shown(read(&gzip(PAGES.as_bytes())).unwrap()), expected);
        assert_eq!(shown(read(b"http://x.org/a\nhttp://x.org/b\n").unwrap()).len(), 2);
        let index = "<sitemapindex><sitemap><loc>http://x.org/1.xml.gz</loc></sitemap></sitemapindex>";
        assert_eq!(read(index.as_bytes()).unwrap(), Sitemap::Index(vec!["http://x.org/1.xml.gz".parse().unwrap()]));
        assert_eq!(read(b"").unwrap(), Sitemap::Pages(Vec::new()));
    }

    #[test]
    fn what_is_no_sitemap_is_an_error() {
        for broken in
            ["<html><body>Not found</body></html>", "<urlset><url><loc>http://x.org/</url></urlset>", "Not found", "<"]
        {
            assert!(read(broken.as_bytes()).is_err(), "{broken}");
        }
        assert!(read(&gzip(&vec![b' '; 60 << 20])).is_err_and(|error| error.contains("limit")));
    }
}
