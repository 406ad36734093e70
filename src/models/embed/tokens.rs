//! Counts tokens with a model's own tokenizer, or from above where there is none.

use std::path::Path;

use tokenizers::Tokenizer;

use crate::{Error, Result};

pub(crate) enum TokenCounter {
    Exact(Box<Tokenizer>),
    /// A token per three bytes: more than prose takes, so limits are kept with room to spare.
    Estimate,
}

impl TokenCounter {
    /// Reads `tokenizer.json`. Truncation and padding stored in it are switched off: they would hide long texts.
    pub fn read(path: &Path) -> Result<Self> {
        let bad = |error| Error::Unsupported(format!("read tokenizer {}: {error}", path.display()));
        let mut tokenizer = Tokenizer::from_file(path).map_err(bad)?;
        tokenizer.with_truncation(None).map_err(bad)?;
        tokenizer.with_padding(None);
        Ok(Self::Exact(Box::new(tokenizer)))
    }

    /// Reads `path` where there is one.
    pub fn read_or_estimate(path: Option<&Path>) -> Result<Self> {
        path.map_or(Ok(Self::Estimate), Self::read)
    }

    /// Tokens of `text`, special tokens excluded.
    pub fn count(&self, text: &str) -> usize {
        match self {
            Self::Exact(tokenizer) => match tokenizer.encode_fast(text, false) {
                Ok(encoding) => encoding.len(),
                Err(_) => text.len(),
            },
            Self::Estimate => text.len().div_ceil(3),
        }
    }
}
