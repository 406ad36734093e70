//! The principals whom a page's limits admit, groups told with their members.

use std::collections::{BTreeSet, HashMap};

use domain::{Change, EngineResult, Principal};

use super::{
    access::{Limit, Subjects, text},
    client::Client,
};
use crate::gather::Gather;

/// The people and groups of a site, each asked for once in a sync.
pub(super) struct Directory<'a> {
    client: &'a Client,
    emails: HashMap<String, Result<Option<String>, String>>,
    members: HashMap<String, Result<BTreeSet<String>, String>>,
    announced: BTreeSet<String>,
}

impl<'a> Directory<'a> {
    pub(super) fn new(client: &'a Client) -> Self {
        Self { client, emails: HashMap::new(), members: HashMap::new(), announced: BTreeSet::new() }
    }

    /// The principals whom all of `limits` admit, or why that cannot be told. Under one limit they are its own people
    /// and groups; several make one group of those who are in all. Groups are told to `gather` before they are named.
    pub(super) async fn readers(
        &mut self,
        limits: &[Limit],
        gather: &mut Gather,
    ) -> EngineResult<Result<Vec<Principal>, String>> {
        let closed: Vec<&Limit> = limits.iter().filter(|limit| !limit.subjects.anyone).collect();
        if closed.is_empty() {
            return Ok(Ok(vec![Principal::everyone()]));
        }
        if let [Limit { subjects, .. }] = closed.as_slice() {
            let mut readers = Vec::new();
            for group in &subjects.groups {
                match self.members(group).await? {
                    Ok(members) => readers.push(self.announce(format!("group {group}"), members, gather)),
                    Err(reason) => return Ok(Err(reason)),
                }
            }
            match self.addresses(&subjects.users).await? {
                Ok(emails) => readers.extend(emails.iter().map(|email| Principal::user(email))),
                Err(reason) => return Ok(Err(reason)),
            }
            if !readers.is_empty() {
                return Ok(Ok(readers));
            }
        }
        let places: Vec<&str> = closed.iter().map(|limit| limit.place.as_str()).collect();
        let name = format!("readers at {}", places.join(" "));
        if self.announced.contains(&name) {
            return Ok(Ok(vec![Principal::source_group(&name)]));
        }
        let mut admitted: Option<BTreeSet<String>> = None;
        for limit in closed {
            match self.people(&limit.subjects).await? {
                Ok(people) => admitted = Some(admitted.map_or(people.clone(), |admitted| &admitted & &people)),
                Err(reason) => return Ok(Err(reason)),
            }
        }
        Ok(Ok(vec![self.announce(name, admitted.unwrap_or_default(), gather)]))
    }

    fn announce(&mut self, name: String, members: BTreeSet<String>, gather: &mut Gather) -> Principal {
        let principal = Principal::source_group(&name);
        if self.announced.insert(name.clone()) {
            gather.push(Change::Members { group: name, members: members.into_iter().collect() });
        }
        principal
    }

    /// The e-mail addresses of all whom `subjects` names.
    async fn people(&mut self, subjects: &Subjects) -> EngineResult<Result<BTreeSet<String>, String>> {
        let mut people = BTreeSet::new();
        for group in &subjects.groups {
            match self.members(group).await? {
                Ok(members) => people.extend(members),
                Err(reason) => return Ok(Err(reason)),
            }
        }
        Ok(self.addresses(&subjects.users).await?.map(|emails| &people | &emails))
    }

    async fn members(&mut self, group: &str) -> EngineResult<Result<BTreeSet<String>, String>> {
        if let Some(members) = self.members.get(group) {
            return Ok(members.clone());
        }
        let members = match self.client.member_list(group).await? {
            Ok(users) => {
                let shown: BTreeSet<String> =
                    users.iter().filter_map(|user| Some(text(user, &["email"])?.to_lowercase())).collect();
                let others = users.iter().filter(|user| text(user, &["email"]).is_none());
                let others: BTreeSet<String> = others.filter_map(|user| self.client.user_key(user)).collect();
                self.addresses(&others).await?.map(|others| &shown | &others)
            }
            Err(reason) => Err(reason),
        };
        let members = members.map_err(|reason| format!("the members of group {group}: {reason}"));
        self.members.insert(group.to_owned(), members.clone());
        Ok(members)
    }

    async fn addresses(&mut self, accounts: &BTreeSet<String>) -> EngineResult<Result<BTreeSet<String>, String>> {
        let mut addresses = BTreeSet::new();
        for account in accounts {
            match self.email(account).await? {
                Ok(email) => addresses.extend(email),
                Err(reason) => return Ok(Err(reason)),
            }
        }
        Ok(Ok(addresses))
    }

    /// The address of an account, where it shows one to us.
    async fn email(&mut self, key: &str) -> EngineResult<Result<Option<String>, String>> {
        if let Some(email) = self.emails.get(key) {
            return Ok(email.clone());
        }
        let email = self.client.email(key).await?.map_err(|reason| format!("the account {key}: {reason}"));
        if email == Ok(None) {
            tracing::warn!(account = key, "Confluence shows no e-mail address, so this account reads nothing here");
        }
        self.emails.insert(key.to_owned(), email.clone());
        Ok(email)
    }
}
