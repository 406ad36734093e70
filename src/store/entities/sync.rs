//! The sync of a source that is due, runs or ran last.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "syncs")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub source_id: String,
    pub state: String,
    pub run_after: Option<i64>,
    pub attempts: i64,
    pub reason: Option<String>,
    pub worker: Option<String>,
    pub lease_until: Option<i64>,
    pub done: i64,
    pub total: Option<i64>,
    pub listed: Option<i64>,
    pub started_at: Option<i64>,
    pub finished_at: Option<i64>,
    pub succeeded_at: Option<i64>,
    pub summary: Option<String>,
    pub removes: bool,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
