//! Makes documents of a channel's messages.

use domain::{Change, Principal, RawDocument, Since};
use jiff::Timestamp;
use url::Url;

use super::{
    access::People,
    client::{Channel, Message},
    history::{self, DAY_SECS, Day},
    text,
};
use crate::digest::digest;

/// What the documents of a channel have in common.
pub(super) struct Binder<'a> {
    pub(super) channel: &'a Channel,
    /// `https://example.slack.com/`.
    pub(super) workspace: &'a Url,
    pub(super) people: &'a People,
    pub(super) readers: &'a [Principal],
    pub(super) since: &'a Since,
}

impl Binder<'_> {
    /// The messages of a day that nobody replied to.
    pub(super) fn day(&self, day: &Day) -> Option<Change> {
        let date = Timestamp::from_second(day.number * DAY_SECS).ok()?.strftime("%Y-%m-%d").to_string();
        self.document(&date, format!("#{}, {date}", self.channel.name), &day.loose)
    }

    /// A thread, with its first message.
    pub(super) fn thread(&self, messages: &[Message]) -> Option<Change> {
        let first = messages.first()?;
        history::day(&first.ts)?;
        let title = format!("#{}: {}", self.channel.name, text::summary(first, self.people));
        self.document(&first.ts, title, messages)
    }

    fn document(&self, name: &str, title: String, messages: &[Message]) -> Option<Change> {
        let external_id = format!("{}/{name}", self.channel.id);
        let uri = permalink(self.workspace, &self.channel.id, &messages.first()?.ts)?;
        let bytes = text::transcript(messages, self.people).into_bytes();
        let revision = digest(&[title.as_bytes(), &bytes]);
        let readers = self.readers.to_vec();
        if self.since.holds(&external_id, &revision) {
            return Some(Change::Unchanged { external_id, readers });
        }
        Some(Change::Upsert(RawDocument {
            external_id,
            uri,
            title: Some(title),
            file_name: "messages.txt".into(),
            bytes,
            readers,
            modified_at: messages.last().and_then(|last| text::instant(&last.ts)),
            revision: Some(revision),
        }))
    }
}

/// The channel and day of a document, by its external id.
pub(super) fn place(external_id: &str) -> Option<(&str, i64)> {
    let (channel, name) = external_id.split_once('/')?;
    if name.contains('.') {
        return Some((channel, history::day(name)?));
    }
    let date: jiff::civil::Date = name.parse().ok()?;
    let midnight = date.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_second();
    Some((channel, midnight / DAY_SECS))
}

pub(super) fn id(change: &Change) -> Option<&str> {
    match change {
        Change::Upsert(raw) => Some(&raw.external_id),
        Change::Unchanged { external_id, .. } => Some(external_id),
        _ => None,
    }
}

/// As <https://docs.slack.dev/reference/methods/chat.getPermalink> would say, without asking for each.
fn permalink(workspace: &Url, channel: &str, ts: &str) -> Option<String> {
    let mut url = workspace.clone();
    url.path_segments_mut().ok()?.pop_if_empty().extend(["archives", channel, &format!("p{}", ts.replace('.', ""))]);
    matches!(url.scheme(), "http" | "https").then(|| url.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_external_id_tells_its_place() {
        assert_eq!(place("C1/1512085950.000216"), Some(("C1", 17_500)));
        assert_eq!(place("C1/2017-11-30"), Some(("C1", 17_500)));
        assert_eq!(place("C1"), None);
        assert_eq!(place("C1/x"), None);
    }

    #[test]
    fn links_are_those_of_the_workspace() {
        let link = permalink(&"https://ghostbusters.slack.com/".parse().unwrap(), "C1H9RESGA", "135854651.500008");
        assert_eq!(link.as_deref(), Some("https://ghostbusters.slack.com/archives/C1H9RESGA/p135854651500008"));
        assert_eq!(permalink(&"javascript:alert(1)".parse().unwrap(), "C", "1.0"), None);
    }
}
