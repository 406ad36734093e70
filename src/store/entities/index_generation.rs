//! A pair of indexes: what they were built with, and what they are for.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "index_generations")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    /// JSON; empty until the first indexing.
    pub profile: String,
    /// JSON; empty until the first indexing.
    pub chunking: String,
    pub state: String,
    pub created_at: i64,
    pub switched_at: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
