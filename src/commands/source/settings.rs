//! `--set KEY=VALUE` to settings, by the types that the kind's schema gives; and the schema told to people.

use std::{num::NonZeroU32, path::PathBuf};

use connectors::Kind;
use domain::Principal;
use ingest::Schedule;
use serde_json::{Map, Value};
use store::SourceSettings;

use super::clean;
use crate::usage::Usage;

/// What `source add` and `source set` can be told, beside what a source is called.
#[derive(clap::Args)]
pub struct Settings {
    /// Who may read what the system names no readers for: public, group:NAME or user:EMAIL; may be repeated
    #[arg(long, value_name = "PRINCIPAL")]
    pub access: Vec<String>,
    /// A setting of its kind; may be repeated. A secret is best named, not given: env:VARIABLE or file:PATH
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// When it is synced by itself: `every 15m`, or a cron expression such as `0 3 * * *`; `never` takes it away
    #[arg(long)]
    pub schedule: Option<String>,
    /// Hours it may be synced in by itself: `20:00-06:00 Europe/Amsterdam`; `any` takes them away
    #[arg(long)]
    pub hours: Option<String>,
    /// Most requests a second that its system is sent
    #[arg(long, value_name = "N")]
    pub requests_per_second: Option<NonZeroU32>,
    /// Most items that are fetched at once, where its kind can
    #[arg(long, value_name = "N")]
    pub requests_at_once: Option<NonZeroU32>,
    /// Rules that take boilerplate out of its documents: a TOML or JSON file; one without rules takes them away
    #[arg(long, value_name = "FILE")]
    pub clean: Option<PathBuf>,
}

impl Settings {
    /// `before` with what was told in place of what it had.
    pub fn applied(&self, before: &SourceSettings) -> Result<SourceSettings, Usage> {
        let mut settings = before.clone();
        if !self.access.is_empty() {
            settings.access = Some(self.access.iter().map(|text| principal(text)).collect::<Result<_, _>>()?);
        }
        let told = |text: &Option<String>, none: &str, before: Option<String>| match text {
            Some(text) => Some(text.clone()).filter(|text| text != none),
            None => before,
        };
        settings.schedule = told(&self.schedule, "never", settings.schedule);
        settings.hours = told(&self.hours, "any", settings.hours);
        match (&settings.schedule, &settings.hours) {
            (Some(schedule), hours) => drop(Schedule::parse(schedule, hours.as_deref()).map_err(Usage)?),
            (None, Some(_)) => return Err(Usage("--hours needs a --schedule".into())),
            (None, None) => {}
        }
        settings.requests_per_second = self.requests_per_second.or(settings.requests_per_second);
        settings.requests_at_once = self.requests_at_once.or(settings.requests_at_once);
        if let Some(file) = &self.clean {
            settings.clean = clean::read(file)?;
        }
        Ok(settings)
    }
}

/// `public` is what people say for everyone.
fn principal(text: &str) -> Result<Principal, Usage> {
    if text == "public" { Ok(Principal::everyone()) } else { text.parse().map_err(Usage) }
}

/// Settings from the command line. Lists may be given by repeating their key or as JSON.
pub fn parse(kind: &Kind, given: &[String]) -> Result<Map<String, Value>, Usage> {
    let schema = kind.schema();
    let mut settings = Map::new();
    for given in given {
        let wrong = || Usage(format!("--set {given}: write it as KEY=VALUE"));
        let (key, text) = given.split_once('=').ok_or_else(wrong)?;
        let key = key.trim().replace('-', "_");
        let Some(field) = schema.pointer(&format!("/properties/{key}")) else {
            let known = properties(&schema).map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ");
            return Err(Usage(format!("a {} source has no setting `{key}`; it has: {known}", kind.name)));
        };
        let value = value(&schema, field, text);
        match (settings.get_mut(&key), value) {
            (Some(Value::Array(list)), Value::Array(more)) => list.extend(more),
            (_, value) => drop(settings.insert(key, value)),
        }
    }
    Ok(settings)
}

/// Text as it stands for a string; else JSON where it is some.
fn value(schema: &Value, field: &Value, text: &str) -> Value {
    if is(schema, field, "array") {
        return match serde_json::from_str(text) {
            Ok(Value::Array(list)) => Value::Array(list),
            _ => Value::Array(vec![text.into()]),
        };
    }
    if is(schema, field, "string") {
        return text.into();
    }
    serde_json::from_str(text).unwrap_or_else(|_| text.into())
}

/// Whether the schema allows a value of that type.
fn is(schema: &Value, field: &Value, wanted: &str) -> bool {
    let of = |value: Option<&Value>| match value {
        Some(Value::String(one)) => one == wanted,
        Some(Value::Array(any)) => any.iter().any(|one| one == wanted),
        _ => false,
    };
    let referred =
        field.get("$ref").and_then(Value::as_str).and_then(|path| schema.pointer(path.trim_start_matches('#')));
    let branches = ["anyOf", "oneOf"].into_iter().filter_map(|key| field.get(key)?.as_array()).flatten();
    of(field.get("type"))
        || referred.is_some_and(|referred| is(schema, referred, wanted))
        || branches.into_iter().any(|branch| is(schema, branch, wanted))
}

/// The settings of a kind, one per line with what they mean.
pub fn told(schema: &Value) -> String {
    let required: Vec<&str> =
        schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    let lines = properties(schema).map(|(name, field)| {
        let about = field.get("description").and_then(Value::as_str).unwrap_or_default().replace('\n', " ");
        let need = match field.get("default") {
            _ if required.contains(&name.as_str()) => " (required)".to_owned(),
            Some(default) if !default.is_null() => format!(" [default: {default}]"),
            _ => String::new(),
        };
        format!("{name}{need}\n    {about}")
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn properties(schema: &Value) -> impl Iterator<Item = (&String, &Value)> {
    schema.get("properties").and_then(Value::as_object).into_iter().flatten()
}

/// What a source is called when nobody gave it a name: where it is, and what of it is read.
pub fn default_name(kind: &Kind, settings: &Map<String, Value>) -> String {
    let place = |key: &&str| match settings.get(*key)? {
        Value::Array(places) => places.first()?.as_str().map(shown),
        Value::String(place) => Some(shown(place)),
        place => Some(place.to_string()),
    };
    let places: Vec<String> = telling(kind.name).iter().filter_map(place).filter(|place| !place.is_empty()).collect();
    if places.is_empty() { kind.title.to_owned() } else { places.join(" ") }
}

/// The settings that tell sources of a kind apart. Some kinds have none but a token.
fn telling(kind: &str) -> &'static [&'static str] {
    match kind {
        "azblob" => &["account", "container", "prefix"],
        "confluence" => &["url", "spaces"],
        "feed" => &["feeds"],
        "folder" => &["path"],
        "ftp" | "sftp" => &["host", "path"],
        "gcs" | "s3" => &["bucket", "prefix"],
        "gdrive" => &["user"],
        "github" => &["organization", "repositories"],
        "gitlab" => &["group", "projects"],
        "hubspot" => &["portal_id"],
        "imap" => &["host", "user"],
        "jira" => &["url", "projects"],
        "push" => &[],
        "salesforce" => &["url", "object"],
        "sharepoint" => &["sites", "users"],
        "slack" => &["channels"],
        "sql" => &["database"],
        "teams" => &["tenant", "teams"],
        "web" => &["start", "sitemaps"],
        _ => &["url"],
    }
}

/// A place as it may be shown: what follows the `?` of an address can be a secret.
fn shown(place: &str) -> String {
    place.split(['?', '#']).next().unwrap_or_default().trim().to_owned()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_take_the_type_of_their_setting() {
        let folder = connectors::kind("folder").unwrap();
        let given = ["path=/docs", "include=*.md", "include=docs/**", "max-file-bytes=1000"].map(String::from);
        let settings = Value::Object(parse(folder, &given).unwrap());
        assert_eq!(settings, json!({"path": "/docs", "include": ["*.md", "docs/**"], "max_file_bytes": 1000}));
        assert!(parse(folder, &["nothing=1".into()]).is_err());
        assert!(parse(folder, &["path".into()]).is_err());
    }

    #[test]
    fn two_sources_of_a_kind_get_two_names() {
        let name =
            |kind: &str, settings: Value| default_name(connectors::kind(kind).unwrap(), settings.as_object().unwrap());
        for (kind, settings, expected) in [
            ("github", json!({"organization": "acme", "api_url": "https://x"}), "acme"),
            ("github", json!({"repositories": ["acme/web", "acme/app"]}), "acme/web"),
            ("gitlab", json!({"group": "acme/team", "url": "https://git.acme.example"}), "acme/team"),
            ("feed", json!({"feeds": ["https://acme.example/feed?token=hush"]}), "https://acme.example/feed"),
            (
                "sql",
                json!({"database": "postgres://me@db/shop", "url": "https://shop/{{ id }}"}),
                "postgres://me@db/shop",
            ),
            ("imap", json!({"host": "mail.example", "user": "ann"}), "mail.example ann"),
            ("gdrive", json!({"user": "ann@acme.example", "service_account": "hush"}), "ann@acme.example"),
            ("jira", json!({"url": "https://acme.example", "projects": ["WEB"]}), "https://acme.example WEB"),
            ("hubspot", json!({"portal_id": 12, "token": "hush"}), "12"),
            ("notion", json!({"token": "hush"}), "Notion"),
        ] {
            assert_eq!(name(kind, settings), expected, "{kind}");
        }
    }

    #[test]
    fn what_tells_sources_apart_is_a_setting_and_no_secret_that_is_shown() {
        for kind in connectors::KINDS {
            for key in telling(kind.name) {
                assert!(kind.schema()["properties"].get(key).is_some(), "a {} source has no `{key}`", kind.name);
                // Feeds' addresses are shown without what follows the `?`.
                assert!(*key == "feeds" || !kind.secrets().iter().any(|secret| secret == key), "{}: {key}", kind.name);
            }
        }
    }
}
