//! Access classes: numbers for sets of principals, and the condition that a viewer may read.

use std::collections::{BTreeMap, BTreeSet};

use domain::{AccessClassId, Principal, Viewer, sha256_hex};
use sea_orm::{
    ActiveValue::{NotSet, Set},
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect,
    sea_query::{Expr, ExprTrait, IntoColumnRef, OnConflict, Query, SelectStatement},
};

use crate::{
    Result, Store,
    chunks::IN_LIST,
    entities::{access_class, access_class_principal, document},
};

impl Store {
    /// Every access class the viewer is in, ascending; what both indexes filter on.
    pub async fn readable_classes(&self, viewer: &Viewer) -> Result<Vec<AccessClassId>> {
        use access_class_principal::{Column, Entity};
        let ids: Vec<i64> = Entity::find()
            .select_only()
            .column(Column::ClassId)
            .filter(Column::Principal.is_in(names(&viewer.principals)))
            .distinct()
            .into_tuple()
            .all(self.read())
            .await?;
        Ok(ids.into_iter().map(AccessClassId).collect::<BTreeSet<_>>().into_iter().collect())
    }
}

/// True for rows of `documents` that are live and that the viewer may read now.
pub(crate) fn readable(viewer: &Viewer) -> sea_orm::Condition {
    let is_reader = is_in(viewer, (document::Entity, document::Column::AccessClassId));
    sea_orm::Condition::all().add(document::Column::DeletedAt.is_null()).add(is_reader)
}

/// True where the viewer is in the class that `column` names; never where it names none.
pub(crate) fn is_in(viewer: &Viewer, column: impl IntoColumnRef) -> Expr {
    use access_class_principal::{Column, Entity};
    let class: SelectStatement = Query::select()
        .expr(Expr::val(1))
        .from(Entity)
        .and_where(Expr::col((Entity, Column::ClassId)).equals(column))
        .and_where(Expr::col((Entity, Column::Principal)).is_in(names(&viewer.principals)))
        .take();
    Expr::exists(class)
}

/// The class of each set of principals; creates those that are new.
pub(crate) async fn classes<C: ConnectionTrait>(
    db: &C,
    sets: &BTreeSet<&BTreeSet<Principal>>,
) -> Result<BTreeMap<String, AccessClassId>> {
    let keys: BTreeMap<String, &BTreeSet<Principal>> = sets.iter().map(|set| (key(set), *set)).collect();
    let mut known = find(db, keys.keys()).await?;
    let missing: Vec<&String> = keys.keys().filter(|key| !known.contains_key(*key)).collect();
    if missing.is_empty() {
        return Ok(known);
    }
    for keys in missing.chunks(IN_LIST) {
        let rows = keys.iter().map(|key| access_class::ActiveModel { id: NotSet, key: Set((*key).clone()) });
        access_class::Entity::insert_many(rows)
            .on_conflict(OnConflict::column(access_class::Column::Key).do_nothing().to_owned())
            .exec_without_returning(db)
            .await?;
    }
    let created = find(db, missing.iter().copied()).await?;
    let members: Vec<access_class_principal::ActiveModel> = created
        .iter()
        .filter_map(|(key, class)| keys.get(key).map(|set| (class.0, *set)))
        .flat_map(|(class, set)| set.iter().map(move |principal| (class, principal)))
        .map(|(class, principal)| access_class_principal::ActiveModel {
            class_id: Set(class),
            principal: Set(principal.to_string()),
        })
        .collect();
    for rows in members.chunks(IN_LIST) {
        access_class_principal::Entity::insert_many(rows.to_vec())
            .on_conflict_do_nothing()
            .exec_without_returning(db)
            .await?;
    }
    known.extend(created);
    Ok(known)
}

/// Names a set of principals.
pub(crate) fn key(set: &BTreeSet<Principal>) -> String {
    let names: Vec<&str> = set.iter().map(Principal::as_str).collect();
    sha256_hex(names.join("\n").as_bytes())
}

async fn find<C: ConnectionTrait>(
    db: &C,
    keys: impl Iterator<Item = &String>,
) -> Result<BTreeMap<String, AccessClassId>> {
    let keys: Vec<&String> = keys.collect();
    let mut found = BTreeMap::new();
    for keys in keys.chunks(IN_LIST) {
        let rows = access_class::Entity::find()
            .filter(access_class::Column::Key.is_in(keys.iter().map(|key| key.as_str())))
            .all(db)
            .await?;
        found.extend(rows.into_iter().map(|row| (row.key, AccessClassId(row.id))));
    }
    Ok(found)
}

fn names(principals: &BTreeSet<Principal>) -> Vec<&str> {
    principals.iter().map(Principal::as_str).collect()
}
