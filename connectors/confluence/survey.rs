//! Everything there is, each with all that limits who may read it.

use std::collections::{BTreeMap, HashMap};

use domain::EngineResult;

use super::{
    access::{Limit, Subjects},
    client::{Client, Content, Space},
};

/// How many of a page's ancestors are followed.
const MOST_ANCESTORS: usize = 100;

pub(super) struct Survey {
    pub(super) pages: Vec<Surveyed>,
    /// The spaces that are read, by id, each with whether it could be listed.
    pub(super) spaces: BTreeMap<String, bool>,
    /// Spaces that could not be listed, with the reason.
    pub(super) failed: Vec<(String, String)>,
}

pub(super) struct Surveyed {
    pub(super) id: String,
    pub(super) kind: String,
    pub(super) version: u64,
    /// The space's permission and each restriction on the way down to the page; all of them hold.
    pub(super) limits: Result<Vec<Limit>, String>,
}

/// What a page hangs below, and what limits its own readers.
struct Node {
    parent: Option<(String, String)>,
    subjects: Result<Subjects, String>,
}

pub(super) async fn survey(client: &Client, keys: &[String]) -> EngineResult<Survey> {
    let mut survey = Survey { pages: Vec::new(), spaces: BTreeMap::new(), failed: Vec::new() };
    for space in client.spaces(keys).await? {
        let pages = space_pages(client, &space).await?;
        survey.spaces.insert(space.id(), pages.is_ok());
        match pages {
            Ok(pages) => survey.pages.extend(pages),
            Err(reason) => survey.failed.push((format!("space {}", space.key), reason)),
        }
    }
    Ok(survey)
}

async fn space_pages(client: &Client, space: &Space) -> EngineResult<Result<Vec<Surveyed>, String>> {
    let mut listed = Vec::new();
    for kind in ["page", "blogpost"] {
        match client.contents(space, kind).await? {
            Ok(contents) => listed.extend(contents.into_iter().map(|content| (kind, content))),
            Err(reason) => return Ok(Err(reason)),
        }
    }
    if listed.is_empty() {
        return Ok(Ok(Vec::new()));
    }
    let space_limit = client.space_subjects(space).await?;
    let mut nodes = HashMap::new();
    let mut missing = Vec::new();
    for (_, content) in &listed {
        missing.extend(content.parent());
        nodes.insert(content.id.clone(), node(content));
    }
    unlisted(client, &mut nodes, missing).await?;
    let ids: Vec<String> = nodes.iter().filter(|(_, node)| node.subjects.is_ok()).map(|(id, _)| id.clone()).collect();
    for (id, subjects) in client.restrictions(ids).await? {
        if let Some(node) = nodes.get_mut(&id) {
            node.subjects = subjects;
        }
    }
    let pages = listed.into_iter().map(|(kind, content)| Surveyed {
        limits: limits(&space.key, &space_limit, &nodes, &content.id),
        version: content.version(),
        id: content.id,
        kind: kind.into(),
    });
    Ok(Ok(pages.collect()))
}

fn node(content: &Content) -> Node {
    Node { parent: content.parent(), subjects: Ok(Subjects::default()) }
}

/// Adds the ancestors that no listing named, up to the top.
async fn unlisted(
    client: &Client,
    nodes: &mut HashMap<String, Node>,
    mut missing: Vec<(String, String)>,
) -> EngineResult<()> {
    while let Some((kind, id)) = missing.pop() {
        if nodes.contains_key(&id) {
            continue;
        }
        let node = match client.content(&kind, &id).await? {
            Ok(content) => node(&content),
            Err(reason) => Node { parent: None, subjects: Err(format!("it is below {kind} {id}: {reason}")) },
        };
        missing.extend(node.parent.clone());
        nodes.insert(id, node);
    }
    Ok(())
}

/// What limits the readers of `id`, from its space down to itself.
fn limits(
    space: &str,
    space_limit: &Result<Subjects, String>,
    nodes: &HashMap<String, Node>,
    id: &str,
) -> Result<Vec<Limit>, String> {
    let mut limits = Vec::new();
    let mut at = Some(id.to_owned());
    for _ in 0..MOST_ANCESTORS {
        let Some(id) = at else {
            limits.push(Limit { place: space.to_owned(), subjects: space_limit.clone()? });
            limits.reverse();
            return Ok(limits);
        };
        let node = nodes.get(&id).ok_or_else(|| format!("its ancestor {id} is not listed"))?;
        let subjects = node.subjects.clone()?;
        if !subjects.is_empty() {
            limits.push(Limit { place: id, subjects });
        }
        at = node.parent.as_ref().map(|(_, id)| id.clone());
    }
    Err(format!("it has more than {MOST_ANCESTORS} ancestors"))
}
