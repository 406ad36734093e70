//! Typed ids, printed with a prefix that says what they name.

use std::{fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

macro_rules! prefixed_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Wraps a ULID made by the caller: ids and time are passed in, never made here.
            pub fn new(ulid: ulid::Ulid) -> Self {
                Self(format!(concat!($prefix, "_{}"), ulid))
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                let ulid = text.strip_prefix(concat!($prefix, "_")).and_then(|rest| ulid::Ulid::from_string(rest).ok());
                ulid.map(Self::new).ok_or_else(|| format!(concat!("`{}` is not an id of the form ", $prefix, "_01J..."), text))
            }
        }
    };
}

prefixed_id!(/// A configured connector.
    SourceId, "src");
prefixed_id!(/// One document of one source, over all its versions.
    DocumentId, "doc");
prefixed_id!(/// A person who can log in.
    UserId, "usr");
prefixed_id!(/// A stored answer with its evidence.
    AnswerId, "ans");

/// Row number of a chunk; the same number names it in both indexes. Never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct ChunkId(pub i64);

/// Number of a pair of indexes and of what decides what they hold: how documents are cut, and which model embeds. Never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct GenerationId(pub i64);

impl fmt::Display for GenerationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Lower-case hex SHA-256 of a version's stored text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct VersionHash(String);

impl VersionHash {
    /// Names the version whose stored text is `text`.
    pub fn of(text: &str) -> Self {
        Self(sha256_hex(text.as_bytes()))
    }

    /// Reads a hash back from the database or from a user.
    pub fn from_stored(hash: impl Into<String>) -> Self {
        Self(hash.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for VersionHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Lower-case hex SHA-256 (FIPS 180-4) of `bytes`.
pub fn sha256_hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_survive_printing() {
        let id = DocumentId::new(ulid::Ulid::from_parts(1, 2));
        assert_eq!(id.to_string().parse::<DocumentId>(), Ok(id));
    }

    #[test]
    fn an_id_of_another_kind_is_refused() {
        let id = SourceId::new(ulid::Ulid::from_parts(1, 2));
        assert!(id.to_string().parse::<DocumentId>().is_err());
    }
}
