//! Passwords: argon2id hashes (RFC 9106), checked off the request threads, in the same time for unknown users.

use argon2::{Argon2, PasswordHasher, PasswordVerifier};
use secrecy::{ExposeSecret, SecretString};
use tokio::{sync::Semaphore, task::spawn_blocking};

use crate::{Error, Result};

/// Hashing takes 19 MiB and a core for each: more at once would slow everything else.
const AT_ONCE: usize = 4;
/// Longer passwords are wrong without being hashed.
const MAX_BYTES: usize = 1024;
/// Letters and digits that look alike are left out: 32 signs, 5 bits each.
const SIGNS: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz123456789";
const SALT_BYTES: usize = 16;

/// Checks passwords, a few at a time.
pub(crate) struct Passwords {
    at_once: Semaphore,
    /// Compared with when there is no such user, so that the time tells nothing.
    nobodys: SecretString,
}

impl Passwords {
    pub(crate) fn new() -> Result<Self> {
        let nobodys = hash(&new_password()?)?;
        Ok(Self { at_once: Semaphore::new(AT_ONCE), nobodys })
    }

    /// Whether `password` is the one `stored` was made from; `None` takes as long and is never right.
    pub(crate) async fn is_right(&self, password: SecretString, stored: Option<SecretString>) -> Result<bool> {
        let _permit = self.at_once.acquire().await;
        let exists = stored.is_some();
        let hash = stored.unwrap_or_else(|| self.nobodys.clone());
        let check = spawn_blocking(move || {
            let password = password.expose_secret().as_bytes();
            let given = if password.len() > MAX_BYTES { b"" } else { password };
            let fits = Argon2::default().verify_password(given, hash.expose_secret()).is_ok();
            fits && password.len() <= MAX_BYTES
        });
        Ok(check.await.map_err(|error| Error::Password(error.to_string()))? && exists)
    }
}

/// A random password, 100 bits in four groups. It is valid until another one takes its place.
///
/// # Errors
/// [`Error::Random`] when the system gives no random numbers.
pub fn new_password() -> Result<String> {
    let mut bytes = [0_u8; 20];
    getrandom::fill(&mut bytes).map_err(Error::Random)?;
    let signs: Vec<char> = bytes.iter().map(|byte| char::from(SIGNS[usize::from(byte % 32)])).collect();
    let groups: Vec<String> = signs.chunks(5).map(|group| group.iter().collect()).collect();
    Ok(groups.join("-"))
}

/// The hash of a password in PHC string format, made on a thread of its own.
///
/// # Errors
/// [`Error::Random`] without random numbers for the salt.
pub async fn hash_password(password: String) -> Result<SecretString> {
    spawn_blocking(move || hash(&password)).await.map_err(|error| Error::Password(error.to_string()))?
}

fn hash(password: &str) -> Result<SecretString> {
    let mut salt = [0_u8; SALT_BYTES];
    getrandom::fill(&mut salt).map_err(Error::Random)?;
    let hash = Argon2::default().hash_password_with_salt(password.as_bytes(), &salt);
    Ok(SecretString::from(hash.map_err(|error| Error::Password(error.to_string()))?.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_right_password_fits() -> Result<()> {
        let passwords = Passwords::new()?;
        let stored = hash_password("pässword 1".into()).await?;
        assert!(stored.expose_secret().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        let long = "x".repeat(MAX_BYTES + 1);
        let stored_long = hash_password(long.clone()).await?;
        let cases = [
            ("pässword 1", Some(stored.clone()), true),
            ("password 1", Some(stored.clone()), false),
            ("", Some(stored), false),
            ("x", Some(SecretString::from("not a hash")), false),
            (&long, Some(stored_long), false),
            ("pässword 1", None, false),
        ];
        for (password, stored, right) in cases {
            assert_eq!(passwords.is_right(SecretString::from(password), stored).await?, right, "{password}");
        }
        Ok(())
    }

    #[test]
    fn new_passwords_differ_and_can_be_read_aloud() -> Result<()> {
        let (a, b) = (new_password()?, new_password()?);
        assert_ne!(a, b);
        assert_eq!(a.len(), 23);
        assert!(a.bytes().all(|sign| sign == b'-' || SIGNS.contains(&sign)));
        Ok(())
    }
}
