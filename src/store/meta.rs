//! Single facts about this database, e.g. which profile its vectors were made with.

use sea_orm::{ActiveValue::Set, EntityTrait, sea_query::OnConflict};

use crate::{Result, Store, entities::meta};

impl Store {
    pub async fn get_meta(&self, key: &str) -> Result<Option<String>> {
        Ok(meta::Entity::find_by_id(key).one(self.read()).await?.map(|row| row.value))
    }

    pub async fn set_meta(&self, key: &str, value: &str) -> Result<()> {
        let row = meta::ActiveModel { key: Set(key.into()), value: Set(value.into()) };
        let again = OnConflict::column(meta::Column::Key).update_column(meta::Column::Value).to_owned();
        meta::Entity::insert(row).on_conflict(again).exec_without_returning(self.write()).await?;
        Ok(())
    }
}
