//! Given answers, each with the evidence it was given on. Only who asked may read one.

use std::collections::BTreeSet;

use domain::{AnswerId, DocumentId, Viewer};
use jiff::Timestamp;
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait, LockType, Query},
};

use crate::{
    Error, Result, Store,
    chunks::{IN_LIST, without_nul},
    entities::{answer, answer_document, document},
    time::{from_micros, to_micros},
};

/// An answer and what it was drawn from.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredAnswer {
    pub id: AnswerId,
    pub question: String,
    /// A `domain::Answer`; null when erased.
    pub answer: serde_json::Value,
    /// Passages, prompt and model hashes, sampler and seed; null when erased.
    pub evidence: serde_json::Value,
    pub created_at: Timestamp,
    /// When a document it was drawn from was deleted.
    pub erased_at: Option<Timestamp>,
}

impl Store {
    /// Keeps an answer for the viewer who asked. `documents`: all whose words it or its evidence holds; when one has been
    /// deleted meanwhile, only the question is kept.
    pub async fn save_answer(
        &self,
        viewer: &Viewer,
        stored: StoredAnswer,
        documents: &BTreeSet<DocumentId>,
    ) -> Result<()> {
        let tx = self.begin().await?;
        // Held against deletion until the answer is stored: a deletion then finds it.
        let ids: Vec<&str> = documents.iter().map(DocumentId::as_str).collect();
        let mut live = 0;
        for ids in ids.chunks(IN_LIST) {
            let rows: Vec<String> = document::Entity::find()
                .select_only()
                .column(document::Column::Id)
                .filter(document::Column::Id.is_in(ids.iter().copied()))
                .filter(document::Column::DeletedAt.is_null())
                .order_by_asc(document::Column::Id)
                .lock(LockType::KeyShare)
                .into_tuple()
                .all(&tx)
                .await?;
            live += rows.len();
        }
        let is_erased = live < ids.len();
        let kept = |value: serde_json::Value| if is_erased { "null".to_owned() } else { value.to_string() };
        let row = answer::ActiveModel {
            id: Set(stored.id.to_string()),
            user_id: Set(viewer.user.as_ref().map(ToString::to_string)),
            question: Set(without_nul(stored.question)),
            answer: Set(kept(stored.answer)),
            evidence: Set(kept(stored.evidence)),
            created_at: Set(to_micros(stored.created_at)),
            erased_at: Set(is_erased.then(|| to_micros(stored.created_at))),
        };
        answer::Entity::insert(row).exec_without_returning(&tx).await?;
        let rows = documents.iter().map(|document| answer_document::ActiveModel {
            answer_id: Set(stored.id.to_string()),
            document_id: Set(document.to_string()),
        });
        let rows: Vec<_> = rows.collect();
        for rows in rows.chunks(IN_LIST) {
            answer_document::Entity::insert_many(rows.to_vec()).exec_without_returning(&tx).await?;
        }
        Ok(tx.commit().await?)
    }

    /// # Errors
    /// [`Error::NotFound`] unless this very user asked; an answer to nobody in particular is for nobody.
    pub async fn answer(&self, viewer: &Viewer, id: &AnswerId) -> Result<StoredAnswer> {
        let missing = || Error::NotFound(format!("answer {id}"));
        let user = viewer.user.as_ref().ok_or_else(missing)?;
        let row = answer::Entity::find_by_id(id.as_str())
            .filter(answer::Column::UserId.eq(user.as_str()))
            .one(self.read())
            .await?
            .ok_or_else(missing)?;
        Ok(StoredAnswer {
            id: row.id.parse().map_err(Error::Schema)?,
            question: row.question,
            answer: json(&row.answer)?,
            evidence: json(&row.evidence)?,
            created_at: from_micros(row.created_at)?,
            erased_at: row.erased_at.map(from_micros).transpose()?,
        })
    }
}

/// Takes the words out of every answer that was drawn from a document; the questions stay. Returns how many there were.
pub(crate) async fn erase<C: ConnectionTrait>(db: &C, document: &DocumentId, now: Timestamp) -> Result<u64> {
    let drawn = Query::select()
        .column(answer_document::Column::AnswerId)
        .from(answer_document::Entity)
        .and_where(answer_document::Column::DocumentId.eq(document.as_str()))
        .take();
    let answers = || answer::Column::Id.in_subquery(drawn.clone()).and(answer::Column::ErasedAt.is_null());
    let count = answer::Entity::find().filter(answers()).count(db).await?;
    if count > 0 {
        answer::Entity::update_many()
            .col_expr(answer::Column::Answer, Expr::val("null"))
            .col_expr(answer::Column::Evidence, Expr::val("null"))
            .col_expr(answer::Column::ErasedAt, Expr::val(to_micros(now)))
            .filter(answers())
            .exec(db)
            .await?;
    }
    Ok(count)
}

fn json(text: &str) -> Result<serde_json::Value> {
    serde_json::from_str(text).map_err(|error| Error::Schema(error.to_string()))
}
