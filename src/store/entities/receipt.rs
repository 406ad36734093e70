//! A deleted document, and when each part let it go.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "receipts")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub document_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub deleted_at: i64,
    pub source_id: String,
    pub source_name: String,
    pub external_id: String,
    pub versions: i64,
    pub answers: i64,
    pub keyword_at: Option<i64>,
    pub vector_at: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
