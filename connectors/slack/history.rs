//! Walks through a channel from its newest day to older ones.

use std::{collections::VecDeque, ops::Range};

use domain::EngineResult;

use super::client::{Client, Message};
use crate::pages::Pages;

pub(super) const DAY_SECS: i64 = 24 * 60 * 60;

/// Most bytes of text kept of a day's messages that began no thread.
const MOST_BYTES: usize = 8 << 20;

/// What a channel holds of a day (UTC).
pub(super) struct Day {
    /// Days since 1970.
    pub(super) number: i64,
    /// Oldest first: messages that nobody replied to, and the first ones of threads.
    pub(super) loose: Vec<Message>,
    pub(super) threads: Vec<Message>,
}

/// A walk in progress.
pub(super) struct Walk<'a> {
    client: &'a Client,
    channel: &'a str,
    /// Days still to come; the end is excluded.
    days: Range<i64>,
    ahead: VecDeque<(i64, Message)>,
    next: Option<String>,
    pages: Pages,
    is_over: bool,
}

impl<'a> Walk<'a> {
    pub(super) fn new(client: &'a Client, channel: &'a str, days: Range<i64>) -> Self {
        let (ahead, next, pages) = (VecDeque::new(), None, Pages::default());
        Self { client, channel, days, ahead, next, pages, is_over: false }
    }

    /// The next older day that holds anything.
    pub(super) async fn next(&mut self) -> EngineResult<Option<Day>> {
        let mut day: Option<Day> = None;
        let mut bytes = 0;
        loop {
            if self.ahead.is_empty() && !self.is_over {
                self.turn_page().await?;
                continue;
            }
            let number = self.ahead.front().map(|(number, _)| *number);
            if day.as_ref().is_some_and(|day| Some(day.number) != number) || number.is_none() {
                break;
            }
            let Some((number, message)) = self.ahead.pop_front() else { break };
            let day = day.get_or_insert_with(|| Day { number, loose: Vec::new(), threads: Vec::new() });
            if message.reply_count > 0 {
                day.threads.push(message);
            } else if bytes < MOST_BYTES {
                bytes += message.text.len();
                day.loose.push(message);
            }
        }
        if let Some(day) = &mut day {
            self.days.end = day.number;
            day.loose.reverse();
            day.threads.reverse();
        }
        Ok(day)
    }

    async fn turn_page(&mut self) -> EngineResult<()> {
        let latest = (self.days.end < i64::MAX).then_some(self.days.end.saturating_mul(DAY_SECS));
        // Positions belong to the bounds that they were asked with.
        let bounds = (self.days.start * DAY_SECS, self.next.is_none().then_some(latest).flatten());
        let page = self.client.history(self.channel, bounds, self.next.as_deref()).await?;
        for message in page.items {
            if let Some(number) = day(&message.ts).filter(|number| self.days.contains(number) && is_said(&message)) {
                self.ahead.push_back((number, message));
            }
        }
        match &page.next {
            Some(next) => self.pages.next("a Slack channel", next)?,
            None => self.is_over = true,
        }
        self.next = page.next;
        Ok(())
    }
}

/// The day of a message, by its id.
pub(super) fn day(ts: &str) -> Option<i64> {
    let (seconds, micros) = ts.split_once('.')?;
    let is_number = |text: &str| !text.is_empty() && text.len() <= 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    (is_number(seconds) && is_number(micros)).then(|| seconds.parse::<i64>().ok())?.map(|seconds| seconds / DAY_SECS)
}

/// Whether people said it, in the channel itself: no joining and leaving, no reply shown in the channel as well.
fn is_said(message: &Message) -> bool {
    let is_reply = message.thread_ts.as_ref().is_some_and(|thread| *thread != message.ts);
    let kind = message.subtype.as_deref().unwrap_or_default();
    let is_notice = kind.starts_with("channel_") || kind.starts_with("group_");
    let is_gone = kind == "tombstone" && message.reply_count == 0;
    !is_reply && !is_notice && !is_gone
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_time_is_a_message_id() {
        assert_eq!(day("1512085950.000216"), Some(17_500));
        for ts in ["", "1512085950", "1.", ".1", "-1.0", "../1.0", "99999999999999999999.1"] {
            assert_eq!(day(ts), None, "{ts}");
        }
    }

    #[test]
    fn notices_and_replies_are_not_said_in_the_channel() {
        let message = |subtype: Option<&str>, thread: Option<&str>| Message {
            ts: "1.0".into(),
            subtype: subtype.map(Into::into),
            thread_ts: thread.map(Into::into),
            ..Message::default()
        };
        assert!(is_said(&message(None, None)) && is_said(&message(Some("bot_message"), Some("1.0"))));
        assert!(!is_said(&message(Some("channel_join"), None)));
        assert!(!is_said(&message(Some("thread_broadcast"), Some("0.5"))));
    }
}
