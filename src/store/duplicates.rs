//! Exact duplicates: a document with the very text and readers of another has no chunks of its own,
//! until the other one goes, changes, or is read by someone else.

use std::collections::BTreeSet;

use domain::{AccessClassId, DocumentId, Principal, VersionHash};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::Expr};

use crate::{
    Error, Result, Store, access, chunks,
    entities::{access_class, document},
};

impl Store {
    /// A live document that holds this very text, for these very readers, in chunks of its own.
    pub async fn document_by_text(
        &self,
        version: &VersionHash,
        readers: &BTreeSet<Principal>,
    ) -> Result<Option<DocumentId>> {
        let class: Option<i64> = access_class::Entity::find()
            .select_only()
            .column(access_class::Column::Id)
            .filter(access_class::Column::Key.eq(access::key(readers)))
            .into_tuple()
            .one(self.read())
            .await?;
        let Some(class) = class else { return Ok(None) };
        let id: Option<String> = originals(version, AccessClassId(class))
            .select_only()
            .column(document::Column::Id)
            .order_by_asc(document::Column::Id)
            .into_tuple()
            .one(self.read())
            .await?;
        id.map(|id| id.parse().map_err(Error::Schema)).transpose()
    }
}

/// Whether `original` can still stand in for a document of this text and class.
pub(crate) async fn stands_in<C: ConnectionTrait>(
    db: &C,
    original: &DocumentId,
    version: &VersionHash,
    class: AccessClassId,
) -> Result<bool> {
    // It may be another source's, whose batch must not change it meanwhile.
    let row =
        originals(version, class).filter(document::Column::Id.eq(original.as_str())).lock_shared().one(db).await?;
    Ok(row.is_some())
}

/// Lets `original` go: its oldest duplicate inherits its chunks and the other duplicates.
/// Call it before the chunks of `original` are removed. Returns the heir, which needs an index job.
pub(crate) async fn release<C: ConnectionTrait>(db: &C, original: &DocumentId) -> Result<Option<DocumentId>> {
    let heir: Option<String> = document::Entity::find()
        .select_only()
        .column(document::Column::Id)
        .filter(document::Column::DuplicateOf.eq(original.as_str()))
        .filter(document::Column::DeletedAt.is_null())
        .order_by_asc(document::Column::Id)
        .into_tuple()
        .one(db)
        .await?;
    let Some(heir) = heir else { return Ok(None) };
    stand_alone(db, &heir, original.as_str()).await?;
    document::Entity::update_many()
        .col_expr(document::Column::DuplicateOf, Expr::val(heir.as_str()))
        .filter(document::Column::DuplicateOf.eq(original.as_str()))
        .exec(db)
        .await?;
    heir.parse().map(Some).map_err(Error::Schema)
}

/// Gives a duplicate chunks of its own.
pub(crate) async fn stand_alone<C: ConnectionTrait>(db: &C, duplicate: &str, original: &str) -> Result<()> {
    chunks::copy(db, original, duplicate).await?;
    document::Entity::update_many()
        .col_expr(document::Column::DuplicateOf, Expr::val(None::<String>))
        .filter(document::Column::Id.eq(duplicate))
        .exec(db)
        .await?;
    Ok(())
}

fn originals(version: &VersionHash, class: AccessClassId) -> sea_orm::Select<document::Entity> {
    document::Entity::find()
        .filter(document::Column::Version.eq(version.as_str()))
        .filter(document::Column::AccessClassId.eq(class.0))
        .filter(document::Column::DeletedAt.is_null())
        .filter(document::Column::DuplicateOf.is_null())
}
