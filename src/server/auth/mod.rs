//! Who is asking: passwords, sessions and the extractors that handlers take a viewer from.

mod extract;
mod limit;
mod password;
mod session;
mod token;

pub(crate) use extract::{Admin, LoggedIn, Reader};
pub use limit::MAX_EMAIL_BYTES;
pub(crate) use limit::{LoginLimits, TokenLimits, client_address};
pub(crate) use password::Passwords;
pub use password::{hash_password, new_password};
pub(crate) use session::{end, find, removed_cookie, start};
pub(crate) use token::may_push;
pub use token::new_source_token;
