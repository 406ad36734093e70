//! The first login: made when nobody can log in yet, shown once.

use domain::UserId;
use store::NewUser;

use crate::{Result, ServerContext, auth};

const EMAIL: &str = "admin@localhost";

/// How to log in for the first time.
#[derive(Clone)]
pub struct FirstLogin {
    pub email: String,
    /// Known to nobody else: only its hash is stored. Valid until `footnote user password` makes another one.
    pub password: String,
}

/// Creates the admin when there is no user at all.
pub async fn first_run(ctx: &ServerContext) -> Result<Option<FirstLogin>> {
    if ctx.store.user_count().await? > 0 {
        return Ok(None);
    }
    let password = auth::new_password()?;
    let admin = NewUser {
        id: UserId::new((ctx.clock.ulid)()),
        email: EMAIL.into(),
        name: "Admin".into(),
        password_hash: Some(auth::hash_password(password.clone()).await?),
        is_admin: true,
        groups: Vec::new(),
        now: (ctx.clock.now)(),
    };
    match ctx.store.create_user(admin).await {
        Ok(()) => Ok(Some(FirstLogin { email: EMAIL.into(), password })),
        // Another replica was faster: it shows the password.
        Err(store::Error::Conflict(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
