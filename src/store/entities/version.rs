//! The stored text of a version of a document, kept after a newer one took its place.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "versions")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub document_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub hash: String,
    pub text: String,
    pub headings: String,
    pub pages: String,
    pub notes: Option<String>,
    pub created_at: i64,
    pub superseded_at: Option<i64>,
    /// Who could read it when it was superseded. The live version's readers are its document's.
    pub access_class_id: Option<i64>,
    /// Of the live version, unless it is short.
    pub signature: Option<Vec<u8>>,
    pub language: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
