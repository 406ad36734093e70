//! Whom permission schemes and security levels admit: holders of every kind, resolved to e-mail addresses.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use domain::EngineResult;
use reqwest::StatusCode;
use serde_json::Value;
use url::Url;

use super::{
    access::{Access, People},
    client::{Client, Project},
};

type Told<T> = EngineResult<Result<T, String>>;

/// The people, groups and roles of a site, each asked for once in a sync.
pub(super) struct Directory<'a> {
    client: &'a Client,
    people: HashMap<Url, Result<BTreeSet<String>, String>>,
}

impl<'a> Directory<'a> {
    pub(super) fn new(client: &'a Client) -> Self {
        Self { client, people: HashMap::new() }
    }

    /// Who may read the project's issues, or why that cannot be told.
    pub(super) async fn project(&mut self, project: &Project) -> Told<Access> {
        let scheme: Value = match self.read(&["project", &project.id, "permissionscheme"]).await? {
            Ok(scheme) => scheme,
            Err(reason) => return Ok(Err(format!("its permission scheme: {reason}"))),
        };
        let id = scheme.get("id").map(|id| id.to_string().replace('"', "")).unwrap_or_default();
        let grants: Value = match self.read(&["permissionscheme", &id, "permission"]).await? {
            Ok(grants) => grants,
            Err(reason) => return Ok(Err(format!("its permission scheme: {reason}"))),
        };
        let browsers = items(&grants, "permissions")
            .filter(|grant| text(grant, &["permission"]) == Some("BROWSE_PROJECTS"))
            .filter_map(|grant| grant.get("holder"));
        let people = match self.holders(project, browsers.cloned().collect()).await? {
            Ok(people) => people,
            Err(reason) => return Ok(Err(reason)),
        };
        let mut levels = BTreeMap::new();
        if self.client.is_cloud()
            && let Ok(listed) = self.read(&["project", &project.id, "securitylevel"]).await?
        {
            for level in items(&listed, "levels").filter_map(|level| text(level, &["id"])) {
                levels.insert(level.to_owned(), self.level(project, level).await?);
            }
        }
        Ok(Ok(Access { project: people, levels }))
    }

    async fn level(&mut self, project: &Project, level: &str) -> Told<People> {
        let path = ["issuesecurityschemes", "level", "member"];
        let members = match self.client.all::<Value>(&path, &[("levelId", level)]).await? {
            Ok(members) => members,
            Err(reason) => return Ok(Err(reason)),
        };
        let of_level = |member: &&Value| {
            member.get("issueSecurityLevelId").is_none_or(|id| id.to_string().replace('"', "") == level)
        };
        let holders = members.iter().filter(of_level).filter_map(|member| member.get("holder"));
        self.holders(project, holders.cloned().collect()).await
    }

    async fn holders(&mut self, project: &Project, holders: Vec<Value>) -> Told<People> {
        let mut people = People::default();
        for holder in &holders {
            let parameter = text(holder, &["parameter"]).unwrap_or_default();
            let told = match text(holder, &["type"]).unwrap_or_default() {
                "anyone" => {
                    people.everyone = true;
                    continue;
                }
                "applicationRole" => self.application(parameter).await?,
                "group" => self.group(text(holder, &["value"]), parameter).await?,
                "user" => self.user(&[if self.client.is_cloud() { "accountId" } else { "key" }, parameter]).await?,
                "projectRole" => self.role(project, parameter).await?,
                "projectLead" => self.account(project.lead.as_ref().unwrap_or(&Value::Null)).await?,
                _ => continue,
            };
            match told {
                Ok(emails) => people.emails.extend(emails),
                Err(reason) => return Ok(Err(reason)),
            }
        }
        Ok(Ok(people))
    }

    /// Everyone who may use a product, or any of them.
    async fn application(&mut self, role: &str) -> Told<BTreeSet<String>> {
        let path: &[&str] = if role.is_empty() { &["applicationrole"] } else { &["applicationrole", role] };
        let roles = match self.read(path).await? {
            Ok(Value::Array(roles)) => roles,
            Ok(role) => vec![role],
            Err(reason) => return Ok(Err(format!("who may use Jira: {reason}"))),
        };
        let mut emails = BTreeSet::new();
        for role in &roles {
            let detailed = items(role, "groupDetails").map(|group| (text(group, &["groupId"]), text(group, &["name"])));
            let named = items(role, "groups").map(|name| (None, name.as_str()));
            let groups: Vec<_> = if role.get("groupDetails").is_some() { detailed.collect() } else { named.collect() };
            for (id, name) in groups {
                match self.group(id, name.unwrap_or_default()).await? {
                    Ok(members) => emails.extend(members),
                    Err(reason) => return Ok(Err(reason)),
                }
            }
        }
        Ok(Ok(emails))
    }

    async fn role(&mut self, project: &Project, role: &str) -> Told<BTreeSet<String>> {
        let role: Value = match self.read(&["project", &project.id, "role", role]).await? {
            Ok(role) => role,
            Err(reason) => return Ok(Err(format!("the project role {role}: {reason}"))),
        };
        let mut emails = BTreeSet::new();
        for actor in items(&role, "actors") {
            let told = match (actor.get("actorGroup"), actor.get("actorUser")) {
                (Some(group), _) => {
                    self.group(text(group, &["groupId"]), text(group, &["name"]).unwrap_or_default()).await?
                }
                (None, Some(user)) if self.client.is_cloud() => self.account(user).await?,
                _ => self.account(actor).await?,
            };
            match told {
                Ok(members) => emails.extend(members),
                Err(reason) => return Ok(Err(reason)),
            }
        }
        Ok(Ok(emails))
    }

    async fn group(&mut self, id: Option<&str>, name: &str) -> Told<BTreeSet<String>> {
        let query = match id {
            Some(id) if self.client.is_cloud() => [("groupId", id)],
            _ => [("groupname", name)],
        };
        let key = self.client.at(&["group", "member"], &query);
        if let Some(people) = self.people.get(&key) {
            return Ok(people.clone());
        }
        let told = match self.client.all::<Value>(&["group", "member"], &query).await? {
            Ok(members) => {
                let mut emails = BTreeSet::new();
                let mut failed = None;
                for member in &members {
                    match self.account(member).await? {
                        Ok(known) => emails.extend(known),
                        Err(reason) => failed = Some(reason),
                    }
                }
                failed.map_or(Ok(emails), Err)
            }
            Err(reason) => Err(format!("the members of group {name}: {reason}")),
        };
        self.people.insert(key, told.clone());
        Ok(told)
    }

    /// The address of an account, which is asked for where `shown` has none.
    async fn account(&mut self, shown: &Value) -> Told<BTreeSet<String>> {
        if let Some(email) = text(shown, &["emailAddress"]) {
            return Ok(Ok(BTreeSet::from([email.to_lowercase()])));
        }
        let by = if self.client.is_cloud() {
            text(shown, &["accountId"]).map(|id| ["accountId", id])
        } else {
            text(shown, &["key"]).map(|key| ["key", key]).or(text(shown, &["name"]).map(|name| ["username", name]))
        };
        match by {
            Some(by) => self.user(&by).await,
            None => Ok(Ok(BTreeSet::new())),
        }
    }

    async fn user(&mut self, [name, value]: &[&str; 2]) -> Told<BTreeSet<String>> {
        let url = self.client.at(&["user"], &[(name, value)]);
        if let Some(people) = self.people.get(&url) {
            return Ok(people.clone());
        }
        let response = self.client.http.send(&self.client.site.get(url.clone())).await?;
        let user: Result<Value, String> =
            if response.status == StatusCode::NOT_FOUND { Ok(Value::Null) } else { response.item()? };
        let email = user.map(|user| text(&user, &["emailAddress"]).map(str::to_lowercase));
        if email == Ok(None) {
            tracing::warn!(account = value, "Jira shows no e-mail address, so this account reads nothing here");
        }
        let told = email.map(|email| email.into_iter().collect::<BTreeSet<_>>());
        let told = told.map_err(|reason| format!("the account {value}: {reason}"));
        self.people.insert(url, told.clone());
        Ok(told)
    }

    async fn read(&self, path: &[&str]) -> Told<Value> {
        self.client.http.item(&self.client.site.get(self.client.at(path, &[]))).await
    }
}

fn text<'a>(value: &'a Value, names: &[&str]) -> Option<&'a str> {
    names.iter().filter_map(|name| value.get(name)?.as_str()).find(|text| !text.is_empty())
}

fn items<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    value.get(name).and_then(Value::as_array).into_iter().flatten()
}
