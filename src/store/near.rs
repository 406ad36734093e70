//! Near-duplicates: groups of documents with the same readers whose texts are close to the text that founded the group.
//!
//! A group keeps its founder's signature for as long as it has members, so that a change of one document never moves
//! another, and work grows with the documents that change, not with the size of groups. Groups never span access classes.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use domain::{DocumentId, NEAR, OtherDocument, Signature, Viewer};
use sea_orm::{
    ActiveValue::{NotSet, Set},
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait, IntoIden, JoinType, LockType, Order, Query, SelectStatement, UnionType},
};

use crate::{
    Error, Result, Store, access,
    chunks::IN_LIST,
    entities::{access_class, document, near_band, near_group, version},
};

/// Groups looked at of those that share one band: of a template that thousands fill in, the newest.
const PER_BAND: u64 = 32;
/// Groups that a text is compared with: those that share most bands.
const COMPARED: usize = 32;
/// Documents named beside one that says the same.
const OTHERS: u64 = 5;
/// Parts of one UNION: SQLite takes 500.
const PARTS: usize = 100;

impl Store {
    /// For each document, some of those that say the same and that the viewer may read now: its near-duplicates, and of a
    /// short one its duplicates. Documents without any are left out.
    pub async fn also_in(
        &self,
        viewer: &Viewer,
        documents: &BTreeSet<DocumentId>,
    ) -> Result<HashMap<DocumentId, Vec<OtherDocument>>> {
        let ids: Vec<&DocumentId> = documents.iter().collect();
        let mut found = HashMap::new();
        for ids in ids.chunks(PARTS) {
            let others = self.others(ids).await?;
            let readable = self.readable(viewer, others.iter().map(|(_, other)| other.as_str())).await?;
            for (of, other) in others {
                if let Some(other) = readable.get(&other) {
                    found.entry(of.parse().map_err(Error::Schema)?).or_insert_with(Vec::new).push(other.clone());
                }
            }
        }
        Ok(found)
    }

    /// Pairs of a document and another one beside it, whoever may read them.
    async fn others(&self, ids: &[&DocumentId]) -> Result<Vec<(String, String)>> {
        use document::Column::{DeletedAt, DuplicateOf, Id, NearGroup};
        let groups: Vec<(String, Option<i64>)> = document::Entity::find()
            .select_only()
            .columns([Id, NearGroup])
            .filter(Id.is_in(ids.iter().map(|id| id.as_str())))
            .order_by_asc(Id)
            .into_tuple()
            .all(self.read())
            .await?;
        let beside = |(of, group): (String, Option<i64>)| {
            let mut some = Query::select();
            some.column(Id).expr_as(Expr::val(of.as_str()).cast_as("text"), "of").from(document::Entity);
            match group {
                Some(group) => some.and_where(Expr::col(NearGroup).eq(group)).and_where(Expr::col(Id).ne(of)),
                None => some.and_where(Expr::col(DuplicateOf).eq(of)),
            };
            some.and_where(Expr::col(DeletedAt).is_null()).order_by(Id, Order::Desc).limit(OTHERS).take()
        };
        let Some(all) = union(groups.into_iter().map(beside), &["of", "id"]) else { return Ok(Vec::new()) };
        let rows = self.read().query_all(&all).await?;
        rows.iter().map(|row| Ok((row.try_get("", "of")?, row.try_get("", "id")?))).collect()
    }

    async fn readable(
        &self,
        viewer: &Viewer,
        ids: impl Iterator<Item = &str>,
    ) -> Result<HashMap<String, OtherDocument>> {
        use document::Column::{Id, Title, Uri};
        let ids: Vec<&str> = ids.collect::<BTreeSet<_>>().into_iter().collect();
        let mut found = HashMap::new();
        for ids in ids.chunks(IN_LIST) {
            let rows: Vec<(String, String, String)> = document::Entity::find()
                .select_only()
                .columns([Id, Title, Uri])
                .filter(Id.is_in(ids.iter().copied()))
                .filter(access::readable(viewer))
                .into_tuple()
                .all(self.read())
                .await?;
            for (id, title, uri) in rows {
                let document_id = id.parse().map_err(Error::Schema)?;
                found.insert(id, OtherDocument { document_id, title, uri });
            }
        }
        Ok(found)
    }
}

/// Brings the groups in line with `touched` documents as they are now. The last step of a batch: it locks access
/// classes, in the order of their ids, and nothing after them.
pub(crate) async fn regroup<C: ConnectionTrait>(db: &C, touched: &BTreeSet<DocumentId>) -> Result<()> {
    let members = members(db, touched).await?;
    let mut groups = current(db, &members).await?;
    let classes = members.iter().map(|member| member.class).chain(groups.values().map(|group| group.class));
    lock(db, &classes.collect()).await?;
    let mut left = BTreeSet::new();
    for member in &members {
        let target = match &member.signature {
            Some(signature) if member.live => match member.group.and_then(|id| groups.get(&id)) {
                Some(group) if group.holds(member.class, signature) => continue,
                _ => Some(place(db, member.class, signature).await?),
            },
            _ => None,
        };
        if target != member.group {
            left.extend(member.group);
            document::Entity::update_many()
                .col_expr(document::Column::NearGroup, Expr::val(target))
                .filter(document::Column::Id.eq(member.id.as_str()))
                .exec(db)
                .await?;
        }
    }
    groups.retain(|id, _| left.contains(id));
    remove_empty(db, groups).await
}

/// A document as grouping sees it.
struct Member {
    id: String,
    group: Option<i64>,
    class: i64,
    live: bool,
    signature: Option<Signature>,
}

struct Group {
    class: i64,
    signature: Signature,
}

impl Group {
    fn holds(&self, class: i64, signature: &Signature) -> bool {
        self.class == class && self.signature.similarity(signature) >= NEAR
    }
}

#[derive(FromQueryResult)]
struct MemberRow {
    id: String,
    near_group: Option<i64>,
    access_class_id: i64,
    deleted_at: Option<i64>,
    signature: Option<Vec<u8>>,
}

/// In the order of ids.
async fn members<C: ConnectionTrait>(db: &C, touched: &BTreeSet<DocumentId>) -> Result<Vec<Member>> {
    use document::{Column, Entity};
    let ids: Vec<&str> = touched.iter().map(DocumentId::as_str).collect();
    let mut members = Vec::with_capacity(ids.len());
    for ids in ids.chunks(IN_LIST) {
        let live = Expr::col((version::Entity, version::Column::DocumentId))
            .equals((Entity, Column::Id))
            .and(Expr::col((version::Entity, version::Column::Hash)).equals((Entity, Column::Version)));
        let rows = Query::select()
            .columns([Column::Id, Column::NearGroup, Column::AccessClassId, Column::DeletedAt].map(|c| (Entity, c)))
            .column((version::Entity, version::Column::Signature))
            .from(Entity)
            .join(JoinType::LeftJoin, version::Entity, live)
            .and_where(Expr::col((Entity, Column::Id)).is_in(ids.iter().copied()))
            .order_by((Entity, Column::Id), Order::Asc)
            .take();
        for row in db.query_all(&rows).await? {
            let MemberRow { id, near_group, access_class_id, deleted_at, signature } =
                MemberRow::from_query_result(&row, "")?;
            let signature = signature.as_deref().and_then(Signature::from_bytes);
            members.push(Member {
                id,
                group: near_group,
                class: access_class_id,
                live: deleted_at.is_none(),
                signature,
            });
        }
    }
    Ok(members)
}

/// The groups that members are in.
async fn current<C: ConnectionTrait>(db: &C, members: &[Member]) -> Result<BTreeMap<i64, Group>> {
    let ids: BTreeSet<i64> = members.iter().filter_map(|member| member.group).collect();
    read(db, &ids.into_iter().collect::<Vec<_>>()).await
}

async fn read<C: ConnectionTrait>(db: &C, ids: &[i64]) -> Result<BTreeMap<i64, Group>> {
    let mut groups = BTreeMap::new();
    for ids in ids.chunks(IN_LIST) {
        for row in near_group::Entity::find().filter(near_group::Column::Id.is_in(ids.iter().copied())).all(db).await? {
            let wrong = || Error::Schema(format!("the signature of near-duplicates {} cannot be read", row.id));
            let signature = Signature::from_bytes(&row.signature).ok_or_else(wrong)?;
            groups.insert(row.id, Group { class: row.access_class_id, signature });
        }
    }
    Ok(groups)
}

/// One batch at a time groups documents of a class, also among replicas. Foreign keys that point at it do not wait.
async fn lock<C: ConnectionTrait>(db: &C, classes: &BTreeSet<i64>) -> Result<()> {
    let classes: Vec<i64> = classes.iter().copied().collect();
    for classes in classes.chunks(IN_LIST) {
        access_class::Entity::find()
            .filter(access_class::Column::Id.is_in(classes.iter().copied()))
            .order_by_asc(access_class::Column::Id)
            .lock(LockType::NoKeyUpdate)
            .all(db)
            .await?;
    }
    Ok(())
}

/// The group of the class that is closest to the text, or a new one.
async fn place<C: ConnectionTrait>(db: &C, class: i64, signature: &Signature) -> Result<i64> {
    let bands = signature.bands(class);
    let candidates = candidates(db, &bands).await?;
    let mut best: Option<(f32, i64)> = None;
    for (id, group) in read(db, &candidates).await? {
        let similarity = group.signature.similarity(signature);
        if group.holds(class, signature) && best.is_none_or(|(most, _)| similarity > most) {
            best = Some((similarity, id));
        }
    }
    if let Some((_, id)) = best {
        return Ok(id);
    }
    let row = near_group::ActiveModel { id: NotSet, access_class_id: Set(class), signature: Set(signature.to_bytes()) };
    let id = near_group::Entity::insert(row).exec(db).await?.last_insert_id;
    let bands: BTreeSet<i64> = bands.into_iter().collect();
    let rows = bands.into_iter().map(|key| near_band::ActiveModel { key: Set(key), group_id: Set(id) });
    near_band::Entity::insert_many(rows).exec_without_returning(db).await?;
    Ok(id)
}

/// The groups that share most bands with a text.
async fn candidates<C: ConnectionTrait>(db: &C, bands: &[i64]) -> Result<Vec<i64>> {
    use near_band::Column::{GroupId, Key};
    let of_band = |key: &i64| {
        let mut some = Query::select();
        some.column(GroupId).from(near_band::Entity).and_where(Expr::col(Key).eq(*key));
        some.order_by(GroupId, Order::Desc).limit(PER_BAND).take()
    };
    let Some(all) = union(bands.iter().map(of_band), &["group_id"]) else { return Ok(Vec::new()) };
    let mut shared: BTreeMap<i64, usize> = BTreeMap::new();
    for row in db.query_all(&all).await? {
        *shared.entry(row.try_get("", "group_id")?).or_default() += 1;
    }
    let mut shared: Vec<(i64, usize)> = shared.into_iter().collect();
    shared.sort_by_key(|(id, bands)| (std::cmp::Reverse(*bands), *id));
    Ok(shared.into_iter().take(COMPARED).map(|(id, _)| id).collect())
}

/// Removes those of `groups` that no document is in.
async fn remove_empty<C: ConnectionTrait>(db: &C, groups: BTreeMap<i64, Group>) -> Result<()> {
    for (id, group) in groups {
        let member = document::Entity::find().filter(document::Column::NearGroup.eq(id)).limit(1);
        if member.select_only().column(document::Column::Id).into_tuple::<String>().one(db).await?.is_some() {
            continue;
        }
        near_band::Entity::delete_many()
            .filter(near_band::Column::Key.is_in(group.signature.bands(group.class)))
            .filter(near_band::Column::GroupId.eq(id))
            .exec(db)
            .await?;
        near_group::Entity::delete_by_id(id).exec(db).await?;
    }
    Ok(())
}

/// Selections with limits of their own, one after the other; `None` of none.
fn union(parts: impl Iterator<Item = SelectStatement>, columns: &[&'static str]) -> Option<SelectStatement> {
    let mut parts = parts.map(|part| {
        let columns = columns.iter().map(|column| column.into_iden());
        Query::select().columns(columns).from_subquery(part, "part").take()
    });
    let mut all = parts.next()?;
    for part in parts {
        all.union(UnionType::All, part);
    }
    Some(all)
}
