//! Slack as a source: a document for each thread, and one a day for the other messages of a channel.

mod access;
mod client;
mod documents;
mod history;
mod place;
mod text;

use std::collections::{BTreeMap, BTreeSet};

use async_stream::try_stream;
use domain::{Batch, Change, Clock, Connector, EngineError, EngineResult, Principal, Since};
use futures::{Stream, stream::BoxStream};
use globset::{Glob, GlobSet, GlobSetBuilder};
use schemars::JsonSchema;
use serde::Deserialize;
use url::Url;

use access::People;
use client::{Channel, Client};
use documents::Binder;
use history::{DAY_SECS, Walk};
use place::{Pass, Place, Progress};

use crate::{
    Parts, Secret, SourceConfig,
    steps::{Step, batches},
};

/// Settings of a Slack source.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SlackConfig {
    /// The app's bot token, `xoxb-…`.
    pub token: Secret,
    /// Names or ids of the channels to read, `team-*` for several; every channel the app is a member of when empty.
    #[serde(default)]
    pub channels: Vec<String>,
    /// Whether private channels that the app was invited to are read.
    #[serde(default = "yes")]
    pub private_channels: bool,
    /// Who may read public channels.
    #[serde(default)]
    pub public_readers: PublicReaders,
    /// Days that every sync reads again, to see edits, deletions and new replies. A thread's day is that of its first message.
    #[serde(default = "default_reread_days")]
    pub reread_days: u16,
    /// Where the API is; another one for GovSlack.
    #[serde(default = "default_api_url")]
    pub api_url: String,
}

/// Who may read public channels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PublicReaders {
    /// All members of the workspace; guests are left out.
    #[default]
    Workspace,
    /// Those that the source's access rule names.
    Rule,
}

fn yes() -> bool {
    true
}

fn default_reread_days() -> u16 {
    14
}

fn default_api_url() -> String {
    "https://slack.com/api/".into()
}

impl SourceConfig for SlackConfig {
    const KIND: &'static str = "slack";
    const TITLE: &'static str = "Slack";
    const SEES_READERS: bool = true;

    fn open(self, parts: Parts) -> EngineResult<Box<dyn Connector>> {
        if self.token.expose().trim().is_empty() {
            return Err(EngineError::give_up("slack: `token` is empty: give the app's bot token, `xoxb-…`"));
        }
        let mut names = GlobSetBuilder::new();
        for name in &self.channels {
            let glob = Glob::new(name.trim_start_matches('#'));
            names.add(glob.map_err(|error| EngineError::give_up(format!("slack: channels: {error}")))?);
        }
        let names = names.build().map_err(|error| EngineError::give_up(format!("slack: channels: {error}")))?;
        let rule = match self.public_readers {
            PublicReaders::Workspace => None,
            PublicReaders::Rule => Some(parts.rule(Self::TITLE)?),
        };
        let base = Url::parse(&format!("{}/", self.api_url.trim_end_matches('/')));
        let base = base.map_err(|error| EngineError::give_up(format!("slack: api_url: {error}")))?;
        Ok(Box::new(SlackConnector {
            client: Client { http: parts.http, base, token: self.token },
            names,
            types: if self.private_channels { "public_channel,private_channel" } else { "public_channel" },
            rule,
            reread_days: i64::from(self.reread_days),
            clock: parts.clock,
        }))
    }
}

struct SlackConnector {
    client: Client,
    /// Names and ids; all channels when empty.
    names: GlobSet,
    types: &'static str,
    rule: Option<Vec<Principal>>,
    reread_days: i64,
    clock: Clock,
}

impl Connector for SlackConnector {
    fn changes(&self, since: Since) -> BoxStream<'_, EngineResult<Batch>> {
        batches(since.cursor.clone(), self.steps(since))
    }
}

impl SlackConnector {
    fn steps(&self, since: Since) -> impl Stream<Item = EngineResult<Step>> + Send + '_ {
        try_stream! {
            let mut place = Place::at(since.cursor.as_ref());
            let (is_whole, mut listing) = (place.0.is_empty(), Vec::new());
            let workspace = self.client.workspace().await?;
            let mut people = People::read(&self.client).await?;
            let channels = self.channels().await?;
            let (mut held, gone) = held(&since, &channels);
            yield Step::Change(people.workspace());
            for external_id in gone {
                yield Step::Change(Change::Delete { external_id });
            }
            place.0.retain(|id, _| channels.iter().any(|channel| channel.id == *id));
            for channel in &channels {
                let (readers, members) = people.readers(&self.client, channel, self.rule.as_deref()).await?;
                if let Some(members) = members {
                    yield Step::Change(members);
                }
                let mut held = held.remove(&channel.id).unwrap_or_default();
                let fresh = Progress::new(&readers);
                let known = place.0.get(&channel.id).filter(|known| known.readers == fresh.readers).cloned();
                if known.is_none() {
                    // The old readers lose their right now, not when all has been read again.
                    for external_id in held.values().flatten().cloned() {
                        yield Step::Change(Change::Access { external_id, readers: readers.clone() });
                    }
                }
                let mut progress = known.unwrap_or(fresh);
                let mut pass = progress.pass.unwrap_or(Pass { began: (self.clock.now)().as_second(), day: i64::MAX });
                let first = progress.read_at.map_or(0, |at| (at / DAY_SECS - self.reread_days).max(0));
                let binder = Binder { channel, workspace: &workspace, people: &people, readers: &readers, since: &since };
                let mut walk = Walk::new(&self.client, &channel.id, first..pass.day);
                while let Some(day) = walk.next().await? {
                    let mut kept = BTreeSet::new();
                    if let Some(change) = binder.day(&day) {
                        kept.extend(documents::id(&change).map(str::to_owned));
                        yield Step::Change(change);
                    }
                    for root in &day.threads {
                        let replies = self.client.replies(&channel.id, &root.ts).await?;
                        if let Some(change) = binder.thread(&replies) {
                            kept.extend(documents::id(&change).map(str::to_owned));
                            yield Step::Change(change);
                        }
                    }
                    for external_id in take(&mut held, day.number).filter(|id| !kept.contains(id)) {
                        yield Step::Change(Change::Delete { external_id });
                    }
                    listing.extend(kept);
                    pass.day = day.number;
                    progress.pass = Some(pass);
                    place.0.insert(channel.id.clone(), progress.clone());
                    yield Step::Reached(place.cursor());
                }
                for external_id in take(&mut held, first).collect::<Vec<_>>() {
                    yield Step::Change(Change::Delete { external_id });
                }
                progress.read_at = Some(pass.began);
                progress.pass = None;
                place.0.insert(channel.id.clone(), progress);
                yield Step::Reached(place.cursor());
            }
            if is_whole && listing.is_empty() {
                Err(EngineError::give_up("read Slack: its channels hold no messages; nothing is changed"))?;
            }
            if is_whole {
                yield Step::Listed(listing);
            }
        }
    }

    async fn channels(&self) -> EngineResult<Vec<Channel>> {
        let all = self.client.channels(self.types).await?;
        let is_wanted = |channel: &Channel| {
            self.names.is_empty() || self.names.is_match(&channel.name) || self.names.is_match(&channel.id)
        };
        let channels: Vec<_> = all.into_iter().filter(|channel| channel.is_member && is_wanted(channel)).collect();
        if channels.is_empty() {
            return Err(EngineError::give_up(
                "list Slack's channels: the app is a member of none that this source reads; invite it to them",
            ));
        }
        Ok(channels)
    }
}

/// The documents that the store holds of a channel, by day.
type Days = BTreeMap<i64, BTreeSet<String>>;

/// What the store holds of each channel, and of those that are no more, or no longer readable.
fn held(since: &Since, channels: &[Channel]) -> (BTreeMap<String, Days>, Vec<String>) {
    let (mut held, mut gone) = (BTreeMap::<String, Days>::new(), Vec::new());
    let known: BTreeSet<&str> = channels.iter().map(|channel| channel.id.as_str()).collect();
    for external_id in since.ids() {
        match documents::place(external_id) {
            Some((channel, day)) if known.contains(channel) => {
                held.entry(channel.to_owned()).or_default().entry(day).or_default().insert(external_id.clone());
            }
            _ => gone.push(external_id.clone()),
        }
    }
    (held, gone)
}

/// Takes what is held of a day and all newer ones: the walk is past them.
fn take(held: &mut Days, day: i64) -> impl Iterator<Item = String> + use<> {
    held.split_off(&day).into_values().flatten()
}

#[cfg(test)]
mod conformance;
#[cfg(test)]
mod fake;
#[cfg(test)]
mod tests;
