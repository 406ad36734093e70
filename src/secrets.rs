//! Secrets of sources: read from where they are kept, and never shown.

use anyhow::{Context, bail};
use connectors::Kind;
use serde_json::Value;

/// Stands where a secret is.
const HIDDEN: &str = "***";

/// The settings with every secret in place: `env:NAME` is read from the environment, `file:PATH` from a file.
pub fn resolved(kind: &Kind, mut config: Value) -> anyhow::Result<Value> {
    for field in kind.secrets() {
        if let Some(secret) = config.get_mut(field) {
            resolve(secret).with_context(|| format!("the setting {field} of a {} source", kind.name))?;
        }
    }
    Ok(config)
}

/// Also within a setting that holds a secret somewhere.
fn resolve(setting: &mut Value) -> anyhow::Result<()> {
    match setting {
        Value::String(secret) => *secret = read(secret)?,
        Value::Array(list) => list.iter_mut().try_for_each(resolve)?,
        Value::Object(fields) => fields.values_mut().try_for_each(resolve)?,
        _ => {}
    }
    Ok(())
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

/// The settings as they may be shown: a secret only by where it is kept, nothing of a setting that holds one somewhere.
pub fn hidden(kind: Option<&Kind>, mut config: Value) -> Value {
    let Some(kind) = kind else { return Value::Null };
    for field in kind.secrets() {
        match config.get_mut(field) {
            None | Some(Value::Null) => {}
            Some(Value::String(secret)) if secret.starts_with("env:") || secret.starts_with("file:") => {}
            Some(setting) => *setting = HIDDEN.into(),
        }
    }
    config
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_secret_is_shown_only_by_where_it_is_kept() {
        let s3 = connectors::kind("s3");
        let shown = |secret: Value| hidden(s3, json!({"bucket": "b", "secret_access_key": secret}));
        assert_eq!(shown("hush".into()), json!({"bucket": "b", "secret_access_key": "***"}));
        assert_eq!(shown("env:KEY".into())["secret_access_key"], "env:KEY");
        assert_eq!(shown(json!({"inner": "hush"}))["secret_access_key"], "***");
        assert_eq!(hidden(None, json!({"key": "hush"})), Value::Null);
    }

    #[test]
    fn a_secret_that_is_nowhere_is_named() {
        let Some(s3) = connectors::kind("s3") else { return };
        let resolved = resolved(s3, json!({"secret_access_key": "file:/nowhere/at/all"}));
        assert!(resolved.is_err_and(|error| format!("{error:#}").contains("secret_access_key")));
    }
}
