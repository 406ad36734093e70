//! Who may read an issue: who may browse its project, and where it has a security level is a member of that too.
//!
//! Each project and each security level in it is a group of the source, whose members are told anew in every sync, so
//! that a right that is revoked needs no issue to change. Holders that depend on the single issue (reporter, assignee,
//! people in a field) are left out: they read less here than in Jira, never more.
//!
//! <https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-permission-schemes/> ("built-in permissions",
//! "holder object"), <https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issue-security-schemes/>,
//! <https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-project-roles/>.

use std::collections::{BTreeMap, BTreeSet};

use domain::{Change, Principal};

use super::client::Issue;
use crate::gather::Gather;

/// Those whom a scheme admits.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct People {
    pub(super) everyone: bool,
    pub(super) emails: BTreeSet<String>,
}

/// Who may read the issues of one project.
pub(super) struct Access {
    pub(super) project: People,
    pub(super) levels: BTreeMap<String, Result<People, String>>,
}

impl Access {
    pub(super) fn is_open(&self) -> bool {
        self.project.everyone
    }

    /// Tells the members of the project's groups, and adds their names to `told`.
    pub(super) fn announce(&self, project: &str, told: &mut BTreeSet<String>, gather: &mut Gather) {
        let mut tell = |group: String, emails: &BTreeSet<String>| {
            told.insert(group.clone());
            gather.push(Change::Members { group, members: emails.iter().cloned().collect() });
        };
        tell(group(project, None), &self.project.emails);
        for (level, people) in &self.levels {
            let Ok(people) = people else { continue };
            match (self.project.everyone, people.everyone) {
                (true, _) => tell(group(project, Some(level)), &people.emails),
                (false, true) => tell(group(project, Some(level)), &self.project.emails),
                (false, false) => tell(group(project, Some(level)), &(&self.project.emails & &people.emails)),
            }
        }
    }

    pub(super) fn readers(&self, issue: &Issue) -> Result<Vec<Principal>, String> {
        let project = &issue.fields.project.id;
        let Some(level) = &issue.fields.security else {
            return Ok(vec![if self.is_open() { Principal::everyone() } else { source_group(project, None) }]);
        };
        match self.levels.get(&level.id) {
            Some(Ok(_)) => Ok(vec![source_group(project, Some(&level.id))]),
            Some(Err(reason)) => Err(format!("security level {}: {reason}", level.name)),
            None => {
                Err(format!("security level {}: Jira does not tell its members to the source's account", level.name))
            }
        }
    }
}

fn group(project: &str, level: Option<&str>) -> String {
    format!("project {project}{}", level.map(|level| format!(" level {level}")).unwrap_or_default())
}

fn source_group(project: &str, level: Option<&str>) -> Principal {
    Principal::source_group(&group(project, level))
}
