//! Reads what an HTML page says to crawlers: its links, its canonical address, and whether it wants to be indexed.
//!
//! With the tokenizer of html5ever alone, the parser that documents are read with: it sees what a browser sees (no links in
//! comments and scripts, entities decoded) and builds no tree, so that its memory is the links it finds.

use std::cell::RefCell;

use html5ever::{
    Attribute,
    tendril::StrTendril,
    tokenizer::{
        BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
        states::{Rawtext, Rcdata, ScriptData},
    },
};
use url::Url;

use crate::robots::AGENT;

/// Most links of one page.
const MOST_LINKS: usize = 2_000;

/// What a page says to crawlers.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Signals {
    /// In the order of the page, as they stand after resolving.
    pub(super) links: Vec<Url>,
    pub(super) canonical: Option<Url>,
    pub(super) wishes: Wishes,
}

/// What a page asks of those who index it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Wishes {
    pub(super) no_index: bool,
    pub(super) no_follow: bool,
}

impl Wishes {
    /// `noindex, nofollow` in a meta tag, or `footnote: noindex` in an `X-Robots-Tag`.
    pub(super) fn add(&mut self, text: &str) {
        let text = text.to_lowercase();
        let words = match text.split_once(':') {
            // `unavailable_after: <date>` and `max-snippet: 20` name no crawler.
            Some((agent, rest)) if !agent.contains([',', '_', '-']) => {
                if agent.trim() != AGENT {
                    return;
                }
                rest
            }
            _ => &text,
        };
        for word in words.split(',').map(str::trim) {
            self.no_index |= matches!(word, "noindex" | "none");
            self.no_follow |= matches!(word, "nofollow" | "none");
        }
    }
}

/// The signals of the page at `url`.
pub(super) fn read(url: &Url, html: &str) -> Signals {
    let sink = Sink(RefCell::new((Signals::default(), url.clone())));
    let input = BufferQueue::default();
    // Tendrils hold at most 4 GB; pages are far smaller.
    input.push_back(StrTendril::from_slice(html));
    let tokenizer = Tokenizer::new(sink, TokenizerOpts::default());
    let _ = tokenizer.feed(&input);
    tokenizer.end();
    let Sink(found) = tokenizer.sink;
    let (signals, _) = found.into_inner();
    if signals.wishes.no_follow { Signals { links: Vec::new(), ..signals } } else { signals }
}

/// The signals so far, and the address that links are relative to.
struct Sink(RefCell<(Signals, Url)>);

impl TokenSink for Sink {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let Token::TagToken(tag) = token else { return TokenSinkResult::Continue };
        if tag.kind != TagKind::StartTag {
            return TokenSinkResult::Continue;
        }
        let (signals, base) = &mut *self.0.borrow_mut();
        signals.note(&tag, base);
        match &*tag.name {
            "script" => TokenSinkResult::RawData(ScriptData),
            "style" | "xmp" | "iframe" | "noembed" | "noframes" => TokenSinkResult::RawData(Rawtext),
            "title" | "textarea" => TokenSinkResult::RawData(Rcdata),
            _ => TokenSinkResult::Continue,
        }
    }
}

impl Signals {
    fn note(&mut self, tag: &Tag, base: &mut Url) {
        let value = |name: &str| value(&tag.attrs, name);
        let rel_has = |word: &str| {
            value("rel").is_some_and(|rel| rel.split_whitespace().any(|rel| rel.eq_ignore_ascii_case(word)))
        };
        let target = value("href").and_then(|href| base.join(href.trim()).ok());
        match &*tag.name {
            "a" | "area" if !rel_has("nofollow") => self.links.extend(target.filter(|_| self.links.len() < MOST_LINKS)),
            "base" => *base = target.unwrap_or_else(|| base.clone()),
            "link" if rel_has("canonical") => self.canonical = self.canonical.take().or(target),
            "meta" => {
                let content = value("content").unwrap_or_default();
                match (
                    value("name").map(str::to_lowercase).as_deref(),
                    value("http-equiv").map(str::to_lowercase).as_deref(),
                ) {
                    (Some("robots" | AGENT), _) => self.wishes.add(content),
                    (_, Some("refresh")) => self.links.extend(refresh(content).and_then(|to| base.join(to).ok())),
                    _ => {}
                }
            }
            _ => {}
        }
    }
}

fn value<'a>(attributes: &'a [Attribute], name: &str) -> Option<&'a str> {
    attributes.iter().find(|attribute| &*attribute.name.local == name).map(|attribute| &*attribute.value)
}

/// The address in `5; url='/next'`.
fn refresh(content: &str) -> Option<&str> {
    let (_, rest) = content.split_once([';', ','])?;
    let (name, to) = rest.split_once('=')?;
    name.trim().eq_ignore_ascii_case("url").then(|| to.trim().trim_matches(['\'', '"']))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signals(html: &str) -> Signals {
        read(&"http://x.org/dir/page".parse().unwrap(), html)
    }

    fn links(html: &str) -> Vec<String> {
        signals(html).links.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn links_are_what_a_browser_would_follow() {
        let html = r##"<!-- <a href="/comment"> --><script>document.write('<a href="/script">')</script>
            <title><a href="/title"></title><A HREF=other?a=1&amp;b=2>x</A><area href="#part">
            <a rel="noopener NoFollow" href="/paid">y</a><a href="mailto:a@x.org">m</a><a name="here">
            <meta http-equiv=Refresh content="3; URL='/next'"><style><a href="/style"></style>"##;
        let expected =
            ["http://x.org/dir/other?a=1&b=2", "http://x.org/dir/page#part", "mailto:a@x.org", "http://x.org/next"];
        assert_eq!(links(html), expected);
        assert_eq!(links("<base href='/other/'><a href=z>"), ["http://x.org/other/z"]);
        assert_eq!(links(&"<a href=/x>".repeat(3_000)).len(), MOST_LINKS);
    }

    #[test]
    fn wishes_are_read_from_meta_tags_for_all_and_for_us() {
        let wishes = |html: &str| signals(html).wishes;
        let (index, follow) =
            (Wishes { no_index: true, ..Wishes::default() }, Wishes { no_follow: true, ..Wishes::default() });
        assert_eq!(wishes("<meta name=ROBOTS content='NoIndex, follow'>"), index);
        assert_eq!(wishes("<meta name=footnote content=nofollow>"), follow);
        assert_eq!(wishes("<meta name=otherbot content=none>"), Wishes::default());
        assert_eq!(wishes("<meta name=robots content=none>"), Wishes { no_index: true, no_follow: true });
        assert!(links("<a href=/x><meta name=robots content=nofollow>").is_empty());
        let header = |text: &str| {
            let mut wishes = Wishes::default();
            wishes.add(text);
            wishes
        };
        assert_eq!(header("noindex"), index);
        assert_eq!(header("footnote: nofollow"), follow);
        assert_eq!(header("otherbot: noindex"), Wishes::default());
        assert_eq!(header("max-snippet: 20, noindex"), index);
    }

    #[test]
    fn the_first_canonical_address_counts() {
        let html = "<link rel=stylesheet href=/s><link rel=canonical href='../a'><link rel=canonical href=/b>";
        assert_eq!(signals(html).canonical.unwrap().as_str(), "http://x.org/a");
        assert_eq!(signals("<link rel=canonical>").canonical, None);
    }
}
