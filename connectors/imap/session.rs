//! The commands that are sent. Every answer is read up to the line that says how the command ended: a listing that
//! broke off must not look like a short one.
//!
//! RFC 3501 (LIST, EXAMINE, UID FETCH), RFC 6154 (special uses), RFC 7162 (HIGHESTMODSEQ).

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use async_imap::{
    error::Error,
    imap_proto::{AttributeValue, MailboxDatum, NameAttribute, Response, ResponseCode, Status},
};
use domain::{EngineError, EngineResult};
use jiff::Timestamp;

use super::connect::{Address, Opened, Wire};

/// Longest silence while an answer is read.
const PATIENCE: Duration = Duration::from_secs(120);
/// Most messages of a mailbox: how long its listing may be is not for the server to say.
const MOST_MESSAGES: u32 = 1_000_000;
/// Bytes of an answer beside what was asked for.
const SPARE_BYTES: u64 = 4 << 20;

/// A session with a server.
pub(super) struct Session {
    inner: async_imap::Session<Wire>,
    left: Arc<AtomicU64>,
    host: String,
}

/// A mailbox that can be opened.
pub(super) struct Mailbox {
    /// As the server writes it.
    pub(super) name: String,
    /// Whether it holds what was thrown away, is unfinished, or shows what others hold.
    pub(super) is_aside: bool,
}

/// A mailbox's state as it is opened.
#[derive(Default)]
pub(super) struct State {
    pub(super) validity: u32,
    pub(super) messages: u32,
    next: u32,
    modseq: Option<u64>,
}

impl State {
    /// The same as long as no message was added, deleted or flagged; `None` where the server cannot say.
    pub(super) fn mark(&self) -> Option<String> {
        Some(format!("{}.{}.{}.{}", self.validity, self.next, self.messages, self.modseq?))
    }
}

/// A message as it was sent.
pub(super) struct Message {
    pub(super) bytes: Vec<u8>,
    pub(super) arrived: Option<Timestamp>,
}

impl Session {
    pub(super) async fn open(address: &Address) -> EngineResult<Self> {
        let (inner, left): Opened = address.open().await?;
        Ok(Self { inner, left, host: address.host.clone() })
    }

    pub(super) async fn mailboxes(&mut self) -> EngineResult<Vec<Mailbox>> {
        let mut mailboxes = Vec::new();
        self.command("LIST \"\" \"*\"", 16 << 20, |response| {
            let Response::MailboxData(MailboxDatum::List(listed)) = response else { return };
            let is_closed = |attribute: &NameAttribute| match attribute {
                NameAttribute::NoSelect => true,
                NameAttribute::Extension(name) => name.eq_ignore_ascii_case("\\NonExistent"),
                _ => false,
            };
            let is_aside = |attribute: &NameAttribute| {
                use NameAttribute::{All, Drafts, Flagged, Junk, Trash};
                matches!(attribute, All | Drafts | Flagged | Junk | Trash)
            };
            if !listed.name_attributes.iter().any(is_closed) {
                let is_aside = listed.name_attributes.iter().any(is_aside);
                mailboxes.push(Mailbox { name: listed.name.to_string(), is_aside });
            }
        })
        .await?;
        Ok(mailboxes)
    }

    /// Opens a mailbox for reading only.
    pub(super) async fn examine(&mut self, name: &str) -> EngineResult<State> {
        if name.contains(['\r', '\n', '\0']) {
            return Err(EngineError::give_up("open a mailbox: its name is not a line"));
        }
        let quoted = name.replace('\\', "\\\\").replace('"', "\\\"");
        let mut state = State::default();
        self.command(&format!("EXAMINE \"{quoted}\""), 0, |response| match response {
            Response::MailboxData(MailboxDatum::Exists(count)) => state.messages = *count,
            Response::Data { outcome, .. } => match &outcome.code {
                Some(ResponseCode::UidValidity(validity)) => state.validity = *validity,
                Some(ResponseCode::UidNext(next)) => state.next = *next,
                Some(ResponseCode::HighestModSeq(modseq)) => state.modseq = Some(*modseq),
                _ => {}
            },
            _ => {}
        })
        .await?;
        if state.messages > MOST_MESSAGES {
            let count = state.messages;
            return Err(EngineError::give_up(format!(
                "it says that it holds {count} messages, over the limit of {MOST_MESSAGES}"
            )));
        }
        if state.validity == 0 {
            return Err(EngineError::give_up("it gives its messages no lasting numbers"));
        }
        Ok(state)
    }

    /// The open mailbox's messages, by UID, with their sizes. What is marked as deleted is left out.
    pub(super) async fn messages(&mut self, state: &State) -> EngineResult<BTreeMap<u32, u64>> {
        let (mut messages, mut seen, mut expunged) = (BTreeMap::new(), 0_u32, 0_u32);
        if state.messages == 0 {
            return Ok(messages);
        }
        let most = u64::from(state.messages) * 200;
        self.command("UID FETCH 1:* (UID FLAGS RFC822.SIZE)", most, |response| match response {
            Response::Expunge(_) => expunged += 1,
            Response::Fetch(_, attributes) => {
                let (mut uid, mut size, mut is_deleted) = (None, None, false);
                for attribute in attributes {
                    match attribute {
                        AttributeValue::Uid(number) => uid = Some(*number),
                        AttributeValue::Rfc822Size(bytes) => size = Some(u64::from(*bytes)),
                        AttributeValue::Flags(flags) => {
                            is_deleted = flags.iter().any(|flag| flag.eq_ignore_ascii_case("\\Deleted"));
                        }
                        _ => {}
                    }
                }
                if let (Some(uid), Some(size)) = (uid, size) {
                    seen += 1;
                    if !is_deleted {
                        messages.insert(uid, size);
                    }
                }
            }
            _ => {}
        })
        .await?;
        if seen.saturating_add(expunged) < state.messages {
            return Err(EngineError::retry(format!(
                "list a mailbox of {}: it names {seen} of {} messages",
                self.host, state.messages
            )));
        }
        Ok(messages)
    }

    /// Messages of the open mailbox by UID, `bytes` altogether; those that are gone are left out.
    pub(super) async fn fetch(&mut self, uids: &[u32], bytes: u64) -> EngineResult<HashMap<u32, Message>> {
        let mut messages = HashMap::new();
        let list: Vec<_> = uids.iter().map(ToString::to_string).collect();
        let command = format!("UID FETCH {} (UID INTERNALDATE BODY.PEEK[])", list.join(","));
        self.command(&command, bytes, |response| {
            let Response::Fetch(_, attributes) = response else { return };
            let (mut uid, mut body, mut arrived) = (None, None, None);
            for attribute in attributes {
                match attribute {
                    AttributeValue::Uid(number) => uid = Some(*number),
                    AttributeValue::BodySection { section: None, data: Some(data), .. } => body = Some(data.to_vec()),
                    AttributeValue::InternalDate(date) => arrived = time(date),
                    _ => {}
                }
            }
            if let (Some(uid), Some(bytes)) = (uid, body) {
                messages.insert(uid, Message { bytes, arrived });
            }
        })
        .await?;
        Ok(messages)
    }

    pub(super) async fn close(mut self) {
        let _ = self.command("LOGOUT", 0, |_| ()).await;
    }

    /// Sends a command and reads to its end; `most_bytes` beside what every answer may have.
    async fn command(
        &mut self,
        command: &str,
        most_bytes: u64,
        mut each: impl FnMut(&Response<'_>) + Send,
    ) -> EngineResult<()> {
        self.left.store(most_bytes.saturating_mul(2) + SPARE_BYTES, Ordering::Relaxed);
        let what = command.split(' ').take(2).collect::<Vec<_>>().join(" ");
        let id = self.inner.run_command(command).await.map_err(|error| failure(&self.host, &what, error))?;
        loop {
            let late = |_| EngineError::retry(format!("{what} at {}: no answer in {PATIENCE:?}", self.host));
            let response = tokio::time::timeout(PATIENCE, self.inner.read_response()).await.map_err(late)?;
            let response = response.map_err(|error| failure(&self.host, &what, error.into()))?;
            let response = response.ok_or_else(|| failure(&self.host, &what, Error::ConnectionLost))?;
            match response.parsed() {
                Response::Done { tag, status, outcome } if *tag == id => {
                    let said = outcome.information.as_deref().unwrap_or_default().chars().take(200).collect();
                    return match status {
                        Status::Ok => Ok(()),
                        Status::No => Err(failure(&self.host, &what, Error::No(said))),
                        _ => Err(failure(&self.host, &what, Error::Bad(said))),
                    };
                }
                Response::Data { status: Status::Bye, outcome } if what != "LOGOUT" => {
                    let said = outcome.information.as_deref().unwrap_or_default();
                    return Err(EngineError::retry(format!("{what} at {}: it says good-bye: {said}", self.host)));
                }
                response => each(response),
            }
        }
    }
}

/// `17-Jul-1996 02:44:25 -0700`
fn time(date: &str) -> Option<Timestamp> {
    jiff::Zoned::strptime("%d-%b-%Y %H:%M:%S %z", date.trim()).map(|time| time.timestamp()).ok()
}

/// Retryable when the connection was at fault.
pub(super) fn failure(host: &str, what: &str, error: Error) -> EngineError {
    match error {
        Error::Io(_) | Error::ConnectionLost | Error::Parse(_) => {
            EngineError::retry(format!("{what} at {host}: {error}"))
        }
        Error::No(said) => EngineError::give_up(format!("{what} at {host}: refused: {said}")),
        error => EngineError::give_up(format!("{what} at {host}: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read() {
        assert_eq!(time("17-Jul-1996 02:44:25 -0700"), "1996-07-17T09:44:25Z".parse().ok());
        assert_eq!(time(" 7-Jul-1996 02:44:25 +0000"), "1996-07-07T02:44:25Z".parse().ok());
        assert_eq!(time("yesterday"), None);
    }
}
