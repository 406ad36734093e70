//! Documents with the same readers that are near-duplicates of one text.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "near_groups")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub access_class_id: i64,
    /// Of the text that founded the group: what its members are compared with.
    pub signature: Vec<u8>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
