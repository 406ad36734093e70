//! Chunk rows: written for the live version in each generation, copied to a duplicate's heir, removed with their version.

use domain::{Chunk, ChunkId, DocumentId, GenerationId, VersionHash};
use sea_orm::{
    ActiveValue::{NotSet, Set},
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select,
    sea_query::{Expr, ExprTrait, Order, Query},
};

use crate::{
    Result, Store,
    entities::chunk,
    generations::{self, GenerationState},
};

/// Ids per `IN` list and rows per insert: far below the limits of SQLite (32,766 values a statement)
/// and PostgreSQL (65,535).
pub(crate) const IN_LIST: usize = 500;

impl Store {
    /// Every chunk that both indexes of the live generation must hold, ascending.
    pub async fn live_chunk_ids(&self) -> Result<Vec<ChunkId>> {
        let live = generations::in_state(GenerationState::Live);
        self.ids(chunk::Entity::find().filter(chunk::Column::Generation.in_subquery(live))).await
    }

    /// Every chunk that both indexes of a generation must hold, ascending.
    pub async fn chunk_ids(&self, generation: GenerationId) -> Result<Vec<ChunkId>> {
        self.ids(chunk::Entity::find().filter(chunk::Column::Generation.eq(generation.0))).await
    }

    async fn ids(&self, chunks: Select<chunk::Entity>) -> Result<Vec<ChunkId>> {
        let ids: Vec<i64> = chunks
            .select_only()
            .column(chunk::Column::Id)
            .order_by_asc(chunk::Column::Id)
            .into_tuple()
            .all(self.read())
            .await?;
        Ok(ids.into_iter().map(ChunkId).collect())
    }
}

pub(crate) async fn insert<C: ConnectionTrait>(
    db: &C,
    generation: GenerationId,
    document: &DocumentId,
    version: &VersionHash,
    chunks: Vec<Chunk>,
) -> Result<()> {
    let mut rows = chunks.into_iter().enumerate().map(|(ordinal, chunk)| chunk::ActiveModel {
        id: NotSet,
        document_id: Set(document.to_string()),
        generation: Set(generation.0),
        version: Set(version.to_string()),
        ordinal: Set(number(ordinal)),
        start_char: Set(number(chunk.span.start)),
        end_char: Set(number(chunk.span.end)),
        page: Set(chunk.page.map(i64::from)),
        context: Set(without_nul(chunk.context)),
        text: Set(chunk.text),
        tokens: Set(number(chunk.tokens)),
    });
    loop {
        let some: Vec<_> = rows.by_ref().take(IN_LIST).collect();
        if some.is_empty() {
            return Ok(());
        }
        chunk::Entity::insert_many(some).exec_without_returning(db).await?;
    }
}

pub(crate) async fn remove<C: ConnectionTrait>(db: &C, document: &DocumentId) -> Result<()> {
    chunk::Entity::delete_many().filter(chunk::Column::DocumentId.eq(document.as_str())).exec(db).await?;
    Ok(())
}

/// Gives `to` its own copies, under new ids, of the chunks of `from` in every generation.
pub(crate) async fn copy<C: ConnectionTrait>(db: &C, from: &str, to: &str) -> Result<()> {
    use chunk::Column::{Context, DocumentId, EndChar, Generation, Ordinal, Page, StartChar, Text, Tokens, Version};
    let kept = [Generation, Version, Ordinal, StartChar, EndChar, Page, Context, Text, Tokens];
    let rows = Query::select()
        .expr(Expr::val(to).cast_as("text"))
        .columns(kept)
        .from(chunk::Entity)
        .and_where(Expr::col(DocumentId).eq(from))
        .and_where(Expr::col(Generation).in_subquery(generations::kept()))
        .order_by(Generation, Order::Asc)
        .order_by(Ordinal, Order::Asc)
        .take();
    let mut insert = Query::insert();
    insert.into_table(chunk::Entity).columns([DocumentId].into_iter().chain(kept));
    insert.select_from(rows).map_err(|error| sea_orm::DbErr::Custom(error.to_string()))?;
    db.execute(&insert).await?;
    Ok(())
}

/// PostgreSQL's text holds no NUL; what is only shown goes without.
pub(crate) fn without_nul(text: String) -> String {
    if text.contains('\0') { text.replace('\0', "") } else { text }
}

fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
