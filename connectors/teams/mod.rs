//! Microsoft Teams as a source: a document for each thread in a channel.

mod client;
mod config;
mod thread;

use std::collections::{BTreeMap, BTreeSet};

use async_stream::try_stream;
use domain::{Batch, Change, Clock, Connector, Cursor, EngineError, EngineResult, Principal, Since};
use futures::{Stream, stream::BoxStream};
use globset::GlobSet;

use client::{Channel, Team};
pub use config::TeamsConfig;
use thread::Binder;

use crate::{
    graph::Graph,
    pages::Pages,
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
            let channels = self.channels().await?;
            let prefixes: BTreeSet<String> = channels.iter().map(|(team, channel)| prefix(team, channel)).collect();
            for external_id in since.ids().filter(|id| !prefixes.contains(before_message(id))) {
                yield Step::Change(Change::Delete { external_id: external_id.clone() });
            }
            place.retain(|prefix, _| prefixes.contains(prefix));
            for (team, channel) in &channels {
                let is_standard = channel.membership_type == "standard";
                let group = if is_standard { &team.id } else { &channel.id };
                let members = client::members(&self.graph, &team.id, channel).await?;
                yield Step::Change(Change::Members { group: group.clone(), members });
                let readers = [Principal::source_group(group)];
                let (path, prefix) = (client::path(&team.id, &channel.id), prefix(team, channel));
                let name = format!("{}, {}", team.display_name, channel.display_name);
                let binder = Binder { prefix: &prefix, place: &name, readers: &readers, since: &since };
                let now = (self.clock.now)();
                let mut held: BTreeSet<&str> = since.ids().filter_map(|id| id.strip_prefix(&prefix)).collect();
                let known = match place.get(&prefix) {
                    Some(at) => client::changed(&self.graph, at).await?,
                    None => None,
                };
                let delta = if let Some((changed, delta)) = known {
                    for root in changed {
                        held.remove(root.id.as_str());
                        let replies = client::replies(&self.graph, &path, &root.id).await?;
                        let gone = Change::Delete { external_id: format!("{prefix}{}", root.id) };
                        yield Step::Change(binder.thread(&root, &replies).unwrap_or(gone));
                    }
                    // A reply is no change of the message that it answers. An id is the time it was made, in milliseconds.
                    let first = now.as_millisecond() - self.reread_days * DAY_MILLIS;
                    for id in held.into_iter().filter(|id| id.parse().is_ok_and(|at: i64| at >= first)) {
                        let change = match client::message(&self.graph, &path, id).await? {
                            Some(root) => binder.thread(&root, &client::replies(&self.graph, &path, id).await?),
                            None => None,
                        };
                        yield Step::Change(change.unwrap_or_else(|| Change::Delete { external_id: format!("{prefix}{id}") }));
                    }
                    delta
                } else {
                    let delta = client::later(&self.graph, &path, now).await?;
                    let (mut pages, mut at) = (Pages::default(), format!("{path}/messages?$top=50"));
                    while let Some(page) = self.graph.page::<client::Message>(&at, "").await? {
                        for root in page.items {
                            let replies = client::replies(&self.graph, &path, &root.id).await?;
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
                    for id in held {
                        yield Step::Change(Change::Delete { external_id: format!("{prefix}{id}") });
                    }
                    delta
                };
                place.insert(prefix, delta);
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

    async fn channels(&self) -> EngineResult<Vec<(Team, Channel)>> {
        let mut teams = client::teams(&self.graph).await?;
        teams.retain(|team| {
            self.names.is_empty() || self.names.is_match(&team.display_name) || self.names.is_match(&team.id)
        });
        if teams.is_empty() {
            return Err(EngineError::give_up("list Microsoft Teams: there is no team to read; nothing is changed"));
        }
        let mut channels = Vec::new();
        for team in teams {
            let found = client::channels(&self.graph, &team.id).await?;
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
        Ok(channels)
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
