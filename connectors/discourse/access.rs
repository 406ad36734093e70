//! Who may read a category: everybody on the forum, or groups, whose members admins are shown.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use domain::{Change, EngineResult, Principal};
use serde::Deserialize;

use super::{Discourse, client::Reply};
use crate::{pages::Pages, readers::nobody};

/// Members in one answer, the most that Discourse gives at once.
const MEMBERS: usize = 50;

#[derive(Deserialize)]
struct Site {
    categories: Vec<Category>,
}

#[derive(Deserialize)]
struct Category {
    id: i64,
    #[serde(default)]
    read_restricted: bool,
}

#[derive(Deserialize)]
struct Shown {
    category: Permissions,
}

#[derive(Deserialize)]
struct Permissions {
    group_permissions: Option<Vec<Permission>>,
}

/// All three kinds of permission (1 see, reply and create, 2 see and reply, 3 see) let read.
#[derive(Deserialize)]
struct Permission {
    group_name: String,
}

#[derive(Deserialize)]
struct Group {
    members: Vec<Member>,
}

#[derive(Deserialize)]
struct Member {
    id: i64,
}

#[derive(Deserialize)]
struct User {
    id: i64,
    email: Option<String>,
}

/// Readers by category.
pub(super) struct Access {
    everybody: Vec<Principal>,
    /// Categories that not everybody may read; `None` where it is not shown who may.
    restricted: HashMap<i64, Option<Vec<Principal>>>,
    /// The categories there are.
    known: BTreeSet<i64>,
    /// E-mail addresses by group.
    groups: BTreeMap<String, Vec<String>>,
}

impl Access {
    pub(super) async fn read(forum: &Discourse) -> EngineResult<Self> {
        let site: Site = forum.ask("site.json", &[]).await?.needed("site.json")?;
        let known = site.categories.iter().map(|category| category.id).collect();
        let mut access =
            Self { everybody: forum.readers.clone(), restricted: HashMap::new(), known, groups: BTreeMap::new() };
        let mut emails = None;
        for category in site.categories.iter().filter(|category| category.read_restricted) {
            if emails.is_none() {
                emails = Some(forum.emails().await?);
            }
            let emails = emails.as_ref().and_then(Option::as_ref);
            let readers = access.restriction(forum, category.id, emails).await?;
            access.restricted.insert(category.id, readers);
        }
        Ok(access)
    }

    async fn restriction(
        &mut self,
        forum: &Discourse,
        category: i64,
        emails: Option<&HashMap<i64, String>>,
    ) -> EngineResult<Option<Vec<Principal>>> {
        let Reply::Found(Shown { category }) = forum.ask::<Shown>(&format!("c/{category}/show.json"), &[]).await?
        else {
            return Ok(None);
        };
        let (Some(permissions), Some(emails)) = (category.group_permissions, emails) else { return Ok(None) };
        let mut readers = Vec::new();
        for Permission { group_name } in permissions {
            if group_name == "everyone" {
                return Ok(Some(self.everybody.clone()));
            }
            if !self.groups.contains_key(&group_name) {
                let Some(members) = forum.members(&group_name).await? else { return Ok(None) };
                let members = members.iter().filter_map(|id| emails.get(id).cloned()).collect();
                self.groups.insert(group_name.clone(), members);
            }
            readers.push(Principal::source_group(&group_name));
        }
        Ok(Some(readers).filter(|readers| !readers.is_empty()))
    }

    /// Who may read a category's topics.
    ///
    /// # Errors
    /// Why that is not known, together with readers that let nobody read.
    pub(super) fn readers(&self, category: Option<i64>) -> Result<Vec<Principal>, (String, Vec<Principal>)> {
        match category {
            Some(id) if !self.known.contains(&id) => {
                Err((format!("its category {id} is not shown to this API key"), nobody()))
            }
            Some(id) => match self.restricted.get(&id) {
                None => Ok(self.everybody.clone()),
                Some(Some(readers)) => Ok(readers.clone()),
                Some(None) => Err((
                    format!(
                        "only some groups may read its category {id}, and this API key is not shown which; use a global key of an admin"
                    ),
                    nobody(),
                )),
            },
            None => Ok(self.everybody.clone()),
        }
    }

    /// What the groups that may read something consist of.
    pub(super) fn members(&mut self) -> impl Iterator<Item = Change> {
        std::mem::take(&mut self.groups).into_iter().map(|(group, members)| Change::Members { group, members })
    }
}

impl Discourse {
    /// E-mail addresses of the users who can log in, by their id; `None` where they are not shown.
    async fn emails(&self) -> EngineResult<Option<HashMap<i64, String>>> {
        let mut emails = HashMap::new();
        let mut positions = Pages::default();
        for page in 1.. {
            let number = page.to_string();
            let query = [("show_emails", "true"), ("order", "created"), ("asc", "true"), ("page", number.as_str())];
            let Reply::Found(users) = self.ask::<Vec<User>>("admin/users/list/active.json", &query).await? else {
                return Ok(None);
            };
            let Some(first) = users.first() else { break };
            positions.next("users", &first.id.to_string())?;
            emails.extend(users.into_iter().filter_map(|user| Some((user.id, user.email?))));
        }
        Ok(Some(emails))
    }

    /// Ids of a group's members; `None` where they are not shown.
    async fn members(&self, group: &str) -> EngineResult<Option<BTreeSet<i64>>> {
        let mut ids = BTreeSet::new();
        let mut positions = Pages::default();
        let path: String = url::form_urlencoded::byte_serialize(group.as_bytes()).collect();
        let limit = MEMBERS.to_string();
        let mut offset = 0;
        loop {
            let at = offset.to_string();
            let query = [("limit", limit.as_str()), ("offset", at.as_str())];
            let answer = self.ask::<Group>(&format!("groups/{path}/members.json"), &query).await?;
            let Reply::Found(Group { members }) = answer else { return Ok(None) };
            let Some(first) = members.first() else { return Ok(Some(ids)) };
            positions.next(&format!("members of {group}"), &first.id.to_string())?;
            offset += members.len();
            ids.extend(members.iter().map(|member| member.id));
        }
    }
}
