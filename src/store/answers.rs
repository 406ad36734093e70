//! Given answers, each with the evidence it was given on. Only who asked may read one.

use domain::{AnswerId, Viewer};
use jiff::Timestamp;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};

use crate::{
    Error, Result, Store,
    chunks::without_nul,
    entities::answer,
    time::{from_micros, to_micros},
};

/// An answer and what it was drawn from.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredAnswer {
    pub id: AnswerId,
    pub question: String,
    /// A `domain::Answer`.
    pub answer: serde_json::Value,
    /// Passages, prompt and model hashes, sampler and seed.
    pub evidence: serde_json::Value,
    pub created_at: Timestamp,
}

impl Store {
    /// Keeps an answer for the viewer who asked.
    pub async fn save_answer(&self, viewer: &Viewer, stored: StoredAnswer) -> Result<()> {
        let row = answer::ActiveModel {
            id: Set(stored.id.to_string()),
            user_id: Set(viewer.user.as_ref().map(ToString::to_string)),
            question: Set(without_nul(stored.question)),
            answer: Set(stored.answer.to_string()),
            evidence: Set(stored.evidence.to_string()),
            created_at: Set(to_micros(stored.created_at)),
        };
        answer::Entity::insert(row).exec_without_returning(self.write()).await?;
        Ok(())
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
        })
    }
}

fn json(text: &str) -> Result<serde_json::Value> {
    serde_json::from_str(text).map_err(|error| Error::Schema(error.to_string()))
}
