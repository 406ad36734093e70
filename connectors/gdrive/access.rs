//! Who may read a file: people by address, groups by their members, a company by its domain.

use std::collections::BTreeSet;

use domain::{Change, EngineResult, Principal, Since};

use super::client::{Client, Permission};

/// Makes readers of permissions and remembers the groups they name.
pub(super) struct Access {
    /// Whose domain everyone in this workspace belongs to.
    pub(super) domain: Option<String>,
    /// Whether having a link counts as a right to find a file.
    pub(super) counts_links: bool,
    /// Whether the members of groups can be read.
    pub(super) sees_groups: bool,
    /// Addresses of the groups named so far.
    pub(super) groups: BTreeSet<String>,
    /// Those of them whose members this sync has told.
    pub(super) told: BTreeSet<String>,
    /// Failures of groups whose members cannot be read.
    pub(super) failed: Vec<String>,
}

impl Access {
    /// # Errors
    /// With a reason, when nobody is known who may read it.
    pub(super) fn readers(&mut self, permissions: &[Permission]) -> Result<Vec<Principal>, String> {
        let mut readers = BTreeSet::new();
        let mut unseen_groups = 0;
        for permission in permissions.iter().filter(|permission| !permission.deleted) {
            let by_link = permission.allow_file_discovery || self.counts_links;
            let is_ours = |domain: &str| self.domain.as_deref().is_some_and(|ours| ours.eq_ignore_ascii_case(domain));
            match (permission.kind.as_str(), &permission.email_address, &permission.domain) {
                ("user", Some(email), _) => _ = readers.insert(Principal::user(email)),
                ("group", Some(email), _) if self.sees_groups => {
                    let group = email.trim().to_lowercase();
                    readers.insert(Principal::source_group(&group));
                    self.groups.insert(group);
                }
                ("group", ..) => unseen_groups += 1,
                ("domain", _, Some(domain)) if by_link && is_ours(domain) => _ = readers.insert(Principal::everyone()),
                ("anyone", ..) if by_link => _ = readers.insert(Principal::everyone()),
                _ => {}
            }
        }
        match (readers.is_empty(), unseen_groups) {
            (false, _) => Ok(readers.into_iter().collect()),
            (true, 0) => {
                Err("nobody is known who may find it: it is shared by link or with other companies only".into())
            }
            (true, _) => {
                Err("only groups may read it: set `directory_admin`, so that their members can be read".into())
            }
        }
    }

    /// The members of every group named since the last call. One that is no more, or is closed to us, has none.
    pub(super) async fn members(&mut self, client: &Client, since: &Since) -> EngineResult<Vec<Change>> {
        let mut changes = Vec::new();
        let Some(directory) = client.directory.as_ref() else { return Ok(changes) };
        for group in self.groups.difference(&self.told).cloned().collect::<Vec<_>>() {
            let external_id = format!("group {group}");
            let members = match client.members(directory, &group).await? {
                Ok(members) => {
                    if since.has(&external_id) {
                        changes.push(Change::Delete { external_id });
                    }
                    members
                }
                Err(reason) => {
                    self.failed.push(external_id.clone());
                    let reason = format!("its members cannot be read, so that nobody reads by it: {reason}");
                    changes.push(Change::Failed { external_id, reason, readers: None });
                    Vec::new()
                }
            };
            let active = members.into_iter().filter(|member| member.kind != "GROUP" && member.status != "SUSPENDED");
            let emails: BTreeSet<_> = active.filter_map(|member| Some(member.email?.to_lowercase())).collect();
            changes.push(Change::Members { group: group.clone(), members: emails.into_iter().collect() });
            self.told.insert(group);
        }
        Ok(changes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn permission(kind: &str, email: Option<&str>, domain: Option<&str>, allow_file_discovery: bool) -> Permission {
        let (email_address, domain) = (email.map(str::to_owned), domain.map(str::to_owned));
        Permission { kind: kind.into(), email_address, domain, allow_file_discovery, deleted: false }
    }

    #[test]
    fn only_those_count_who_could_find_the_file() {
        let access = |counts_links, sees_groups| Access {
            domain: Some("example.com".into()),
            counts_links,
            sees_groups,
            groups: BTreeSet::new(),
            told: BTreeSet::new(),
            failed: Vec::new(),
        };
        let everyone = || Ok(vec![Principal::everyone()]);
        assert_eq!(access(false, true).readers(&[permission("anyone", None, None, true)]), everyone());
        assert!(access(false, true).readers(&[permission("anyone", None, None, false)]).is_err());
        assert_eq!(access(true, true).readers(&[permission("anyone", None, None, false)]), everyone());
        assert_eq!(access(false, true).readers(&[permission("domain", None, Some("Example.com"), true)]), everyone());
        assert!(access(true, true).readers(&[permission("domain", None, Some("other.com"), true)]).is_err());
        let group = permission("group", Some("Crew@example.com"), None, false);
        assert_eq!(
            access(false, true).readers(std::slice::from_ref(&group)),
            Ok(vec![Principal::source_group("crew@example.com")])
        );
        assert!(access(false, false).readers(&[group]).is_err_and(|reason| reason.contains("directory_admin")));
        let gone = Permission { deleted: true, ..permission("user", Some("a@example.com"), None, false) };
        assert!(access(false, true).readers(&[gone]).is_err());
    }
}
