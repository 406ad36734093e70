//! Reads what a GGUF file says about itself (<https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>).

use std::{fs::File, io::BufReader, path::Path};

use candle_core::quantized::gguf_file::{Content, Value};

use crate::{Error, Result};

/// Architectures (`general.architecture`) that can be run.
pub(crate) const SUPPORTED: &[&str] = &["llama", "qwen2", "qwen3"];

/// The header of a GGUF file: metadata and the list of tensors, without their data.
pub(crate) struct Header {
    pub content: Content,
}

impl Header {
    pub fn read(path: &Path) -> Result<Self> {
        let file = File::open(path).map_err(Error::io("open", path))?;
        let content = Content::read(&mut BufReader::new(file));
        let content = content
            .map_err(|error| Error::Unsupported(format!("read {}: not a whole GGUF file: {error}", path.display())))?;
        Ok(Self { content })
    }

    pub fn text(&self, key: &str) -> Option<&str> {
        self.content.metadata.get(key).and_then(|value| value.to_string().ok()).map(String::as_str)
    }

    pub fn number(&self, key: &str) -> Option<u64> {
        self.content.metadata.get(key).and_then(number)
    }

    pub fn architecture(&self) -> &str {
        self.text("general.architecture").unwrap_or("unknown")
    }

    /// Longest sequence the model was trained for, in tokens.
    pub fn context_tokens(&self) -> Option<usize> {
        self.number(&format!("{}.context_length", self.architecture())).map(|n| n as usize)
    }

    /// All tokens, by id.
    pub fn tokens(&self) -> Vec<&str> {
        let tokens = self.content.metadata.get("tokenizer.ggml.tokens").and_then(|v| v.to_vec().ok());
        tokens.into_iter().flatten().map(|t| t.to_string().map(String::as_str).unwrap_or("")).collect()
    }

    /// Tokens with a meaning beyond their letters (control and user-defined), e.g. `<|im_end|>`.
    pub fn special_tokens(&self) -> Vec<String> {
        let kinds = self.content.metadata.get("tokenizer.ggml.token_type").and_then(|v| v.to_vec().ok());
        let kinds = kinds.into_iter().flatten().map(|kind| number(kind).unwrap_or(1));
        let special = self.tokens().into_iter().zip(kinds).filter(|(_, kind)| matches!(kind, 3 | 4));
        special.map(|(token, _)| token.to_owned()).filter(|token| token.len() > 1).collect()
    }
}

fn number(value: &Value) -> Option<u64> {
    match value {
        Value::U8(n) => Some((*n).into()),
        Value::U16(n) => Some((*n).into()),
        Value::U32(n) => Some((*n).into()),
        Value::U64(n) => Some(*n),
        Value::I8(n) => u64::try_from(*n).ok(),
        Value::I16(n) => u64::try_from(*n).ok(),
        Value::I32(n) => u64::try_from(*n).ok(),
        Value::I64(n) => u64::try_from(*n).ok(),
        _ => None,
    }
}
