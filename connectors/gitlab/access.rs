//! Who may read a project: everyone the rule names where it is open, else its members by their roles.
//!
//! <https://docs.gitlab.com/api/project_members/>, <https://docs.gitlab.com/user/permissions/>,
//! <https://docs.gitlab.com/user/project/issues/confidential_issues/>, <https://docs.gitlab.com/api/users/>

use std::collections::HashMap;

use domain::{Change, EngineResult, Principal};
use serde::Deserialize;

use super::{
    GitlabConnector, PrivateReaders,
    projects::{Part, Project},
};

const MOST: usize = 100_000;
/// The roles' numbers. A guest of a private project sees its issues and wiki, a reporter everything.
const GUEST: u32 = 10;
const REPORTER: u32 = 20;

/// E-mail addresses by user, learnt once a sync.
pub(super) type Emails = HashMap<u64, Option<String>>;

#[derive(Deserialize)]
struct Member {
    id: u64,
    #[serde(default)]
    state: String,
    access_level: u32,
    /// Shown to administrators, and to group owners for users their group manages.
    #[serde(default)]
    email: Option<String>,
}

#[derive(Deserialize)]
struct User {
    #[serde(default)]
    email: Option<String>,
    #[serde(default)]
    public_email: Option<String>,
}

/// Readers by part; each is why nobody can say where that is so.
pub(super) struct Access {
    rule: Result<Vec<Principal>, String>,
    guests: Result<Vec<Principal>, String>,
    reporters: Result<Vec<Principal>, String>,
    uses_rule: bool,
    /// The members of the groups that readers name.
    pub(super) members: Vec<Change>,
}

impl Access {
    pub(super) fn to(&self, project: &Project, part: Part) -> &Result<Vec<Principal>, String> {
        match part {
            _ if project.is_open(part) || self.uses_rule => &self.rule,
            Part::Issues | Part::Wiki => &self.guests,
            Part::MergeRequests | Part::Files => &self.reporters,
        }
    }

    /// Confidential issues are for reporters, however open the project is.
    pub(super) fn to_confidential(&self) -> &Result<Vec<Principal>, String> {
        &self.reporters
    }
}

impl GitlabConnector {
    pub(super) async fn access(&self, project: &Project, emails: &mut Emails) -> EngineResult<Access> {
        let path = &project.path_with_namespace;
        let rule = self.rule.clone().ok_or_else(|| {
            format!(
                "{path} is {} and the source has no rule for such projects: add it with --access public, group:NAME or \
                 user:EMAIL",
                project.visibility
            )
        });
        let uses_rule = self.config.private_readers == PrivateReaders::Rule;
        let names = [format!("project {}", project.id), format!("project {} reporters", project.id)];
        let (guests, reporters, members) = match self.members(project, emails).await {
            Err(error) if error.retryable => return Err(error),
            Err(error) => {
                let reason = format!("who may read {path} is not to be seen: {error}");
                (Err(reason.clone()), Err(reason), Vec::new())
            }
            Ok(members) => {
                let at_least = |level: u32| {
                    let found = members.iter().filter(|(has, _)| *has >= level).map(|(_, email)| email.clone());
                    found.collect::<Vec<String>>()
                };
                let [all, reporters] = &names;
                let changes = vec![
                    Change::Members { group: all.clone(), members: at_least(GUEST) },
                    Change::Members { group: reporters.clone(), members: at_least(REPORTER) },
                ];
                (Ok(vec![Principal::source_group(all)]), Ok(vec![Principal::source_group(reporters)]), changes)
            }
        };
        Ok(Access { rule, guests, reporters, uses_rule, members })
    }

    /// The active members with an address, inherited ones included, each with a role.
    async fn members(&self, project: &Project, emails: &mut Emails) -> EngineResult<Vec<(u32, String)>> {
        let id = project.id.to_string();
        let url = self.client.url(&["projects", &id, "members", "all"], &[("per_page", "100")]);
        let members: Vec<Member> = self.client.list(url, MOST).await?;
        let mut found = Vec::new();
        for member in members.into_iter().filter(|member| member.state == "active" && member.access_level >= GUEST) {
            let email = match member.email.filter(|email| !email.is_empty()) {
                Some(email) => Some(email),
                None => self.email(member.id, emails).await?,
            };
            found.extend(email.map(|email| (member.access_level, email)));
        }
        found.sort();
        found.dedup_by(|a, b| a.1 == b.1 && a.0 == b.0);
        Ok(found)
    }

    async fn email(&self, id: u64, emails: &mut Emails) -> EngineResult<Option<String>> {
        if let Some(known) = emails.get(&id) {
            return Ok(known.clone());
        }
        let user: User = self.client.get(self.client.url(&["users", &id.to_string()], &[])).await?;
        let email = [user.email, user.public_email].into_iter().flatten().find(|email| !email.is_empty());
        emails.insert(id, email.clone());
        Ok(email)
    }
}
