//! Who is in the groups that only a source knows.

use std::collections::BTreeSet;

use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect};

use crate::{
    Result,
    chunks::{IN_LIST, without_nul},
    documents::Batch,
    entities::source_member::{ActiveModel, Column, Entity},
};

/// Puts `members` in place of those the group had.
pub(crate) async fn replace(batch: &Batch<'_>, group: &str, members: &BTreeSet<String>) -> Result<()> {
    let group = normalised(group);
    Entity::delete_many()
        .filter(Column::SourceId.eq(batch.source.as_str()))
        .filter(Column::GroupName.eq(group.as_str()))
        .exec(batch.db)
        .await?;
    let emails: BTreeSet<String> = members.iter().map(|email| normalised(email)).collect();
    let rows: Vec<ActiveModel> = emails
        .into_iter()
        .map(|email| ActiveModel {
            source_id: Set(batch.source.to_string()),
            group_name: Set(group.clone()),
            email: Set(email),
        })
        .collect();
    for rows in rows.chunks(IN_LIST) {
        Entity::insert_many(rows.to_vec()).exec_without_returning(batch.db).await?;
    }
    Ok(())
}

/// The groups of sources that an e-mail address is in, named as documents name them: `SOURCE/GROUP`.
pub(crate) async fn groups_of<C: ConnectionTrait>(db: &C, email: &str) -> Result<Vec<String>> {
    let rows: Vec<(String, String)> = Entity::find()
        .select_only()
        .columns([Column::SourceId, Column::GroupName])
        .filter(Column::Email.eq(normalised(email)))
        .into_tuple()
        .all(db)
        .await?;
    Ok(rows.into_iter().map(|(source, group)| format!("{source}/{group}").to_lowercase()).collect())
}

/// The form in which addresses and groups are compared.
fn normalised(name: &str) -> String {
    without_nul(name.trim().to_lowercase())
}
