//! Who may read: those whom the space admits, less those whom a restriction on the page or an ancestor leaves out.
//!
//! Cloud: [space permissions](https://developer.atlassian.com/cloud/confluence/rest/v2/api-group-space-permissions/),
//! [content restrictions](https://developer.atlassian.com/cloud/confluence/rest/v1/api-group-content-restrictions/),
//! [groups](https://developer.atlassian.com/cloud/confluence/rest/v1/api-group-group/). Data Center: the same by
//! [REST v1](https://developer.atlassian.com/server/confluence/rest/v1010/api-group-space-permissions); e-mail
//! addresses are in the profile only.

use std::collections::{BTreeSet, HashMap};

use domain::EngineResult;
use reqwest::StatusCode;
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::client::{Client, Space};

/// Most contents whose restrictions are asked for at once.
const AT_ONCE: usize = 50;

/// Those whom a permission or a restriction names; nobody means that nothing is restricted.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Subjects {
    pub(super) anyone: bool,
    /// Account ids in Cloud, user names or keys in Data Center.
    pub(super) users: BTreeSet<String>,
    /// Group ids in Cloud, names in Data Center.
    pub(super) groups: BTreeSet<String>,
}

impl Subjects {
    pub(super) fn is_empty(&self) -> bool {
        !self.anyone && self.users.is_empty() && self.groups.is_empty()
    }
}

/// One of the limits on a page's readers, and the space or content that sets it.
pub(super) struct Limit {
    pub(super) place: String,
    pub(super) subjects: Subjects,
}

#[derive(Deserialize)]
struct Found {
    id: String,
    restrictions: Option<Operations>,
}

#[derive(Deserialize)]
struct Operations {
    read: Option<Restriction>,
}

#[derive(Deserialize)]
struct Restriction {
    restrictions: Named,
}

#[derive(Deserialize)]
struct Named {
    user: Part,
    group: Part,
}

/// A page of users or groups.
#[derive(Deserialize)]
struct Part {
    results: Vec<Value>,
    limit: usize,
    size: usize,
}

impl Part {
    fn is_full(&self) -> bool {
        self.size >= self.limit
    }
}

/// The first of these fields that holds a text.
pub(super) fn text(value: &Value, names: &[&str]) -> Option<String> {
    names.iter().filter_map(|name| value.get(name)?.as_str()).find(|text| !text.is_empty()).map(ToOwned::to_owned)
}

impl Named {
    fn add_to(&self, subjects: &mut Subjects, client: &Client) {
        subjects.users.extend(self.user.results.iter().filter_map(|user| client.user_key(user)));
        subjects.groups.extend(self.group.results.iter().filter_map(|group| client.group_key(group)));
    }
}

impl Client {
    pub(super) fn user_key(&self, user: &Value) -> Option<String> {
        text(user, if self.is_cloud() { &["accountId"] } else { &["userKey", "username"] })
    }

    fn group_key(&self, group: &Value) -> Option<String> {
        text(group, if self.is_cloud() { &["id"] } else { &["name"] })
    }

    /// Those who may see a space.
    pub(super) async fn space_subjects(&self, space: &Space) -> EngineResult<Result<Subjects, String>> {
        let granted: Result<Vec<Value>, String> = if self.is_cloud() {
            self.all(self.site.at(&["api", "v2", "spaces", &space.id(), "permissions"], &[("limit", "250")])).await?
        } else {
            let url = self.site.at(&["rest", "api", "space", &space.key, "permissions"], &[]);
            self.http.item(&self.site.get(url)).await?
        };
        Ok(granted.map(|granted| {
            let mut subjects = Subjects::default();
            for grant in &granted {
                let operation = grant.get("operation").unwrap_or(&Value::Null);
                let is_reading = text(operation, &["key", "operationKey"]).as_deref() == Some("read")
                    && text(operation, &["targetType"]).as_deref() == Some("space");
                if !is_reading {
                    continue;
                }
                let subject = grant.get("principal").or_else(|| grant.get("subject")).unwrap_or(&Value::Null);
                match text(subject, &["type"]).as_deref() {
                    Some("user" | "known") => subjects.users.extend(text(subject, &["id", "userKey", "username"])),
                    Some("group") => subjects.groups.extend(text(subject, &["id", "name"])),
                    Some("anonymous") => subjects.anyone |= self.anonymous_counts,
                    // Roles and whatever else is not known to be people: nobody.
                    _ => {}
                }
            }
            subjects
        }))
    }

    /// What each content itself restricts: many at once by search, and alone what that does not answer in full.
    pub(super) async fn restrictions(&self, ids: Vec<String>) -> EngineResult<Vec<(String, Result<Subjects, String>)>> {
        let mut all = Vec::with_capacity(ids.len());
        for ids in ids.chunks(AT_ONCE) {
            let cql = format!("id in ({})", ids.join(","));
            let expand = "restrictions.read.restrictions.user,restrictions.read.restrictions.group";
            let query = [("cql", cql.as_str()), ("expand", expand), ("limit", "50")];
            let found = match self.all::<Found>(self.site.at(&["rest", "api", "content", "search"], &query)).await {
                Err(error) if error.retryable => return Err(error),
                found => found.ok().and_then(Result::ok).unwrap_or_default(),
            };
            let mut known = HashMap::new();
            for found in found {
                let read = found.restrictions.and_then(|operations| operations.read);
                if let Some(Restriction { restrictions }) = read
                    && !restrictions.user.is_full()
                    && !restrictions.group.is_full()
                {
                    let mut subjects = Subjects::default();
                    restrictions.add_to(&mut subjects, self);
                    known.insert(found.id, subjects);
                }
            }
            for id in ids {
                let subjects = match known.remove(id) {
                    Some(subjects) => Ok(subjects),
                    None => self.restriction(id).await?,
                };
                all.push((id.clone(), subjects));
            }
        }
        Ok(all)
    }

    async fn restriction(&self, id: &str) -> EngineResult<Result<Subjects, String>> {
        let mut subjects = Subjects::default();
        let mut start = 0;
        loop {
            let query = [("start", start.to_string()), ("limit", "100".into())];
            let query = query.each_ref().map(|(name, value)| (*name, value.as_str()));
            let url = self.site.at(&["rest", "api", "content", id, "restriction", "byOperation", "read"], &query);
            let page: Restriction = match self.http.item(&self.site.get(url)).await? {
                Ok(page) => page,
                Err(reason) => return Ok(Err(reason)),
            };
            page.restrictions.add_to(&mut subjects, self);
            let Named { user, group } = page.restrictions;
            if !(user.is_full() || group.is_full()) || (user.size == 0 && group.size == 0) {
                return Ok(Ok(subjects));
            }
            start += user.limit.max(1);
        }
    }

    pub(super) async fn member_list(&self, group: &str) -> EngineResult<Result<Vec<Value>, String>> {
        let path: &[&str] = if self.is_cloud() {
            &["rest", "api", "group", group, "membersByGroupId"]
        } else {
            &["rest", "api", "group", group, "member"]
        };
        self.all(self.site.at(path, &[("limit", "200")])).await
    }

    /// An account's address; `None` where it shows none to us or is gone.
    pub(super) async fn email(&self, key: &str) -> EngineResult<Result<Option<String>, String>> {
        let name = if self.is_cloud() { "accountId" } else { "key" };
        let user = self.user(self.site.at(&["rest", "api", "user"], &[(name, key)])).await?;
        let name = user.as_ref().ok().and_then(|user| text(user, &["username"])).filter(|_| !self.is_cloud());
        let shown = match name {
            Some(name) => self.user(self.site.at(&["rest", "mobile", "1.0", "profile", &name], &[])).await?,
            None => user,
        };
        Ok(shown.map(|shown| text(&shown, &["email"]).map(|email| email.to_lowercase())))
    }

    async fn user(&self, url: Url) -> EngineResult<Result<Value, String>> {
        let response = self.http.send(&self.site.get(url)).await?;
        if response.status == StatusCode::NOT_FOUND { Ok(Ok(Value::Null)) } else { response.item() }
    }
}
