//! Users and the groups they are in.

use std::collections::BTreeSet;

use domain::{UserId, Viewer};
use jiff::Timestamp;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    SqlErr, sea_query::Expr,
};
use secrecy::{ExposeSecret, SecretString};

use crate::{
    Error, Result, Store,
    chunks::{IN_LIST, without_nul},
    entities::{session, user, user_group},
    members,
    time::{from_micros, to_micros},
};

/// A user about to be created.
#[derive(Clone, Debug)]
pub struct NewUser {
    pub id: UserId,
    /// Kept in lower case.
    pub email: String,
    pub name: String,
    /// In PHC string format; `None` when they log in elsewhere.
    pub password_hash: Option<SecretString>,
    pub is_admin: bool,
    pub groups: Vec<String>,
    pub now: Timestamp,
}

/// A person who can log in.
#[derive(Clone, Debug)]
pub struct User {
    pub id: UserId,
    pub email: String,
    pub name: String,
    /// In PHC string format.
    pub password_hash: Option<SecretString>,
    pub is_admin: bool,
    /// In lower case, sorted.
    pub groups: Vec<String>,
    /// Groups of sources that the e-mail address is in, as documents name them.
    pub source_groups: Vec<String>,
    pub created_at: Timestamp,
}

impl User {
    /// The user as a reader.
    pub fn viewer(&self) -> Viewer {
        Viewer::user(self.id.clone(), &self.email, &self.groups).with_groups(&self.source_groups)
    }
}

impl Store {
    /// # Errors
    /// [`Error::Conflict`] when the e-mail address is taken.
    pub async fn create_user(&self, new: NewUser) -> Result<()> {
        let email = normalised(&new.email);
        let row = user::ActiveModel {
            id: Set(new.id.to_string()),
            email: Set(email.clone()),
            name: Set(without_nul(new.name)),
            password_hash: Set(new.password_hash.map(|hash| hash.expose_secret().to_owned())),
            is_admin: Set(new.is_admin),
            created_at: Set(to_micros(new.now)),
        };
        let tx = self.begin().await?;
        user::Entity::insert(row).exec_without_returning(&tx).await.map_err(|error| match error.sql_err() {
            Some(SqlErr::UniqueConstraintViolation(_)) => Error::Conflict(format!("user {email} exists already")),
            _ => Error::Db(error),
        })?;
        put_in_groups(&tx, &new.id, &new.groups).await?;
        Ok(tx.commit().await?)
    }

    /// The user of an e-mail address in any case.
    pub async fn user_by_email(&self, email: &str) -> Result<Option<User>> {
        let found = user::Entity::find().filter(user::Column::Email.eq(normalised(email))).one(self.read()).await?;
        let Some(row) = found else { return Ok(None) };
        self.user(row).await.map(Some)
    }

    /// All users, by e-mail address.
    pub async fn users(&self) -> Result<Vec<User>> {
        let rows = user::Entity::find().order_by_asc(user::Column::Email).all(self.read()).await?;
        let mut users = Vec::with_capacity(rows.len());
        for row in rows {
            users.push(self.user(row).await?);
        }
        Ok(users)
    }

    async fn user(&self, row: user::Model) -> Result<User> {
        let groups = groups(self.read(), &row.id).await?;
        let source_groups = members::groups_of(self.read(), &row.email).await?;
        User::new(row, groups, source_groups)
    }

    pub async fn user_count(&self) -> Result<u64> {
        Ok(user::Entity::find().count(self.read()).await?)
    }

    /// Sets the password and ends every session of the user.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown user.
    pub async fn set_password_hash(&self, id: &UserId, hash: &SecretString) -> Result<()> {
        let tx = self.begin().await?;
        let done = user::Entity::update_many()
            .col_expr(user::Column::PasswordHash, Expr::val(hash.expose_secret()))
            .filter(user::Column::Id.eq(id.as_str()))
            .exec(&tx)
            .await?;
        if done.rows_affected == 0 {
            return Err(Error::NotFound(format!("user {id}")));
        }
        session::Entity::delete_many().filter(session::Column::UserId.eq(id.as_str())).exec(&tx).await?;
        Ok(tx.commit().await?)
    }

    /// Replaces the groups of a user.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown user.
    pub async fn set_groups(&self, id: &UserId, groups: &[String]) -> Result<()> {
        let tx = self.begin().await?;
        if user::Entity::find_by_id(id.as_str()).lock_exclusive().one(&tx).await?.is_none() {
            return Err(Error::NotFound(format!("user {id}")));
        }
        user_group::Entity::delete_many().filter(user_group::Column::UserId.eq(id.as_str())).exec(&tx).await?;
        put_in_groups(&tx, id, groups).await?;
        Ok(tx.commit().await?)
    }
}

async fn put_in_groups<C: ConnectionTrait>(db: &C, id: &UserId, groups: &[String]) -> Result<()> {
    let names: BTreeSet<String> = groups.iter().map(|name| normalised(name)).collect();
    let rows: Vec<user_group::ActiveModel> = names
        .into_iter()
        .filter(|name| !name.is_empty())
        .map(|name| user_group::ActiveModel { user_id: Set(id.to_string()), group_name: Set(name) })
        .collect();
    for rows in rows.chunks(IN_LIST) {
        user_group::Entity::insert_many(rows.to_vec()).exec_without_returning(db).await?;
    }
    Ok(())
}

/// The groups of a user, sorted.
pub(crate) async fn groups<C: ConnectionTrait>(db: &C, user: &str) -> Result<Vec<String>> {
    let names = user_group::Entity::find()
        .select_only()
        .column(user_group::Column::GroupName)
        .filter(user_group::Column::UserId.eq(user))
        .order_by_asc(user_group::Column::GroupName)
        .into_tuple()
        .all(db)
        .await?;
    Ok(names)
}

impl User {
    fn new(row: user::Model, groups: Vec<String>, source_groups: Vec<String>) -> Result<Self> {
        Ok(Self {
            id: row.id.parse().map_err(Error::Schema)?,
            email: row.email,
            name: row.name,
            password_hash: row.password_hash.map(SecretString::from),
            is_admin: row.is_admin,
            groups,
            source_groups,
            created_at: from_micros(row.created_at)?,
        })
    }
}

/// The form in which e-mail addresses and group names are compared.
fn normalised(name: &str) -> String {
    without_nul(name.trim().to_lowercase())
}
