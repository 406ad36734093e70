//! Requests that are done once: the key a client gave, what came with it, and the response.

use domain::SourceId;
use jiff::{SignedDuration, Timestamp};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QuerySelect, SqlErr, sea_query::Expr};

use crate::{
    Error, Result, Store,
    entities::idempotency_key::{ActiveModel, Column, Entity},
    time::to_micros,
};

/// How long a response is kept.
const KEPT: SignedDuration = SignedDuration::from_hours(24);
/// After this a request that never ended is taken for abandoned: its process died.
const LONGEST: SignedDuration = SignedDuration::from_mins(10);

/// What became of a key when a request came with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begun {
    /// The key is this request's now: end with [`Store::finish_once`] or [`Store::forget_once`].
    New,
    /// Another request with the key is being worked on.
    Running,
    /// The work was done before; this was the response.
    Done(String),
    /// The key came with something else before.
    OtherBody,
}

impl Store {
    /// Takes a key for a request to `source` whose body has this hash. Keys expire after 24 hours.
    pub async fn begin_once(&self, source: &SourceId, key: &str, body_sha256: &str, now: Timestamp) -> Result<Begun> {
        let tx = self.begin().await?;
        Entity::delete_many().filter(Column::ExpiresAt.lte(to_micros(now))).exec(&tx).await?;
        let found = Entity::find_by_id((source.to_string(), key.to_owned())).lock_exclusive().one(&tx).await?;
        let begun = match found {
            Some(row) if row.body_sha256 != body_sha256 => Begun::OtherBody,
            Some(row) => match row.response {
                Some(response) => Begun::Done(response),
                None if row.begun_at > to_micros(now - LONGEST) => Begun::Running,
                None => {
                    Entity::update_many()
                        .col_expr(Column::BegunAt, Expr::val(to_micros(now)))
                        .filter(Column::SourceId.eq(source.as_str()))
                        .filter(Column::Key.eq(key))
                        .exec(&tx)
                        .await?;
                    Begun::New
                }
            },
            None => {
                let row = ActiveModel {
                    source_id: Set(source.to_string()),
                    key: Set(key.to_owned()),
                    body_sha256: Set(body_sha256.to_owned()),
                    response: Set(None),
                    begun_at: Set(to_micros(now)),
                    expires_at: Set(to_micros(now + KEPT)),
                };
                match Entity::insert(row).exec_without_returning(&tx).await {
                    // Another replica took it between the two statements.
                    Err(error) if matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))) => {
                        return Ok(Begun::Running);
                    }
                    done => done.map_err(Error::Db).map(|_| Begun::New)?,
                }
            }
        };
        tx.commit().await?;
        Ok(begun)
    }

    /// Keeps the response for whoever repeats the request.
    pub async fn finish_once(&self, source: &SourceId, key: &str, response: &str) -> Result<()> {
        Entity::update_many()
            .col_expr(Column::Response, Expr::val(response))
            .filter(Column::SourceId.eq(source.as_str()))
            .filter(Column::Key.eq(key))
            .exec(self.write())
            .await?;
        Ok(())
    }

    /// Gives the key back: nothing was done, so the request may be repeated.
    pub async fn forget_once(&self, source: &SourceId, key: &str) -> Result<()> {
        Entity::delete_by_id((source.to_string(), key.to_owned())).exec(self.write()).await?;
        Ok(())
    }
}
