//! Mailboxes as a source: a document for each message, as it was sent.

mod connect;
mod names;
mod session;

use std::collections::{BTreeMap, BTreeSet};

use async_stream::try_stream;
use domain::{Batch, Change, Connector, Cursor, EngineError, EngineResult, Principal, RawDocument, Since};
use futures::{Stream, stream::BoxStream};
use globset::{Glob, GlobSet, GlobSetBuilder};
use schemars::JsonSchema;
use serde::Deserialize;
use url::Url;

use connect::{Address, Login};
use session::{Mailbox, Message, Session};

use crate::{
    Parts, Secret, SourceConfig,
    oauth::OAuth,
    steps::{Step, batches},
};

/// Messages fetched by one command, and their bytes unless one alone has more.
const CHUNK: usize = 16;
const CHUNK_BYTES: u64 = 8 << 20;

/// Settings of an IMAP source.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ImapConfig {
    /// The server: `imap.example.org`.
    pub host: String,
    /// 993, or 143 without implicit TLS, when empty.
    #[serde(default)]
    pub port: Option<u16>,
    /// How the connection is protected.
    #[serde(default)]
    pub tls: Tls,
    /// Certificate of the authority that the server's certificate is checked against, in PEM; the machine's own when empty.
    #[serde(default)]
    pub ca_certificate: Option<String>,
    /// Who logs in.
    pub user: String,
    /// Their password, or an app password.
    #[serde(default)]
    pub password: Option<Secret>,
    /// A token instead of the password (XOAUTH2).
    #[serde(default)]
    pub oauth: Option<ImapOAuth>,
    /// Mailboxes to read: `INBOX`, `Projects/**`. When empty, all but drafts, junk, trash, and those that show what others hold.
    #[serde(default)]
    pub mailboxes: Vec<String>,
    /// The e-mail address of the mailbox's owner, who alone may read it. When empty, the source's access rule holds.
    #[serde(default)]
    pub owner: Option<String>,
    /// Largest message that is read, in bytes.
    #[serde(default = "default_max_message_bytes")]
    pub max_message_bytes: u64,
}

/// Where tokens come from, by client credentials.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ImapOAuth {
    /// `https://login.microsoftonline.com/TENANT/oauth2/v2.0/token`
    pub token_url: String,
    pub client_id: String,
    pub client_secret: Secret,
    /// `https://outlook.office365.com/.default`
    #[serde(default)]
    pub scope: Option<String>,
}

/// How the connection is protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Tls {
    /// TLS from the start.
    #[default]
    Implicit,
    /// TLS by the command STARTTLS.
    Starttls,
    /// None, for a server on this machine.
    Off,
}

fn default_max_message_bytes() -> u64 {
    32 << 20
}

impl SourceConfig for ImapConfig {
    const KIND: &'static str = "imap";
    const TITLE: &'static str = "Mailbox (IMAP)";
    const SEES_READERS: bool = true;

    fn open(self, parts: Parts) -> EngineResult<Box<dyn Connector>> {
        let owner = self.owner.as_deref().map(str::trim).filter(|owner| !owner.is_empty());
        let readers = match owner {
            Some(owner) if owner.contains('@') => vec![Principal::user(owner)],
            Some(_) => return Err(EngineError::give_up("imap: `owner` is no e-mail address")),
            None => parts.rule(Self::TITLE)?,
        };
        let login = match (&self.password, &self.oauth) {
            (Some(password), None) => Login::Password(password.clone()),
            (None, Some(oauth)) => {
                let url = Url::parse(&oauth.token_url);
                let url = url.map_err(|error| EngineError::give_up(format!("imap: oauth.token_url: {error}")))?;
                Login::OAuth(Box::new(OAuth::new(
                    &parts,
                    url,
                    &oauth.client_id,
                    oauth.client_secret.clone(),
                    oauth.scope.as_deref(),
                )))
            }
            _ => return Err(EngineError::give_up("imap: give either `password` or `oauth`")),
        };
        let mut patterns = GlobSetBuilder::new();
        let wrong = |error: globset::Error| EngineError::give_up(format!("imap: mailboxes: {error}"));
        for pattern in &self.mailboxes {
            patterns.add(Glob::new(pattern).map_err(wrong)?);
        }
        let patterns = patterns.build().map_err(wrong)?;
        let address = Address::new(&self, login, parts.http.guard().clone())?;
        Ok(Box::new(ImapConnector { address, user: self.user, patterns, readers, most_bytes: self.max_message_bytes }))
    }
}

struct ImapConnector {
    address: Address,
    user: String,
    /// All mailboxes but those set aside when empty.
    patterns: GlobSet,
    readers: Vec<Principal>,
    most_bytes: u64,
}

/// A message's number never stands for another message, so one revision is enough.
const REVISION: &str = "1";

impl Connector for ImapConnector {
    fn changes(&self, since: Since) -> BoxStream<'_, EngineResult<Batch>> {
        batches(since.cursor.clone(), self.steps(since))
    }
}

impl ImapConnector {
    /// The cursor holds each mailbox's mark and how many messages it had. One that has both still, and whose messages
    /// are all held, is not listed again.
    fn steps(&self, since: Since) -> impl Stream<Item = EngineResult<Step>> + Send + '_ {
        try_stream! {
            let cursor = since.cursor.as_ref();
            let mut marks: BTreeMap<String, (String, usize)> =
                cursor.and_then(|cursor| serde_json::from_str(&cursor.0).ok()).unwrap_or_default();
            let mut session = Session::open(&self.address).await?;
            let mailboxes = self.mailboxes(&mut session).await?;
            marks.retain(|name, _| mailboxes.iter().any(|mailbox| mailbox.name == *name));
            let mut listing = Vec::new();
            for Mailbox { name, .. } in &mailboxes {
                let state = match session.examine(name).await {
                    Ok(state) => state,
                    Err(error) if !error.retryable => {
                        // What is held of it may still exist.
                        for external_id in since.ids().filter(|id| is_in(id, name)) {
                            listing.push(external_id.clone());
                            let readers = self.readers.clone();
                            yield Step::Change(Change::Access { external_id: external_id.clone(), readers });
                        }
                        let external_id = format!("mailbox {name}");
                        listing.push(external_id.clone());
                        let reason = format!("cannot be opened: {error}");
                        yield Step::Change(Change::Failed { external_id, reason, readers: None });
                        continue;
                    }
                    Err(error) => Err(error)?,
                };
                let prefix = format!("{name}/{}/", state.validity);
                let held = held(&since, &prefix);
                let mark = state.mark();
                if mark.is_some() && marks.get(name) == mark.clone().map(|mark| (mark, held.len())).as_ref() {
                    for uid in held {
                        let external_id = format!("{prefix}{uid}");
                        listing.push(external_id.clone());
                        yield Step::Change(Change::Unchanged { external_id, readers: self.readers.clone() });
                    }
                    continue;
                }
                let messages = session.messages(&state).await?;
                let mut wanted = Vec::new();
                for (uid, bytes) in &messages {
                    let external_id = format!("{prefix}{uid}");
                    listing.push(external_id.clone());
                    let readers = self.readers.clone();
                    if held.contains(uid) {
                        yield Step::Change(Change::Unchanged { external_id, readers });
                    } else if *bytes > self.most_bytes {
                        let reason = format!("it has {bytes} bytes, over the limit of {}", self.most_bytes);
                        yield Step::Change(Change::Failed { external_id, reason, readers: Some(readers) });
                    } else {
                        wanted.push((*uid, *bytes));
                    }
                }
                for (uids, bytes) in chunks(&wanted) {
                    let mut fetched = session.fetch(&uids, bytes).await?;
                    for uid in uids {
                        if let Some(message) = fetched.remove(&uid) {
                            yield Step::Change(self.change(name, state.validity, uid, message));
                        }
                    }
                }
                if let Some(mark) = mark {
                    marks.insert(name.clone(), (mark, messages.len()));
                    yield Step::Reached(Cursor(serde_json::to_string(&marks).unwrap_or_default()));
                }
            }
            session.close().await;
            if listing.is_empty() {
                Err(EngineError::give_up(format!("read mail at {}: there are no messages; nothing is changed", self.address.host)))?;
            }
            yield Step::Listed(listing);
        }
    }

    async fn mailboxes(&self, session: &mut Session) -> EngineResult<Vec<Mailbox>> {
        let mut mailboxes = session.mailboxes().await?;
        mailboxes.retain(|mailbox| {
            if self.patterns.is_empty() {
                !mailbox.is_aside
            } else {
                self.patterns.is_match(names::decode(&mailbox.name))
            }
        });
        if mailboxes.is_empty() {
            return Err(EngineError::give_up(format!("list mailboxes at {}: none matches", self.address.host)));
        }
        Ok(mailboxes)
    }

    fn change(&self, mailbox: &str, validity: u32, uid: u32, message: Message) -> Change {
        let external_id = format!("{mailbox}/{validity}/{uid}");
        let readers = self.readers.clone();
        if message.bytes.len() as u64 > self.most_bytes {
            let reason = format!("it has {} bytes, over the limit of {}", message.bytes.len(), self.most_bytes);
            return Change::Failed { external_id, reason, readers: Some(readers) };
        }
        Change::Upsert(RawDocument {
            external_id,
            uri: uri(&self.user, &self.address.host, mailbox, validity, uid),
            title: None,
            file_name: "message.eml".into(),
            bytes: message.bytes,
            readers,
            modified_at: message.arrived,
            revision: Some(REVISION.into()),
        })
    }
}

/// Whether a message is in the mailbox itself, not in one below it.
fn is_in(external_id: &str, mailbox: &str) -> bool {
    let numbers = external_id.strip_prefix(mailbox).and_then(|rest| rest.strip_prefix('/')?.split_once('/'));
    numbers.is_some_and(|(validity, uid)| validity.parse::<u32>().is_ok() && uid.parse::<u32>().is_ok())
}

/// The numbers of the messages that are held of a mailbox.
fn held(since: &Since, prefix: &str) -> BTreeSet<u32> {
    let ids = since.ids().filter(|id| since.holds(id, REVISION));
    ids.filter_map(|id| id.strip_prefix(prefix)?.parse().ok()).collect()
}

/// Groups of a bounded number of messages and bytes.
fn chunks(wanted: &[(u32, u64)]) -> Vec<(Vec<u32>, u64)> {
    let mut chunks: Vec<(Vec<u32>, u64)> = Vec::new();
    for (uid, bytes) in wanted {
        match chunks.last_mut().filter(|(uids, sum)| uids.len() < CHUNK && sum + bytes <= CHUNK_BYTES) {
            Some((uids, sum)) => {
                uids.push(*uid);
                *sum += bytes;
            }
            None => chunks.push((vec![*uid], *bytes)),
        }
    }
    chunks
}

/// The message's address (RFC 5092).
fn uri(user: &str, host: &str, mailbox: &str, validity: u32, uid: u32) -> String {
    let encode =
        |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20");
    format!("imap://{}@{host}/{};UIDVALIDITY={validity}/;UID={uid}", encode(user), encode(&names::decode(mailbox)))
}

#[cfg(test)]
mod conformance;
#[cfg(test)]
mod server;
#[cfg(test)]
mod tests;
