//! Who may read a channel: everyone of the workspace or a rule for public ones, the members of a private one.

use std::collections::HashMap;

use domain::{Change, EngineError, EngineResult, Principal};

use super::{
    client::{Channel, Client, User},
    text::Names,
};

/// The group of all members of the workspace, guests left out.
const WORKSPACE: &str = "workspace";

/// The people of the workspace, by id.
pub(super) struct People {
    users: HashMap<String, User>,
}

impl People {
    pub(super) async fn read(client: &Client) -> EngineResult<Self> {
        let users: HashMap<_, _> = client.users().await?.into_iter().map(|user| (user.id.clone(), user)).collect();
        if !users.values().any(|user| user.profile.email.is_some()) {
            return Err(EngineError::give_up(
                "list Slack's users: none has an e-mail address; add the scope `users:read.email` to the app and install it again",
            ));
        }
        Ok(Self { users })
    }

    /// Who reads `channel`, and the group that says so. `rule`: the readers of public channels, if an admin named them.
    pub(super) async fn readers(
        &mut self,
        client: &Client,
        channel: &Channel,
        rule: Option<&[Principal]>,
    ) -> EngineResult<(Vec<Principal>, Option<Change>)> {
        if !channel.is_private {
            let readers = rule.map_or_else(|| vec![Principal::source_group(WORKSPACE)], <[Principal]>::to_vec);
            return Ok((readers, None));
        }
        let mut members = Vec::new();
        for id in client.members(&channel.id).await? {
            if !self.users.contains_key(&id) {
                // Someone of another workspace, whom the listing leaves out.
                match client.user(&id).await? {
                    Some(user) => drop(self.users.insert(id.clone(), user)),
                    None => tracing::warn!(
                        user = id,
                        "Slack does not show this member of a channel, who reads nothing here"
                    ),
                }
            }
            members
                .extend(self.users.get(&id).filter(|user| !user.deleted).and_then(|user| user.profile.email.clone()));
        }
        let group = channel.id.clone();
        Ok((vec![Principal::source_group(&group)], Some(Change::Members { group, members })))
    }

    /// All members of the workspace as a group.
    pub(super) fn workspace(&self) -> Change {
        let is_member = |user: &&User| !user.deleted && !user.is_bot && !user.is_restricted;
        let members = self.users.values().filter(is_member).filter_map(|user| user.profile.email.clone()).collect();
        Change::Members { group: WORKSPACE.into(), members }
    }
}

impl Names for People {
    fn name(&self, id: &str) -> Option<&str> {
        let user = self.users.get(id)?;
        [&user.profile.display_name, &user.profile.real_name, &user.name]
            .into_iter()
            .find(|name| !name.is_empty())
            .map(String::as_str)
    }
}
