//! Generations of the indexes: which one answers, which one is being built, which one can be gone back to.

use std::collections::BTreeSet;

use domain::{EmbedderProfile, GenerationId};
use jiff::Timestamp;
use sea_orm::{
    ActiveValue::{NotSet, Set},
    ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect,
    sea_query::{Expr, Query, SelectStatement},
};
use serde_json::Value;

use crate::{
    Error, Result, Store,
    entities::{chunk, document, index_generation, index_job, source},
    jobs::{self, Rank},
    receipts,
    time::{from_micros, to_micros},
};

/// A pair of indexes and what decides what they hold. Every document has chunks of its own in each.
#[derive(Clone, Debug, PartialEq)]
pub struct IndexGeneration {
    pub id: GenerationId,
    pub state: GenerationState,
    /// What its vectors are made by; `None` until the first indexing.
    pub profile: Option<EmbedderProfile>,
    /// How its documents are cut, as the cutter wrote it; `None` until the first indexing.
    pub chunking: Option<Value>,
    pub created_at: Timestamp,
    /// When it last became, or ceased to be, the live one.
    pub switched_at: Option<Timestamp>,
}

/// What a generation is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum GenerationState {
    /// Not complete yet; takes the live one's place when it is.
    Building,
    /// The one that answers are drawn from. There is always exactly one.
    Live,
    /// Was live before, and is kept up to date, to be gone back to.
    Previous,
    /// Given up; its chunks and indexes are being deleted.
    Dropping,
}

/// How far the building of a generation has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct GenerationProgress {
    /// Live documents with chunks of their own.
    pub documents: u64,
    /// Of these: not in its indexes yet.
    pub left: u64,
    /// Refused by an engine; tried again later, and no obstacle to the switch.
    pub refused: u64,
    /// Cut so far.
    pub chunks: u64,
}

impl GenerationState {
    const ALL: [Self; 4] = [Self::Building, Self::Live, Self::Previous, Self::Dropping];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Building => "building",
            Self::Live => "live",
            Self::Previous => "previous",
            Self::Dropping => "dropping",
        }
    }

    fn parse(text: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|state| state.as_str() == text);
        found.ok_or_else(|| Error::Schema(format!("a generation of the indexes is `{text}`")))
    }
}

impl Store {
    /// Every generation, the oldest first.
    pub async fn generations(&self) -> Result<Vec<IndexGeneration>> {
        let rows = index_generation::Entity::find().order_by_asc(index_generation::Column::Id).all(self.read()).await?;
        rows.into_iter().map(IndexGeneration::try_from).collect()
    }

    pub async fn live_generation(&self) -> Result<IndexGeneration> {
        let live = self.generations().await?.into_iter().find(|generation| generation.state == GenerationState::Live);
        live.ok_or_else(|| Error::Schema("no generation of the indexes is live".into()))
    }

    /// Notes what a generation is built with, where that is not known yet.
    pub async fn record_recipe(&self, id: GenerationId, profile: &EmbedderProfile, chunking: &Value) -> Result<()> {
        use index_generation::Column::{Chunking, Profile};
        for (column, value) in [(Profile, json(profile)?), (Chunking, chunking.to_string())] {
            index_generation::Entity::update_many()
                .col_expr(column, Expr::val(value))
                .filter(index_generation::Column::Id.eq(id.0))
                .filter(column.eq(""))
                .exec(self.write())
                .await?;
        }
        Ok(())
    }

    /// Begins a generation and asks for every document to be indexed in it. One that was being built, and the one before the
    /// live one, are given up.
    pub async fn begin_generation(
        &self,
        profile: &EmbedderProfile,
        chunking: &Value,
        now: Timestamp,
    ) -> Result<GenerationId> {
        let tx = self.begin().await?;
        lock_batches(&tx).await?;
        for row in lock(&tx).await? {
            if row.state != GenerationState::Live.as_str() {
                give_up(&tx, row.id).await?;
            }
        }
        let id = insert(&tx, profile, chunking, GenerationState::Building, now).await?;
        jobs::enqueue_build(&tx, id, now).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// A generation that is live at once, all its documents still to be indexed; the others are given up.
    pub async fn replace_generations(
        &self,
        profile: &EmbedderProfile,
        chunking: &Value,
        now: Timestamp,
    ) -> Result<GenerationId> {
        let tx = self.begin().await?;
        lock_batches(&tx).await?;
        for row in lock(&tx).await? {
            give_up(&tx, row.id).await?;
        }
        let id = insert(&tx, profile, chunking, GenerationState::Live, now).await?;
        jobs::enqueue_generation(&tx, id, now).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// Makes the generation that was being built the live one; the live one becomes the previous one.
    ///
    /// # Errors
    /// [`Error::Conflict`] when it is not being built, or a document is still to be indexed in it.
    pub async fn switch_generation(&self, to: GenerationId, now: Timestamp) -> Result<()> {
        let tx = self.begin().await?;
        let rows = lock(&tx).await?;
        let is_building =
            |row: &index_generation::Model| row.id == to.0 && row.state == GenerationState::Building.as_str();
        if !rows.iter().any(is_building) {
            return Err(Error::Conflict(format!("generation {to} of the indexes is not being built")));
        }
        if left(&tx, to).await? > 0 {
            return Err(Error::Conflict(format!("generation {to} of the indexes is not complete")));
        }
        for row in rows {
            match GenerationState::parse(&row.state)? {
                GenerationState::Live => set_state(&tx, row.id, GenerationState::Previous, Some(now)).await?,
                GenerationState::Previous => give_up(&tx, row.id).await?,
                GenerationState::Building if row.id == to.0 => {
                    set_state(&tx, row.id, GenerationState::Live, Some(now)).await?;
                    jobs::end_build(&tx, to).await?;
                }
                _ => {}
            }
        }
        Ok(tx.commit().await?)
    }

    /// Makes the previous generation the live one again, and the live one the previous. Returns the one now live.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no previous one.
    pub async fn roll_back(&self, now: Timestamp) -> Result<GenerationId> {
        let tx = self.begin().await?;
        let rows = lock(&tx).await?;
        let in_state = |state: GenerationState| rows.iter().find(|row| row.state == state.as_str());
        let (Some(previous), Some(live)) = (in_state(GenerationState::Previous), in_state(GenerationState::Live))
        else {
            return Err(no_previous());
        };
        set_state(&tx, previous.id, GenerationState::Live, Some(now)).await?;
        set_state(&tx, live.id, GenerationState::Previous, Some(now)).await?;
        tx.commit().await?;
        Ok(GenerationId(previous.id))
    }

    /// Gives the previous generation up.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is none.
    pub async fn give_up_previous(&self) -> Result<GenerationId> {
        let previous = self.generations().await?.into_iter().find(|row| row.state == GenerationState::Previous);
        let id = previous.ok_or_else(no_previous)?.id;
        self.give_up_generation(id).await?;
        Ok(id)
    }

    /// Gives a generation up: nothing is written for it any more. The live one stays.
    pub async fn give_up_generation(&self, id: GenerationId) -> Result<()> {
        let tx = self.begin().await?;
        lock_batches(&tx).await?;
        let rows = lock(&tx).await?;
        if rows.iter().any(|row| row.id == id.0 && row.state != GenerationState::Live.as_str()) {
            give_up(&tx, id.0).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Deletes up to `limit` chunks of a generation that was given up. `false` when none was left.
    pub async fn delete_chunks(&self, id: GenerationId, limit: u64) -> Result<bool> {
        let some = Query::select()
            .column(chunk::Column::Id)
            .from(chunk::Entity)
            .and_where(chunk::Column::Generation.eq(id.0))
            .and_where(chunk::Column::Generation.in_subquery(in_state(GenerationState::Dropping)))
            .limit(limit)
            .take();
        let deleted =
            chunk::Entity::delete_many().filter(chunk::Column::Id.in_subquery(some)).exec(self.write()).await?;
        Ok(deleted.rows_affected > 0)
    }

    /// Forgets a generation that was given up, once its indexes are gone.
    pub async fn forget_generation(&self, id: GenerationId, now: Timestamp) -> Result<()> {
        let tx = self.begin().await?;
        chunk::Entity::delete_many()
            .filter(chunk::Column::Generation.eq(id.0))
            .filter(chunk::Column::Generation.in_subquery(in_state(GenerationState::Dropping)))
            .exec(&tx)
            .await?;
        index_generation::Entity::delete_many()
            .filter(index_generation::Column::Id.eq(id.0))
            .filter(index_generation::Column::State.eq(GenerationState::Dropping.as_str()))
            .exec(&tx)
            .await?;
        receipts::note_forgotten(&tx, now).await?;
        Ok(tx.commit().await?)
    }

    pub async fn generation_progress(&self, id: GenerationId) -> Result<GenerationProgress> {
        let db = self.read();
        let refused = jobs_of(id, Rank::Build).filter(index_job::Column::Attempts.gt(0)).count(db).await?;
        let documents = document::Entity::find().filter(jobs::has_chunks()).count(db).await?;
        let chunks = chunk::Entity::find().filter(chunk::Column::Generation.eq(id.0)).count(db).await?;
        Ok(GenerationProgress { documents, left: left(db, id).await?, refused, chunks })
    }
}

/// The generations that chunks and index jobs are kept for.
pub(crate) fn kept() -> SelectStatement {
    Query::select()
        .column(index_generation::Column::Id)
        .from(index_generation::Entity)
        .and_where(index_generation::Column::State.ne(GenerationState::Dropping.as_str()))
        .take()
}

pub(crate) fn in_state(state: GenerationState) -> SelectStatement {
    Query::select()
        .column(index_generation::Column::Id)
        .from(index_generation::Entity)
        .and_where(index_generation::Column::State.eq(state.as_str()))
        .take()
}

pub(crate) async fn list_kept<C: ConnectionTrait>(db: &C) -> Result<BTreeSet<GenerationId>> {
    let ids: Vec<i64> = index_generation::Entity::find()
        .select_only()
        .column(index_generation::Column::Id)
        .filter(index_generation::Column::State.ne(GenerationState::Dropping.as_str()))
        .into_tuple()
        .all(db)
        .await?;
    Ok(ids.into_iter().map(GenerationId).collect())
}

pub(crate) async fn is_building(tx: &DatabaseTransaction, id: GenerationId) -> Result<bool> {
    let row = index_generation::Entity::find_by_id(id.0).one(tx).await?;
    Ok(row.is_some_and(|row| row.state == GenerationState::Building.as_str()))
}

/// Whether a generation is kept, and it is until the transaction ends.
pub(crate) async fn hold(tx: &DatabaseTransaction, id: GenerationId) -> Result<bool> {
    let kept = index_generation::Entity::find_by_id(id.0)
        .filter(index_generation::Column::State.ne(GenerationState::Dropping.as_str()))
        .lock_shared()
        .one(tx)
        .await?;
    Ok(kept.is_some())
}

/// No batch of any source until the transaction ends: none may miss a generation that begins, or write for one that goes.
pub(crate) async fn lock_batches(tx: &DatabaseTransaction) -> Result<()> {
    source::Entity::find().order_by_asc(source::Column::Id).lock_exclusive().all(tx).await?;
    Ok(())
}

async fn lock(tx: &DatabaseTransaction) -> Result<Vec<index_generation::Model>> {
    let query = index_generation::Entity::find().order_by_asc(index_generation::Column::Id).lock_exclusive();
    Ok(query.all(tx).await?)
}

async fn insert(
    tx: &DatabaseTransaction,
    profile: &EmbedderProfile,
    chunking: &Value,
    state: GenerationState,
    now: Timestamp,
) -> Result<GenerationId> {
    let row = index_generation::ActiveModel {
        id: NotSet,
        profile: Set(json(profile)?),
        chunking: Set(chunking.to_string()),
        state: Set(state.as_str().into()),
        created_at: Set(to_micros(now)),
        switched_at: Set((state == GenerationState::Live).then(|| to_micros(now))),
    };
    Ok(GenerationId(index_generation::Entity::insert(row).exec(tx).await?.last_insert_id))
}

async fn give_up(tx: &DatabaseTransaction, id: i64) -> Result<()> {
    set_state(tx, id, GenerationState::Dropping, None).await?;
    index_job::Entity::delete_many().filter(index_job::Column::Generation.eq(id)).exec(tx).await?;
    Ok(())
}

async fn set_state(tx: &DatabaseTransaction, id: i64, state: GenerationState, at: Option<Timestamp>) -> Result<()> {
    let mut update = index_generation::Entity::update_many()
        .col_expr(index_generation::Column::State, Expr::val(state.as_str()))
        .filter(index_generation::Column::Id.eq(id));
    if let Some(at) = at {
        update = update.col_expr(index_generation::Column::SwitchedAt, Expr::val(to_micros(at)));
    }
    update.exec(tx).await?;
    Ok(())
}

async fn left<C: ConnectionTrait>(db: &C, id: GenerationId) -> Result<u64> {
    Ok(jobs_of(id, Rank::Build).filter(index_job::Column::Attempts.eq(0)).count(db).await?)
}

fn jobs_of(id: GenerationId, rank: Rank) -> sea_orm::Select<index_job::Entity> {
    let ours =
        Condition::all().add(index_job::Column::Generation.eq(id.0)).add(index_job::Column::Rank.eq(rank.number()));
    index_job::Entity::find().filter(ours)
}

fn no_previous() -> Error {
    Error::NotFound("a previous generation of the indexes".into())
}

fn json(profile: &EmbedderProfile) -> Result<String> {
    serde_json::to_string(profile).map_err(|error| Error::Invalid(error.to_string()))
}

impl TryFrom<index_generation::Model> for IndexGeneration {
    type Error = Error;

    fn try_from(row: index_generation::Model) -> Result<Self> {
        fn recorded<T: serde::de::DeserializeOwned>(json: &str) -> Result<Option<T>> {
            let value = (!json.is_empty()).then(|| serde_json::from_str(json)).transpose();
            value.map_err(|error| Error::Schema(error.to_string()))
        }
        Ok(Self {
            id: GenerationId(row.id),
            state: GenerationState::parse(&row.state)?,
            profile: recorded(&row.profile)?,
            chunking: recorded(&row.chunking)?,
            created_at: from_micros(row.created_at)?,
            switched_at: row.switched_at.map(from_micros).transpose()?,
        })
    }
}
