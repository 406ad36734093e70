//! A document of a source, live or deleted.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "documents")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub source_id: String,
    pub external_id: String,
    pub external_key: String,
    pub uri: String,
    pub title: String,
    pub media_type: String,
    pub raw_hash: String,
    pub revision: Option<String>,
    pub version: String,
    pub access_class_id: i64,
    pub duplicate_of: Option<String>,
    /// The near-duplicates it is one of, perhaps alone; none when it is deleted or short.
    pub near_group: Option<i64>,
    pub modified_at: Option<i64>,
    pub job_seq: i64,
    pub deleted_at: Option<i64>,
    pub created_at: i64,
    pub updated_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    /// The live one.
    #[sea_orm(
        belongs_to = "super::version::Entity",
        from = "(Column::Id, Column::Version)",
        to = "(super::version::Column::DocumentId, super::version::Column::Hash)"
    )]
    Version,
}

impl ActiveModelBehavior for ActiveModel {}
