//! Writes messages as plain text: names for ids, labels for links.
//!
//! Markup: <https://docs.slack.dev/messaging/formatting-message-text>.

use jiff::Timestamp;

use super::client::Message;

/// Most bytes of a document's text; the rest of a longer one is left out, and the text says so.
const MOST_BYTES: usize = 4 << 20;

/// The names of people.
pub(super) trait Names {
    fn name(&self, id: &str) -> Option<&str>;
}

/// Messages one after the other, each under its author and time.
pub(super) fn transcript(messages: &[Message], names: &impl Names) -> String {
    let mut text = String::new();
    for message in messages {
        let author = message.user.as_deref().map(|id| names.name(id).unwrap_or(id)).or(message.username.as_deref());
        let time = instant(&message.ts).map(|time| time.strftime("%Y-%m-%d %H:%M").to_string());
        let entry = format!(
            "{} ({}):\n{}\n\n",
            author.unwrap_or("Somebody"),
            time.unwrap_or_default(),
            plain(&body(message), names)
        );
        if text.len() + entry.len() > MOST_BYTES {
            text.push_str("(The messages after this one are left out: there are too many.)\n");
            break;
        }
        text.push_str(&entry);
    }
    text
}

/// The beginning of a message in one line.
pub(super) fn summary(message: &Message, names: &impl Names) -> String {
    let text = plain(&body(message), names);
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= 80 { line } else { line.chars().take(79).chain(['…']).collect() }
}

/// When a message was written; its id is that time.
pub(super) fn instant(ts: &str) -> Option<Timestamp> {
    let (seconds, micros) = ts.split_once('.')?;
    Timestamp::new(seconds.parse().ok()?, micros.parse::<i32>().ok()?.checked_mul(1_000)?).ok()
}

/// Text, what is attached in words, and the names of files.
fn body(message: &Message) -> String {
    let attached = message.attachments.iter().flat_map(|attachment| {
        let text = attachment.text.as_ref().or(attachment.fallback.as_ref());
        [attachment.title.as_ref(), text].into_iter().flatten().cloned()
    });
    let files = message.files.iter().filter_map(|file| file.title.as_ref().or(file.name.as_ref()));
    let files = files.map(|name| format!("[File: {name}]"));
    let parts = std::iter::once(message.text.clone()).chain(attached).chain(files).filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join("\n")
}

fn plain(marked: &str, names: &impl Names) -> String {
    let mut text = String::with_capacity(marked.len());
    let mut rest = marked;
    while let Some((before, after)) = rest.split_once('<') {
        text.push_str(before);
        let Some((inside, after)) = after.split_once('>') else {
            text.push('<');
            rest = after;
            continue;
        };
        text.push_str(&reference(inside, names));
        rest = after;
    }
    text.push_str(rest);
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

/// What stands between angle brackets: `@U1`, `#C1|general`, `!here`, `https://example.org|label`.
fn reference(inside: &str, names: &impl Names) -> String {
    let (target, label) = inside.split_once('|').map_or((inside, None), |(target, label)| (target, Some(label)));
    match target.split_at_checked(1) {
        Some(("@", id)) => format!("@{}", names.name(id).or(label).unwrap_or(id)),
        Some(("#", id)) => format!("#{}", label.filter(|label| !label.is_empty()).unwrap_or(id)),
        Some(("!", word)) => label.map_or_else(|| format!("@{word}"), str::to_owned),
        _ => label.map_or_else(|| target.to_owned(), |label| format!("{label} ({target})")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Ann;

    impl Names for Ann {
        fn name(&self, id: &str) -> Option<&str> {
            (id == "U1").then_some("Ann")
        }
    }

    #[test]
    fn markup_becomes_plain_text() {
        for (marked, text) in [
            ("<@U1> and <@U2>", "@Ann and @U2"),
            ("<#C1|general> <#C2>", "#general #C2"),
            ("<!here> <!date^1^x|today>", "@here today"),
            ("see <https://example.org/a|the page>", "see the page (https://example.org/a)"),
            ("<mailto:a@example.org>", "mailto:a@example.org"),
            ("1 &lt; 2 &amp;lt; <", "1 < 2 &lt; <"),
            ("", ""),
        ] {
            assert_eq!(plain(marked, &Ann), text, "{marked}");
        }
    }

    #[test]
    fn a_long_transcript_says_that_it_is_cut_off() {
        let message = Message { ts: "1700000000.000100".into(), text: "x".repeat(1 << 20), ..Message::default() };
        let text = transcript(&vec![message; 9], &Ann);
        assert!(text.len() < 5 << 20 && text.ends_with("there are too many.)\n"));
    }
}
