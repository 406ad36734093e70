//! Tokens by which programs send documents to a source: one each, known by its hash.

use domain::SourceId;
use jiff::Timestamp;
use sea_orm::{ActiveValue::Set, EntityTrait, sea_query::OnConflict};

use crate::{
    Result, Store,
    entities::source_token::{ActiveModel, Column, Entity},
    time::to_micros,
};

impl Store {
    /// Gives the source a token, by its lower-case hex SHA-256, in place of the one it had.
    pub async fn set_source_token(&self, source: &SourceId, token_sha256: String, now: Timestamp) -> Result<()> {
        let row = ActiveModel {
            source_id: Set(source.to_string()),
            token_sha256: Set(token_sha256),
            created_at: Set(to_micros(now)),
        };
        let replaced =
            OnConflict::column(Column::SourceId).update_columns([Column::TokenSha256, Column::CreatedAt]).to_owned();
        Entity::insert(row).on_conflict(replaced).exec_without_returning(self.write()).await?;
        Ok(())
    }

    /// The hash of the source's token, if it has one.
    pub async fn source_token(&self, source: &SourceId) -> Result<Option<String>> {
        Ok(Entity::find_by_id(source.as_str()).one(self.read()).await?.map(|row| row.token_sha256))
    }

    /// Ends the source's token; says whether there was one.
    pub async fn delete_source_token(&self, source: &SourceId) -> Result<bool> {
        Ok(Entity::delete_by_id(source.as_str()).exec(self.write()).await?.rows_affected == 1)
    }
}
