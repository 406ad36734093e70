//! What a source has already, by the names the source gives.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use domain::{DocumentId, Principal, SourceId};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect, Select};

use crate::{
    Error, Result, Store,
    chunks::IN_LIST,
    documents::external_key,
    entities::{access_class_principal, document},
};

/// What the store holds under an external id.
#[derive(Clone, Debug, PartialEq)]
pub struct Known {
    pub document: DocumentId,
    /// Of the bytes its live version was parsed from.
    pub raw_hash: String,
    /// As it was stored with them.
    pub revision: Option<String>,
    pub readers: Arc<BTreeSet<Principal>>,
    /// `false` when it is marked deleted.
    pub live: bool,
}

/// External id, id, hash of the bytes, revision, access class, time of deletion.
type KnownRow = (String, String, String, Option<String>, i64, Option<i64>);

impl Store {
    /// Everything a source has, deleted documents included, by external id.
    pub async fn known_documents(&self, source: &SourceId) -> Result<HashMap<String, Known>> {
        let rows = columns(of(source)).into_tuple().all(self.read()).await?;
        self.known(rows).await
    }

    /// What a source has of these external ids, deleted documents included.
    pub async fn known_among(&self, source: &SourceId, external_ids: &[String]) -> Result<HashMap<String, Known>> {
        let mut rows = Vec::new();
        for ids in external_ids.chunks(IN_LIST) {
            let named = document::Column::ExternalKey.is_in(ids.iter().map(|id| external_key(id)));
            rows.extend(columns(of(source).filter(named)).into_tuple::<KnownRow>().all(self.read()).await?);
        }
        self.known(rows).await
    }

    async fn known(&self, rows: Vec<KnownRow>) -> Result<HashMap<String, Known>> {
        let classes: BTreeSet<i64> = rows.iter().map(|(.., class, _)| *class).collect();
        let readers = self.readers_of(classes).await?;
        let mut known = HashMap::with_capacity(rows.len());
        for (external_id, id, raw_hash, revision, class, deleted_at) in rows {
            let document = id.parse().map_err(Error::Schema)?;
            let readers = readers.get(&class).cloned().unwrap_or_default();
            let live = deleted_at.is_none();
            known.insert(external_id, Known { document, raw_hash, revision, readers, live });
        }
        Ok(known)
    }

    async fn readers_of(&self, classes: BTreeSet<i64>) -> Result<HashMap<i64, Arc<BTreeSet<Principal>>>> {
        let classes: Vec<i64> = classes.into_iter().collect();
        let mut readers: HashMap<i64, BTreeSet<Principal>> = HashMap::new();
        for classes in classes.chunks(IN_LIST) {
            let rows = access_class_principal::Entity::find()
                .filter(access_class_principal::Column::ClassId.is_in(classes.iter().copied()))
                .all(self.read())
                .await?;
            for row in rows {
                let principal = row.principal.parse().map_err(Error::Schema)?;
                readers.entry(row.class_id).or_default().insert(principal);
            }
        }
        Ok(readers.into_iter().map(|(class, set)| (class, Arc::new(set))).collect())
    }
}

fn of(source: &SourceId) -> Select<document::Entity> {
    document::Entity::find().filter(document::Column::SourceId.eq(source.as_str()))
}

fn columns(documents: Select<document::Entity>) -> Select<document::Entity> {
    use document::Column::{AccessClassId, DeletedAt, ExternalId, Id, RawHash, Revision};
    documents.select_only().columns([ExternalId, Id, RawHash, Revision, AccessClassId, DeletedAt])
}
