//! Who may read an article: whom the user criteria of its knowledge base and its own admit, less whom they refuse.
//!
//! Both "can read" hold, that of the knowledge base and the article's own; "cannot read" of either always counts
//! (<https://www.servicenow.com/docs/bundle/yokohama-servicenow-platform/page/product/knowledge-management/concept/user-criteria-knowledge.html>).
//! A base without "can read" is for nobody, unless a property of the instance opens it: then every account may read,
//! and the rule the source was added with says who that is. A criterion is a list of users, groups, roles, companies, departments and locations, one of which is
//! enough or, with "match all", one of each kind is needed; what a script decides cannot be told.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use domain::{Change, EngineResult, Principal};

use super::client::{Article, Client};
use crate::{digest::digest, gather::Gather};

type Row = BTreeMap<String, String>;
type People = BTreeSet<String>;
type Told<T> = EngineResult<Result<T, String>>;

/// Most ids in a query, which is part of an address.
const AT_ONCE: usize = 100;

/// Whether a knowledge base without criteria is for nobody, as it is unless the property says `false`.
const BLOCKS: &str = "glide.knowman.block_access_with_no_user_criteria";

/// Ids of criteria by knowledge base.
type ByBase = HashMap<String, BTreeSet<String>>;

/// The kinds of people a criterion lists: its field, the table that leads to people, and that table's fields for the
/// kind and for the person's address and state.
const KINDS: &[(&str, &str, &str, &str)] = &[
    ("user", "sys_user", "sys_id", ""),
    ("group", "sys_user_grmember", "group", "user."),
    ("role", "sys_user_has_role", "role", "user."),
    ("company", "sys_user", "company", ""),
    ("department", "sys_user", "department", ""),
    ("location", "sys_user", "location", ""),
];

pub(super) struct Criteria<'a> {
    client: &'a Client,
    rule: &'a [Principal],
    /// "Can read" and "cannot read" of each knowledge base; `None` where criteria are not asked.
    bases: Option<Result<(ByBase, ByBase), String>>,
    /// Whether a base without criteria is open to all accounts, or why nobody may read it.
    are_open: Result<(), String>,
    people: HashMap<String, Result<People, String>>,
    everyone: Option<Result<People, String>>,
    announced: BTreeSet<String>,
}

fn ids(list: &str) -> impl Iterator<Item = String> {
    list.split(',').map(str::trim).filter(|id| !id.is_empty()).map(ToOwned::to_owned)
}

impl<'a> Criteria<'a> {
    pub(super) async fn new(client: &'a Client, rule: &'a [Principal], is_asked: bool) -> EngineResult<Self> {
        let bases = if is_asked { Some(bases(client).await?) } else { None };
        let are_open = if is_asked { are_open(client).await? } else { Ok(()) };
        let (people, announced) = (HashMap::new(), BTreeSet::new());
        Ok(Self { client, rule, bases, are_open, people, everyone: None, announced })
    }

    /// The article's readers, or why they cannot be told. Their group is told to `gather` before it is named.
    pub(super) async fn readers(&mut self, article: &Article, gather: &mut Gather) -> Told<Vec<Principal>> {
        let (base, own, cannot) = match &self.bases {
            None => return Ok(Ok(self.rule.to_vec())),
            Some(Err(reason)) => return Ok(Err(reason.clone())),
            Some(Ok((can, cannot))) => {
                let base = &article.kb_knowledge_base;
                let mut may_not = cannot.get(base).cloned().unwrap_or_default();
                may_not.extend(ids(&article.cannot_read_user_criteria));
                let own: BTreeSet<String> = ids(&article.can_read_user_criteria).collect();
                (can.get(base).cloned().unwrap_or_default(), own, may_not)
            }
        };
        if base.is_empty()
            && let Err(reason) = &self.are_open
        {
            return Ok(Err(reason.clone()));
        }
        if base.is_empty() && own.is_empty() && cannot.is_empty() {
            return Ok(Ok(self.rule.to_vec()));
        }
        let list = |ids: &BTreeSet<String>| ids.iter().map(String::as_str).collect::<Vec<_>>().join(" ");
        let name =
            format!("readers {}", digest(&[&base, &own, &cannot].map(list).each_ref().map(|ids| ids.as_bytes())));
        let principal = Principal::source_group(&name);
        if self.announced.contains(&name) {
            return Ok(Ok(vec![principal]));
        }
        let mut limits = Vec::new();
        for criteria in [&base, &own].into_iter().filter(|criteria| !criteria.is_empty()) {
            limits.push(self.all(criteria).await?);
        }
        if limits.is_empty() {
            limits.push(self.everyone().await?);
        }
        let limits: Result<Vec<People>, String> = limits.into_iter().collect();
        let members = match (limits, self.all(&cannot).await?) {
            (Ok(limits), Ok(refused)) => {
                let admitted = limits.into_iter().reduce(|some, others| &some & &others).unwrap_or_default();
                &admitted - &refused
            }
            (Err(reason), _) | (_, Err(reason)) => return Ok(Err(reason)),
        };
        self.announced.insert(name.clone());
        gather.push(Change::Members { group: name, members: members.into_iter().collect() });
        Ok(Ok(vec![principal]))
    }

    /// Everyone who matches one of these criteria.
    async fn all(&mut self, criteria: &BTreeSet<String>) -> Told<People> {
        let mut all = People::new();
        for id in criteria {
            if !self.people.contains_key(id) {
                let people = people(self.client, id).await?.map_err(|reason| format!("user criteria {id}: {reason}"));
                self.people.insert(id.clone(), people);
            }
            match self.people.get(id) {
                Some(Ok(people)) => all.extend(people.iter().cloned()),
                Some(Err(reason)) => return Ok(Err(reason.clone())),
                None => {}
            }
        }
        Ok(Ok(all))
    }

    /// Every active account.
    async fn everyone(&mut self) -> Told<People> {
        if let Some(everyone) = &self.everyone {
            return Ok(everyone.clone());
        }
        let everyone = emails(self.client, "sys_user", "active=true", "").await?;
        Ok(self.everyone.insert(everyone).clone())
    }
}

/// The criteria of each knowledge base.
async fn bases(client: &Client) -> Told<(ByBase, ByBase)> {
    let mut both = Vec::new();
    for table in ["kb_uc_can_read_mtom", "kb_uc_cannot_read_mtom"] {
        let rows = match complete(client, table, "", "kb_knowledge_base,user_criteria").await? {
            Ok(rows) => rows,
            Err(reason) => return Ok(Err(reason)),
        };
        let mut by_base = ByBase::new();
        for mut row in rows {
            let field = |row: &mut Row, name: &str| row.remove(name).unwrap_or_default();
            by_base.entry(field(&mut row, "kb_knowledge_base")).or_default().insert(field(&mut row, "user_criteria"));
        }
        both.push(by_base);
    }
    let cannot = both.pop().unwrap_or_default();
    Ok(Ok((both.pop().unwrap_or_default(), cannot)))
}

/// Whether all accounts may read a base without criteria, or why they may not.
async fn are_open(client: &Client) -> Told<()> {
    let rows = match complete(client, "sys_properties", &format!("name={BLOCKS}"), "value").await? {
        Ok(rows) => rows,
        Err(reason) => {
            return Ok(Err(format!("its knowledge base names no readers, and {BLOCKS} is not shown: {reason}")));
        }
    };
    let value = rows.first().and_then(|row| row.get("value")).map_or("true", String::as_str);
    Ok(if value.trim().eq_ignore_ascii_case("false") {
        Ok(())
    } else {
        Err(format!("its knowledge base names no readers, which lets nobody read it while {BLOCKS} is not `false`"))
    })
}

/// Everyone who matches a criterion; nobody where it is not active.
async fn people(client: &Client, id: &str) -> Told<People> {
    let fields = "active,advanced,match_all,user,group,role,company,department,location";
    let row = match complete(client, "user_criteria", &format!("sys_id={id}"), fields).await? {
        Ok(rows) => rows.into_iter().next(),
        Err(reason) => return Ok(Err(reason)),
    };
    let Some(row) = row else { return Ok(Err("it is not there".into())) };
    let is = |name: &str| row.get(name).is_some_and(|value| value == "true");
    if is("advanced") {
        return Ok(Err("a script decides who matches".into()));
    }
    let mut matching: Option<People> = None;
    for (kind, table, column, person) in KINDS {
        let named: Vec<String> = row.get(*kind).into_iter().flat_map(|list| ids(list)).collect();
        if named.is_empty() || !is("active") {
            continue;
        }
        let mut people = People::new();
        for named in named.chunks(AT_ONCE) {
            match emails(client, table, &format!("{column}IN{}", named.join(",")), person).await? {
                Ok(some) => people.extend(some),
                Err(reason) => return Ok(Err(reason)),
            }
        }
        matching = Some(match matching {
            None => people,
            Some(others) if is("match_all") => &others & &people,
            Some(others) => &others | &people,
        });
    }
    Ok(Ok(matching.unwrap_or_default()))
}

/// The addresses of active accounts that rows of `table` are or lead to.
async fn emails(client: &Client, table: &str, query: &str, person: &str) -> Told<People> {
    let (email, active) = (format!("{person}email"), format!("{person}active"));
    let rows = complete(client, table, query, &format!("{email},{active}")).await?;
    let is_active = |row: &Row| row.get(&active).is_some_and(|value| value == "true");
    let address = |row: &Row| row.get(&email).filter(|email| !email.is_empty()).map(|email| email.to_lowercase());
    Ok(rows.map(|rows| rows.iter().filter(|row| is_active(row)).filter_map(address).collect()))
}

/// Rows of a table about people; an error where some are kept from us, as then nobody knows whom they name.
async fn complete(client: &Client, table: &str, query: &str, fields: &str) -> Told<Vec<Row>> {
    let told = client.rows::<Row>(table, query, fields).await?;
    Ok(told.and_then(|told| {
        if told.is_complete {
            Ok(told.rows)
        } else {
            Err(format!("the source's account may not see all of {table}; it needs the right to read that table"))
        }
    }))
}
