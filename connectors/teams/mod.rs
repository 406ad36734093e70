//! Microsoft Teams as a source: a document for each thread in a channel.

mod client;
mod config;
mod thread;

use std::collections::{BTreeMap, BTreeSet};

use async_stream::try_stream;
use domain::{Batch, Change, Clock, Connector, Cursor, EngineError, EngineResult, Principal, Since};
use futures::{Stream, StreamExt, stream::BoxStream};
use globset::GlobSet;

use client::{Changed, Channel, Team};
pub use config::TeamsConfig;
use thread::Binder;

use crate::{
    graph::{Asked, Graph, broken_off},
    pages::Pages,
    readers::nobody,
    steps::{Step, batches},
};

const DAY_MILLIS: i64 = 24 * 60 * 60 * 1_000;

struct TeamsConnector {
    graph: Graph,
    /// Names and ids; all teams when empty.
    names: GlobSet,
    reread_days: i64,
    clock: Clock,
}

impl Connector for TeamsConnector {
    fn changes(&self, since: Since) -> BoxStream<'_, EngineResult<Batch>> {
        batches(since.cursor.clone(), self.steps(since))
    }
}

impl TeamsConnector {
    /// The cursor holds, by channel, where its changes are asked for.
    fn steps(&self, since: Since) -> impl Stream<Item = EngineResult<Step>> + Send + '_ {
        try_stream! {
            let cursor = since.cursor.as_ref();
            let mut place: BTreeMap<String, String> =
                cursor.and_then(|cursor| serde_json::from_str(&cursor.0).ok()).unwrap_or_default();
            let (is_whole, mut listing) = (place.is_empty(), BTreeSet::new());
            let (channels, closed) = self.channels().await?;
            let prefixes: BTreeSet<String> = channels.iter().map(|(team, channel)| prefix(team, channel)).collect();
            let is_closed = |id: &str| closed.iter().any(|(team, _)| id.strip_prefix(&team.id).is_some_and(|rest| rest.starts_with('/')));
            // Failures of channels and teams are gone as well, until they are reported anew.
            for external_id in since.ids().filter(|id| !prefixes.contains(before_message(id)) && !is_closed(id)) {
                yield Step::Change(Change::Delete { external_id: external_id.clone() });
            }
            for (team, reason) in &closed {
                let external_id = format!("team {}", team.display_name);
                listing.insert(external_id.clone());
                yield Step::Change(Change::Failed { external_id, reason: reason.clone(), readers: None });
            }
            for external_id in since.ids().filter(|id| is_closed(id)) {
                listing.insert(external_id.clone());
                yield Step::Change(Change::Access { external_id: external_id.clone(), readers: nobody() });
            }
            place.retain(|prefix, _| prefixes.contains(prefix));
            for (team, channel) in &channels {
                let mut refusal = None;
                let mut steps = self.channel((team, channel), &since, &mut place, &mut listing, &mut refusal).boxed();
                while let Some(step) = steps.next().await {
                    yield step?;
                }
                drop(steps);
                if let Some(reason) = refusal {
                    let prefix = prefix(team, channel);
                    let external_id = format!("channel {}, {}", team.display_name, channel.display_name);
                    listing.insert(external_id.clone());
                    listing.extend(since.ids().filter(|id| before_message(id) == prefix).cloned());
                    yield Step::Change(Change::Failed { external_id, reason, readers: None });
                }
                yield Step::Reached(Cursor(serde_json::to_string(&place).unwrap_or_default()));
            }
            if is_whole && listing.is_empty() {
                Err(EngineError::give_up("read Microsoft Teams: its channels hold no messages; nothing is changed"))?;
            }
            if is_whole {
                yield Step::Listed(listing.into_iter().collect());
            }
        }
    }

    /// What is new in a channel, or all that is in it. Where it is closed to us, `refusal` says why.
    fn channel<'a>(
        &'a self,
        (team, channel): (&'a Team, &'a Channel),
        since: &'a Since,
        place: &'a mut BTreeMap<String, String>,
        listing: &'a mut BTreeSet<String>,
        refusal: &'a mut Option<String>,
    ) -> impl Stream<Item = EngineResult<Step>> + Send + 'a {
        try_stream! {
            let is_standard = channel.membership_type == "standard";
            let group = if is_standard { &team.id } else { &channel.id };
            let members = match client::members(&self.graph, &team.id, channel).await? {
                Ok(members) => members,
                Err(reason) => {
                    *refusal = Some(format!("who may read it cannot be told: {reason}"));
                    Vec::new()
                }
            };
            yield Step::Change(Change::Members { group: group.clone(), members });
            if refusal.is_some() {
                return;
            }
            let readers = [Principal::source_group(group)];
            let (path, prefix) = (client::path(&team.id, &channel.id), prefix(team, channel));
            let name = format!("{}, {}", team.display_name, channel.display_name);
            let binder = Binder { prefix: &prefix, place: &name, readers: &readers, since };
            let now = (self.clock.now)();
            let mut held: BTreeSet<&str> = since.ids().filter_map(|id| id.strip_prefix(&prefix)).collect();
            let known = match place.get(&prefix) {
                Some(at) => client::changed(&self.graph, at).await?,
                None => Changed::Forgotten,
            };
            let delta = match known {
                Changed::Refused(reason) => {
                    *refusal = Some(reason);
                    return;
                }
                Changed::Since(changed, delta) => {
                    for root in changed {
                        held.remove(root.id.as_str());
                        let replies = match client::replies(&self.graph, &path, &root.id).await? {
                            Ok(replies) => replies,
                            Err(reason) => {
                                *refusal = Some(reason);
                                return;
                            }
                        };
                        let gone = Change::Delete { external_id: format!("{prefix}{}", root.id) };
                        yield Step::Change(binder.thread(&root, &replies).unwrap_or(gone));
                    }
                    // A reply is no change of the message that it answers. An id is the time it was made, in milliseconds.
                    let first = now.as_millisecond() - self.reread_days * DAY_MILLIS;
                    for id in held.into_iter().filter(|id| id.parse().is_ok_and(|at: i64| at >= first)) {
                        let root = client::message(&self.graph, &path, id).await?;
                        let replies = match &root {
                            Ok(Some(_)) => client::replies(&self.graph, &path, id).await?,
                            _ => Ok(Vec::new()),
                        };
                        let change = match (root, replies) {
                            (Ok(Some(root)), Ok(replies)) => binder.thread(&root, &replies),
                            (Ok(None), _) => None,
                            (Err(reason), _) | (_, Err(reason)) => {
                                *refusal = Some(reason);
                                return;
                            }
                        };
                        yield Step::Change(change.unwrap_or_else(|| Change::Delete { external_id: format!("{prefix}{id}") }));
                    }
                    delta
                }
                Changed::Forgotten => {
                    let delta = match client::later(&self.graph, &path, now).await? {
                        Ok(delta) => delta,
                        Err(reason) => {
                            *refusal = Some(reason);
                            return;
                        }
                    };
                    let is_held = !held.is_empty();
                    let first = format!("{path}/messages?$top=50");
                    let (mut pages, mut at, mut count) = (Pages::default(), first.clone(), 0);
                    loop {
                        let page = match self.graph.page::<client::Message>(&at, "").await? {
                            Asked::Page(page) => page,
                            Asked::Gone if at == first => break,
                            Asked::Gone => Err(broken_off())?,
                            Asked::Refused(reason) => {
                                *refusal = Some(reason);
                                return;
                            }
                        };
                        count += page.items.len();
                        for root in page.items {
                            let replies = match client::replies(&self.graph, &path, &root.id).await? {
                                Ok(replies) => replies,
                                Err(reason) => {
                                    *refusal = Some(reason);
                                    return;
                                }
                            };
                            if let Some(change) = binder.thread(&root, &replies) {
                                held.remove(root.id.as_str());
                                listing.insert(format!("{prefix}{}", root.id));
                                yield Step::Change(change);
                            }
                        }
                        let Some(next) = page.next else { break };
                        pages.next("Microsoft Teams", &next)?;
                        at = next;
                    }
                    if is_held && count == 0 {
                        Err(EngineError::retry(format!(
                            "read {name} of Microsoft Teams: it holds no messages, where it did before; nothing is changed"
                        )))?;
                    }
                    for id in held {
                        yield Step::Change(Change::Delete { external_id: format!("{prefix}{id}") });
                    }
                    delta
                }
            };
            place.insert(prefix, delta);
        }
    }

    /// The channels to read, and the teams whose channels are closed to us.
    async fn channels(&self) -> EngineResult<(Vec<(Team, Channel)>, Vec<(Team, String)>)> {
        let mut teams = client::teams(&self.graph).await?;
        teams.retain(|team| {
            self.names.is_empty() || self.names.is_match(&team.display_name) || self.names.is_match(&team.id)
        });
        if teams.is_empty() {
            return Err(EngineError::give_up("list Microsoft Teams: there is no team to read; nothing is changed"));
        }
        let (mut channels, mut closed) = (Vec::new(), Vec::new());
        for team in teams {
            let found = match client::channels(&self.graph, &team.id).await? {
                Ok(found) => found,
                Err(reason) => {
                    closed.push((team, reason));
                    continue;
                }
            };
            if found.is_empty() {
                return Err(EngineError::give_up(format!(
                    "list the channels of {}: there are none; nothing is changed",
                    team.display_name
                )));
            }
            for channel in found {
                let team = Team { id: team.id.clone(), display_name: team.display_name.clone() };
                channels.push((team, channel));
            }
        }
        if let (true, Some((team, reason))) = (channels.is_empty(), closed.first()) {
            return Err(EngineError::give_up(format!("list the channels of {}: {reason}", team.display_name)));
        }
        Ok((channels, closed))
    }
}

/// What the external ids of a channel begin with.
fn prefix(team: &Team, channel: &Channel) -> String {
    format!("{}/{}/", team.id, channel.id)
}

/// An external id without the message.
fn before_message(external_id: &str) -> &str {
    external_id.rfind('/').map_or("", |at| external_id.get(..=at).unwrap_or_default())
}

#[cfg(test)]
mod conformance;
#[cfg(test)]
mod fake;
#[cfg(test)]
mod tests;
