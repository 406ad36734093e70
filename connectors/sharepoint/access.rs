//! Who may read an item: people, groups of the directory, groups of a site by the settings, links.
//!
//! <https://learn.microsoft.com/en-us/graph/api/resources/permission>,
//! <https://learn.microsoft.com/en-us/graph/api/resources/sharepointidentityset>.

use std::collections::{BTreeMap, BTreeSet};

use domain::Principal;
use serde::Deserialize;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Permission {
    granted_to_v2: Option<Identities>,
    granted_to_identities_v2: Vec<Identities>,
    link: Option<Link>,
    roles: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Identities {
    user: Option<Identity>,
    group: Option<Identity>,
    site_user: Option<Identity>,
    site_group: Option<Identity>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Identity {
    id: Option<String>,
    email: Option<String>,
    login_name: Option<String>,
    display_name: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Link {
    scope: Option<String>,
}

/// Makes readers of permissions and remembers the groups they name.
pub(super) struct Access<'a> {
    pub(super) site_groups: &'a BTreeMap<String, Vec<Principal>>,
    /// Whether having a link counts as a right to find an item.
    pub(super) counts_links: bool,
    /// Ids of the directory's groups named so far.
    pub(super) groups: BTreeSet<String>,
}

impl Access<'_> {
    /// # Errors
    /// With a reason, when nobody is known who may read it.
    pub(super) fn readers(&mut self, permissions: &[Permission]) -> Result<Vec<Principal>, String> {
        let (mut readers, mut unknown) = (BTreeSet::new(), BTreeSet::new());
        // A permission of a web part or an app on its own opens nothing to people.
        let opening =
            permissions.iter().filter(|permission| permission.roles.iter().any(|role| role != "restrictedView"));
        for permission in opening {
            let scope = permission.link.as_ref().and_then(|link| link.scope.as_deref());
            if self.counts_links && matches!(scope, Some("anonymous" | "organization")) {
                readers.insert(Principal::everyone());
            }
            for identities in permission.granted_to_v2.iter().chain(&permission.granted_to_identities_v2) {
                self.identities(identities, &mut readers, &mut unknown);
            }
        }
        if !readers.is_empty() {
            return Ok(readers.into_iter().collect());
        }
        if unknown.is_empty() {
            return Err("nobody is known who may find it: it is shared by link only".into());
        }
        let names = unknown.into_iter().collect::<Vec<_>>().join(", ");
        Err(format!("only groups of the site may read it: say under `site_groups` who is in {names}"))
    }

    fn identities(&mut self, who: &Identities, readers: &mut BTreeSet<Principal>, unknown: &mut BTreeSet<String>) {
        let email = |identity: &Identity| {
            identity.email.clone().or_else(|| login(identity)).filter(|email| email.contains('@'))
        };
        if let Some(group) = &who.group {
            if let Some(id) = &group.id {
                readers.insert(Principal::source_group(id));
                self.groups.insert(id.to_lowercase());
            }
        } else if let Some(email) = who.user.as_ref().and_then(email).or_else(|| who.site_user.as_ref().and_then(email))
        {
            readers.insert(Principal::user(&email));
        } else if who.site_user.iter().any(|user| user.login_name.as_deref().is_some_and(is_all_users)) {
            readers.insert(Principal::everyone());
        } else if let Some(name) = who.site_group.as_ref().and_then(|group| group.display_name.clone()) {
            match self.site_groups.get(&name) {
                Some(principals) => readers.extend(principals.iter().cloned()),
                None => drop(unknown.insert(name)),
            }
        }
    }
}

/// The address in `i:0#.f|membership|ann@example.com`.
fn login(identity: &Identity) -> Option<String> {
    identity.login_name.as_ref()?.strip_prefix("i:0#.f|membership|").map(str::to_owned)
}

/// "Everyone except external users".
fn is_all_users(login: &str) -> bool {
    login.starts_with("c:0-.f|rolemanager|spo-grid-all-users/")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn readers(counts_links: bool, permissions: Value) -> Result<Vec<Principal>, String> {
        let site_groups = BTreeMap::from([("Team Members".to_owned(), vec![Principal::group("team")])]);
        let permissions: Vec<Permission> = serde_json::from_value(permissions).unwrap();
        Access { site_groups: &site_groups, counts_links, groups: BTreeSet::new() }.readers(&permissions)
    }

    #[test]
    fn identities_of_every_kind_are_understood() {
        let ann = Principal::user("ann@example.com");
        for (granted, principal) in [
            (json!({"user": {"id": "1", "email": "Ann@example.com"}}), ann.clone()),
            (json!({"user": {"id": "1"}, "siteUser": {"loginName": "i:0#.f|membership|ann@example.com"}}), ann.clone()),
            (json!({"group": {"id": "G1", "email": "crew@example.com"}}), Principal::source_group("g1")),
            (json!({"siteUser": {"loginName": "c:0-.f|rolemanager|spo-grid-all-users/5d3"}}), Principal::everyone()),
            (json!({"siteGroup": {"id": "5", "displayName": "Team Members"}}), Principal::group("team")),
        ] {
            assert_eq!(
                readers(false, json!([{"roles": ["read"], "grantedToV2": granted}])),
                Ok(vec![principal]),
                "{granted}"
            );
        }
        let people = json!([{"roles": ["write"], "link": {"scope": "users"}, "grantedToIdentitiesV2": [{"user": {"email": "ann@example.com"}}]}]);
        assert_eq!(readers(false, people), Ok(vec![ann]));
    }

    #[test]
    fn links_count_only_when_told_so_and_unknown_groups_are_named() {
        for scope in ["anonymous", "organization"] {
            let link = json!([{"roles": ["read"], "link": {"scope": scope}}]);
            assert!(readers(false, link.clone()).is_err());
            assert_eq!(readers(true, link), Ok(vec![Principal::everyone()]));
        }
        let site_group = json!([{"roles": ["read"], "grantedToV2": {"siteGroup": {"displayName": "Owners"}}}]);
        assert!(readers(true, site_group).is_err_and(|reason| reason.contains("Owners")));
        let other_login = json!([{"roles": ["read"], "grantedToV2": {"siteUser": {"loginName": "c:0t.c|tenant|5d3"}}}]);
        assert!(readers(true, other_login).is_err());
    }
}
