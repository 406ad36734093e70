//! Sessions: who is logged in, by the hash of a token only the browser holds.

use domain::{UserId, Viewer};
use jiff::Timestamp;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};

use crate::{
    Error, Result, Store,
    entities::{session, user},
    members,
    time::to_micros,
    users,
};

/// A login about to be recorded.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// Lower-case hex SHA-256 of the token.
    pub token_sha256: String,
    pub user: UserId,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
}

/// Who a session belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionUser {
    pub id: UserId,
    pub email: String,
    pub name: String,
    pub is_admin: bool,
    /// In lower case, sorted.
    pub groups: Vec<String>,
    /// Groups of sources that the e-mail address is in, as documents name them.
    pub source_groups: Vec<String>,
}

impl SessionUser {
    /// The user as a reader.
    pub fn viewer(&self) -> Viewer {
        Viewer::user(self.id.clone(), &self.email, &self.groups).with_groups(&self.source_groups)
    }
}

impl Store {
    pub async fn create_session(&self, new: NewSession) -> Result<()> {
        let row = session::ActiveModel {
            token_sha256: Set(new.token_sha256),
            user_id: Set(new.user.to_string()),
            created_at: Set(to_micros(new.created_at)),
            expires_at: Set(to_micros(new.expires_at)),
        };
        session::Entity::insert(row).exec_without_returning(self.write()).await?;
        Ok(())
    }

    /// Who is logged in with this token, unless the session has expired at `now`.
    pub async fn session_viewer(&self, token_sha256: &str, now: Timestamp) -> Result<Option<SessionUser>> {
        let open = session::Entity::find_by_id(token_sha256)
            .filter(session::Column::ExpiresAt.gt(to_micros(now)))
            .one(self.read())
            .await?;
        let Some(session) = open else { return Ok(None) };
        let Some(row) = user::Entity::find_by_id(session.user_id).one(self.read()).await? else { return Ok(None) };
        let groups = users::groups(self.read(), &row.id).await?;
        let source_groups = members::groups_of(self.read(), &row.email).await?;
        let id = row.id.parse().map_err(Error::Schema)?;
        let (email, name, is_admin) = (row.email, row.name, row.is_admin);
        Ok(Some(SessionUser { id, email, name, is_admin, groups, source_groups }))
    }

    pub async fn delete_session(&self, token_sha256: &str) -> Result<()> {
        session::Entity::delete_by_id(token_sha256).exec(self.write()).await?;
        Ok(())
    }

    /// Forgets the sessions that have expired at `now`; says how many.
    pub async fn delete_expired(&self, now: Timestamp) -> Result<u64> {
        let done = session::Entity::delete_many()
            .filter(session::Column::ExpiresAt.lte(to_micros(now)))
            .exec(self.write())
            .await?;
        Ok(done.rows_affected)
    }
}
