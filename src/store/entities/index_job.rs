//! A document that the indexes of a generation must be brought in line for.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "index_jobs")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub document_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub generation: i64,
    /// 0: the document changed. 1: the generation is being built.
    pub rank: i64,
    pub source_id: String,
    pub seq: i64,
    pub attempts: i64,
    pub error: Option<String>,
    pub run_after: i64,
    pub created_at: i64,
    pub worker: Option<String>,
    pub lease_until: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
