//! What is not cut into chunks yet for a generation: read with its text, stored with its chunks.

use std::collections::HashSet;

use domain::{Chunk, Document, DocumentId, GenerationId, VersionHash};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::{
    Error, Result, Store,
    chunks::{self, IN_LIST},
    entities::{
        chunk,
        document::{self, Model as Row},
        version,
    },
    generations, jobs, versions,
};

/// A live document as it is to be cut.
#[derive(Clone, Debug, PartialEq)]
pub struct Uncut {
    pub document: DocumentId,
    pub title: String,
    pub parsed: Document,
    version: String,
    /// The state of the document that this is: no chunk of another one may be stored.
    job_seq: i64,
}

impl Store {
    /// Those of `documents` that must be found and have no chunks in this generation.
    pub async fn uncut(&self, generation: GenerationId, documents: &[DocumentId]) -> Result<Vec<DocumentId>> {
        let mut uncut = Vec::new();
        for ids in documents.chunks(IN_LIST) {
            let names = || ids.iter().map(DocumentId::as_str);
            let wanted: Vec<String> = document::Entity::find()
                .select_only()
                .column(document::Column::Id)
                .filter(document::Column::Id.is_in(names()))
                .filter(jobs::has_chunks())
                .order_by_asc(document::Column::Id)
                .into_tuple()
                .all(self.read())
                .await?;
            let cut: Vec<String> = chunk::Entity::find()
                .select_only()
                .column(chunk::Column::DocumentId)
                .filter(chunk::Column::DocumentId.is_in(names()))
                .filter(chunk::Column::Generation.eq(generation.0))
                .distinct()
                .into_tuple()
                .all(self.read())
                .await?;
            let cut: HashSet<String> = cut.into_iter().collect();
            for id in wanted.into_iter().filter(|id| !cut.contains(id)) {
                uncut.push(id.parse().map_err(Error::Schema)?);
            }
        }
        Ok(uncut)
    }

    /// A document with the text of its live version; `None` when it need not be found any more.
    pub async fn read_uncut(&self, id: &DocumentId) -> Result<Option<Uncut>> {
        let row = document::Entity::find_by_id(id.as_str()).filter(jobs::has_chunks()).one(self.read()).await?;
        let Some(row) = row else { return Ok(None) };
        let stored = version::Entity::find_by_id((row.id.clone(), row.version.clone())).one(self.read()).await?;
        let Some(stored) = stored else {
            return Err(Error::Schema(format!("document {id} has no version {}", row.version)));
        };
        let parsed = versions::parsed(stored)?;
        let Row { title, version, job_seq, .. } = row;
        Ok(Some(Uncut { document: id.clone(), title, parsed, version, job_seq }))
    }

    /// Stores a document's chunks. `false`, and nothing is stored, when it has changed since it was read, has chunks in this
    /// generation already, or the generation was given up.
    pub async fn save_cut(&self, generation: GenerationId, of: &Uncut, cut: Vec<Chunk>) -> Result<bool> {
        let tx = self.begin().await?;
        let id = of.document.as_str();
        let is_kept = generations::hold(&tx, generation).await?;
        // One document in a transaction: a batch locks many, in its own order.
        let row = document::Entity::find_by_id(id).filter(jobs::has_chunks()).lock_exclusive().one(&tx).await?;
        let is_same = row.is_some_and(|row| row.version == of.version && row.job_seq == of.job_seq);
        let has_chunks = chunk::Entity::find()
            .filter(chunk::Column::DocumentId.eq(id))
            .filter(chunk::Column::Generation.eq(generation.0))
            .one(&tx)
            .await?
            .is_some();
        if !is_kept || !is_same || has_chunks {
            return Ok(false);
        }
        let version = VersionHash::from_stored(of.version.clone());
        chunks::insert(&tx, generation, &of.document, &version, cut).await?;
        tx.commit().await?;
        Ok(true)
    }
}
