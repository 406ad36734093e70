//! Who may read: principals on documents, the viewer who asks, and access classes that join the two.

use std::{collections::BTreeSet, fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{SourceId, UserId};

/// Someone a document may be readable by: `everyone`, `user:EMAIL` or `group:NAME`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
pub struct Principal(String);

impl Principal {
    /// Every viewer of this workspace.
    pub fn everyone() -> Self {
        Self("everyone".into())
    }

    pub fn user(email: &str) -> Self {
        Self(format!("user:{}", email.trim().to_lowercase()))
    }

    pub fn group(name: &str) -> Self {
        Self(format!("group:{}", name.trim().to_lowercase()))
    }

    /// A group that only one source knows, as its connector names it: a channel, a space, a team.
    /// It is stored [`within`](Self::within) that source, so that no system can speak for another's groups.
    pub fn source_group(name: &str) -> Self {
        Self(format!("{SOURCE_GROUP}{}", name.trim().to_lowercase()))
    }

    /// The principal as it is stored: a group of a source becomes one that names the source.
    pub fn within(self, source: &SourceId) -> Self {
        match self.0.strip_prefix(SOURCE_GROUP) {
            Some(name) => Self::group(&format!("{source}/{name}")),
            None => self,
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Begins the groups of a source until they are stored; nobody can be given a principal of this form.
const SOURCE_GROUP: &str = "source-group:";

impl FromStr for Principal {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.trim().split_once(':') {
            None if text.trim() == "everyone" => Ok(Self::everyone()),
            Some(("user", email)) if !email.trim().is_empty() => Ok(Self::user(email)),
            Some(("group", name)) if !name.trim().is_empty() => Ok(Self::group(name)),
            _ => Err(format!("`{text}` is not a principal: write everyone, user:EMAIL or group:NAME")),
        }
    }
}

impl TryFrom<String> for Principal {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Principal> for String {
    fn from(principal: Principal) -> String {
        principal.0
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One distinct set of principals, numbered; both indexes filter on this single field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct AccessClassId(pub i64);

/// The person (or program) on whose behalf something is read. Every read takes one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Viewer {
    /// `None` for a local command without `--as`.
    pub user: Option<UserId>,
    /// Always holds [`Principal::everyone`].
    pub principals: BTreeSet<Principal>,
}

impl Viewer {
    /// Sees only what everyone may see.
    pub fn everyone() -> Self {
        Self { user: None, principals: BTreeSet::from([Principal::everyone()]) }
    }

    /// A user with the groups they are in.
    pub fn user(id: UserId, email: &str, groups: &[String]) -> Self {
        let mut viewer = Self::everyone().with_groups(groups);
        viewer.user = Some(id);
        viewer.principals.insert(Principal::user(email));
        viewer
    }

    pub fn with_groups(mut self, groups: &[String]) -> Self {
        self.principals.extend(groups.iter().map(|name| Principal::group(name)));
        self
    }
}
