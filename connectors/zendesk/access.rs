//! Who may read an article: the users of its segments.
//!
//! An article without a segment, and one for every signed-in user, is for whom the source was added with. A segment of
//! staff is the account's agents and admins, or those of some groups; one of signed-in users may name organizations;
//! both may name single users. What depends on tags cannot be told
//! (<https://developer.zendesk.com/api-reference/help_center/help-center-api/user_segments/>).

use std::collections::{BTreeSet, HashMap};

use domain::{Change, EngineResult, Principal};
use serde::Deserialize;

use super::client::Client;
use crate::gather::Gather;

type People = BTreeSet<String>;
type Told<T> = EngineResult<Result<T, String>>;

#[derive(Deserialize)]
struct Answer {
    user_segment: Segment,
}

#[derive(Deserialize)]
struct Segment {
    user_type: String,
    #[serde(default)]
    group_ids: Vec<u64>,
    #[serde(default)]
    organization_ids: Vec<u64>,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    or_tags: Vec<String>,
    #[serde(default)]
    added_user_ids: Vec<u64>,
}

#[derive(Deserialize)]
struct User {
    email: Option<String>,
    #[serde(default)]
    suspended: bool,
}

#[derive(Deserialize)]
struct OneUser {
    user: User,
}

pub(super) struct Segments<'a> {
    client: &'a Client,
    rule: &'a [Principal],
    /// Each segment's principals, once told.
    known: HashMap<u64, Result<Vec<Principal>, String>>,
}

impl<'a> Segments<'a> {
    pub(super) fn new(client: &'a Client, rule: &'a [Principal]) -> Self {
        Self { client, rule, known: HashMap::new() }
    }

    /// Those who are in one of `segments`, whose members are told to `gather` before they are named.
    pub(super) async fn readers(&mut self, segments: &[u64], gather: &mut Gather) -> Told<Vec<Principal>> {
        if segments.is_empty() {
            return Ok(Ok(self.rule.to_vec()));
        }
        let mut readers = Vec::new();
        for id in segments {
            if !self.known.contains_key(id) {
                let told = self.segment(*id, gather).await?.map_err(|reason| format!("user segment {id}: {reason}"));
                self.known.insert(*id, told);
            }
            match self.known.get(id) {
                Some(Ok(principals)) => readers.extend(principals.iter().cloned()),
                Some(Err(reason)) => return Ok(Err(reason.clone())),
                None => {}
            }
        }
        Ok(Ok(readers))
    }

    async fn segment(&self, id: u64, gather: &mut Gather) -> Told<Vec<Principal>> {
        let path = ["api", "v2", "help_center", "user_segments", &id.to_string()];
        let segment: Segment = match self.client.one::<Answer>(&path).await? {
            Ok(answer) => answer.user_segment,
            Err(reason) => return Ok(Err(reason)),
        };
        if !segment.tags.is_empty() || !segment.or_tags.is_empty() {
            return Ok(Err("the tags of users decide who is in it".into()));
        }
        let is_staff = segment.user_type == "staff";
        let is_everyone = segment.group_ids.is_empty() && segment.organization_ids.is_empty();
        if !is_staff && is_everyone {
            return Ok(Ok(self.rule.to_vec()));
        }
        let members = match self.members(&segment).await? {
            Ok(members) => members,
            Err(reason) => return Ok(Err(reason)),
        };
        let group = format!("user segment {id}");
        let principal = Principal::source_group(&group);
        gather.push(Change::Members { group, members: members.into_iter().collect() });
        Ok(Ok(vec![principal]))
    }

    async fn members(&self, segment: &Segment) -> Told<People> {
        let mut limits = Vec::new();
        if segment.user_type == "staff" {
            limits.push(vec!["users".to_owned()]);
        }
        let lists = |kind: &str, ids: &[u64]| ids.iter().map(|id| format!("{kind}/{id}/users")).collect::<Vec<_>>();
        limits.push(lists("groups", &segment.group_ids));
        limits.push(lists("organizations", &segment.organization_ids));
        let mut members: Option<People> = None;
        for limit in limits.into_iter().filter(|limit| !limit.is_empty()) {
            let mut people = People::new();
            for path in limit {
                match self.users(&path).await? {
                    Ok(users) => people.extend(users),
                    Err(reason) => return Ok(Err(reason)),
                }
            }
            members = Some(members.map_or(people.clone(), |members| &members & &people));
        }
        let mut members = members.unwrap_or_default();
        for id in &segment.added_user_ids {
            match self.client.one::<OneUser>(&["api", "v2", "users", &id.to_string()]).await? {
                Ok(OneUser { user }) => members.extend(address(user)),
                Err(reason) => return Ok(Err(reason)),
            }
        }
        Ok(Ok(members))
    }

    /// Addresses of the users below `path`; of agents and admins where that is all users.
    async fn users(&self, path: &str) -> Told<People> {
        let staff: &[(&str, &str)] = &[("role[]", "agent"), ("role[]", "admin")];
        let query = if path == "users" { staff } else { &[] };
        let path: Vec<&str> = ["api", "v2"].into_iter().chain(path.split('/')).collect();
        let mut listing = self.client.listing("users", &path, query);
        let mut people = People::new();
        loop {
            match listing.next_open::<User>(self.client).await? {
                Ok(Some(users)) => people.extend(users.into_iter().filter_map(address)),
                Ok(None) => return Ok(Ok(people)),
                Err(reason) => return Ok(Err(reason)),
            }
        }
    }
}

fn address(user: User) -> Option<String> {
    user.email.filter(|email| !email.is_empty() && !user.suspended).map(|email| email.to_lowercase())
}
