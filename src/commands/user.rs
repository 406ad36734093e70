//! `footnote user`: who can log in, and the groups that decide what they may read.

use domain::UserId;
use serde_json::json;

use super::Global;
use crate::{
    output,
    usage::Usage,
    wiring::{self, House},
};

#[derive(clap::Subcommand)]
pub enum User {
    /// Add a user; prints an initial password, this once
    Add {
        email: String,
        /// Shown name (default: the part before the @)
        #[arg(long)]
        name: Option<String>,
        /// Put the user in this group; may be repeated
        #[arg(long, value_name = "NAME")]
        group: Vec<String>,
        /// May administer the workspace
        #[arg(long)]
        admin: bool,
    },
    /// Replace the groups a user is in
    Groups { email: String, groups: Vec<String> },
    /// Give a user a new password and print it, this once; the old one and its sessions end
    Password { email: String },
    /// List users
    List,
}

pub async fn run(global: &Global, args: User) -> anyhow::Result<()> {
    let store = House::open_store_only(global).await?;
    let clock = wiring::clock();
    match args {
        User::Add { email, name, group, admin } => {
            let has_parts = email.trim().split_once('@').is_some_and(|(who, host)| !who.is_empty() && !host.is_empty());
            if !has_parts || email.trim().len() > server::MAX_EMAIL_BYTES {
                return Err(Usage(format!("`{email}` is not an e-mail address")).into());
            }
            named(&group)?;
            let password = server::new_password()?;
            let hash = server::hash_password(password.clone()).await?;
            let name = name.unwrap_or_else(|| email.split('@').next().unwrap_or(&email).to_owned());
            let id = UserId::new((clock.ulid)());
            store
                .create_user(store::NewUser {
                    id,
                    email: email.clone(),
                    name,
                    password_hash: Some(hash),
                    is_admin: admin,
                    groups: group,
                    now: (clock.now)(),
                })
                .await?;
            told(global, &email, &password)
        }
        User::Groups { email, groups } => {
            let user = find(&store, &email).await?;
            named(&groups)?;
            store.set_groups(&user.id, &groups).await?;
            if global.json {
                return output::json(&json!({ "email": email, "groups": groups }));
            }
            output::text(&format!(
                "{email} is now in: {}",
                if groups.is_empty() { "no group".into() } else { groups.join(", ") }
            ))
        }
        User::Password { email } => {
            let user = find(&store, &email).await?;
            let password = server::new_password()?;
            store.set_password_hash(&user.id, &server::hash_password(password.clone()).await?).await?;
            told(global, &email, &password)
        }
        User::List => {
            let users = store.users().await?;
            if global.json {
                let users: Vec<_> = users.iter().map(|u| json!({ "id": u.id, "email": u.email, "name": u.name, "is_admin": u.is_admin, "groups": u.groups })).collect();
                return output::json(&json!({ "users": users }));
            }
            users.iter().try_for_each(|u| {
                output::text(&format!(
                    "{}  {}  {}{}",
                    u.email,
                    u.name,
                    u.groups.join(", "),
                    if u.is_admin { "  (admin)" } else { "" }
                ))
            })
        }
    }
}

fn named(groups: &[String]) -> Result<(), Usage> {
    if groups.iter().any(|group| group.trim().is_empty()) { Err(Usage("a group needs a name".into())) } else { Ok(()) }
}

fn told(global: &Global, email: &str, password: &str) -> anyhow::Result<()> {
    if global.json {
        output::json(&json!({ "email": email, "password": password }))
    } else {
        output::text(&format!("{email}\npassword: {password}"))
    }
}

async fn find(store: &store::Store, email: &str) -> anyhow::Result<store::User> {
    store
        .user_by_email(email)
        .await?
        .ok_or_else(|| anyhow::anyhow!("no user has the e-mail {email}: `footnote user list` shows them all"))
}
