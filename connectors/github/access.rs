//! Who may read a repository: its collaborators, as far as GitHub shows their e-mail addresses.
//!
//! <https://docs.github.com/en/rest/collaborators/collaborators#list-repository-collaborators>
//! <https://docs.github.com/en/graphql/reference/objects#user> (`organizationVerifiedDomainEmails`)

use std::collections::{HashMap, HashSet};

use domain::{Change, EngineResult, Principal};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{GithubConnector, PrivateReaders, repositories::Repository};
use crate::pages::Pages;

const MOST: usize = 100_000;
const MEMBERS: &str = "query($organization: String!, $after: String) {
  organization(login: $organization) {
    membersWithRole(first: 100, after: $after) {
      nodes { login email organizationVerifiedDomainEmails(login: $organization) }
      pageInfo { hasNextPage endCursor }
    }
  }
}";

/// E-mail addresses by login, learnt once a sync.
#[derive(Default)]
pub(super) struct Emails {
    known: HashMap<String, Vec<String>>,
    organizations: HashSet<String>,
}

#[derive(Deserialize)]
struct User {
    login: String,
    #[serde(default)]
    email: Option<String>,
}

/// Who may read, or why nobody can say; and the members of the group that `readers` names.
pub(super) struct Access {
    pub(super) readers: Result<Vec<Principal>, String>,
    pub(super) members: Option<Change>,
}

impl GithubConnector {
    pub(super) async fn access(&self, repository: &Repository, emails: &mut Emails) -> EngineResult<Access> {
        if !repository.private || self.config.private_readers == PrivateReaders::Rule {
            let readers = self.rule.clone().ok_or_else(|| {
                let kind = if repository.private { "private" } else { "public" };
                format!(
                    "{} is {kind} and the source has no rule for such repositories: add it with --access public, \
                     group:NAME or user:EMAIL",
                    repository.full_name
                )
            });
            return Ok(Access { readers, members: None });
        }
        let group = format!("repository {}", repository.node_id);
        match self.members(repository, emails).await {
            Ok(members) => Ok(Access {
                readers: Ok(vec![Principal::source_group(&group)]),
                members: Some(Change::Members { group, members }),
            }),
            Err(error) if error.retryable => Err(error),
            Err(error) => Ok(Access {
                readers: Err(format!("who may read {} is not to be seen: {error}", repository.full_name)),
                members: None,
            }),
        }
    }

    async fn members(&self, repository: &Repository, emails: &mut Emails) -> EngineResult<Vec<String>> {
        let (owner, name) = repository.path();
        let query = [("affiliation", "all"), ("per_page", "100")];
        let url = self.client.url(&["repos", owner, name, "collaborators"], &query);
        let collaborators: Vec<User> = self.client.list(url, MOST).await?;
        if repository.owner.kind == "Organization" && emails.organizations.insert(owner.to_owned()) {
            self.learn(owner, emails).await?;
        }
        let mut members = Vec::new();
        for User { login, .. } in collaborators {
            if !emails.known.contains_key(&login) {
                let user: User = self.client.get(self.client.url(&["users", &login], &[])).await?;
                emails.known.insert(login.clone(), user.email.into_iter().collect());
            }
            members.extend(emails.known.get(&login).into_iter().flatten().cloned());
        }
        members.sort();
        members.dedup();
        Ok(members)
    }

    /// Addresses in an organisation's verified domains, which only it is shown. Without that right there are none.
    async fn learn(&self, organization: &str, emails: &mut Emails) -> EngineResult<()> {
        let (mut pages, mut after) = (Pages::default(), Value::Null);
        loop {
            pages.next("GitHub's members", &after.to_string())?;
            let variables = json!({ "organization": organization, "after": after });
            let answer = self.client.graphql(MEMBERS, variables).await?;
            let page = &answer["data"]["organization"]["membersWithRole"];
            for node in page["nodes"].as_array().into_iter().flatten() {
                let verified = node["organizationVerifiedDomainEmails"].as_array().into_iter().flatten();
                let all = verified.chain([&node["email"]]).filter_map(Value::as_str).filter(|email| !email.is_empty());
                let all: Vec<String> = all.map(ToOwned::to_owned).collect();
                if let (Some(login), false) = (node["login"].as_str(), all.is_empty()) {
                    emails.known.insert(login.to_owned(), all);
                }
            }
            if page["pageInfo"]["hasNextPage"] != true {
                return Ok(());
            }
            after = page["pageInfo"]["endCursor"].clone();
        }
    }
}
