//! What is asked, and how it is retrieved.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A question as it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question(String);

impl Question {
    /// Longest question in bytes.
    pub const MAX_BYTES: usize = 8_000;

    /// Trims and bounds a user's words.
    pub fn new(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.chars().all(|c| c.is_whitespace() || c.is_control()) {
            return Err("the question is empty: type what you want to know".into());
        }
        if text.len() > Self::MAX_BYTES {
            let (given, most) = (text.len(), Self::MAX_BYTES);
            return Err(format!("the question is {given} bytes long: keep it under {most}"));
        }
        Ok(Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Which index answers a search.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Leg {
    Keyword,
    Vector,
    #[default]
    Hybrid,
}
