//! Secrets of sources: read from where they are kept, and never shown.

use anyhow::{Context, bail};
use connectors::Kind;
use serde_json::Value;

/// Stands where a secret is.
const HIDDEN: &str = "***";

/// The settings with every secret in place: `env:NAME` is read from the environment, `file:PATH` from a file.
pub fn resolved(kind: &Kind, mut config: Value) -> anyhow::Result<Value> {
    for field in kind.secrets() {
        if let Some(Value::String(secret)) = config.get_mut(field) {
            *secret = read(secret).with_context(|| format!("the setting {field} of a {} source", kind.name))?;
        }
    }
    Ok(config)
}

#[expect(clippy::disallowed_methods, reason = "an admin names the variable that holds a secret")]
fn read(secret: &str) -> anyhow::Result<String> {
    if let Some(name) = secret.strip_prefix("env:") {
        return std::env::var(name).with_context(|| format!("read the variable {name}"));
    }
    if let Some(path) = secret.strip_prefix("file:") {
        let text = std::fs::read_to_string(path).with_context(|| format!("read {path}"))?;
        let text = text.trim_end_matches(['\n', '\r']);
        if text.is_empty() {
            bail!("{path} is empty");
        }
        return Ok(text.to_owned());
    }
    Ok(secret.to_owned())
}

/// The settings as they may be shown: a secret only by where it is kept.
pub fn hidden(kind: Option<&Kind>, mut config: Value) -> Value {
    let Some(kind) = kind else { return Value::Null };
    for field in kind.secrets() {
        if let Some(Value::String(secret)) = config.get_mut(field)
            && !secret.starts_with("env:")
            && !secret.starts_with("file:")
        {
            *secret = HIDDEN.into();
        }
    }
    config
}
