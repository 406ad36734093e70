//! `footnote source`: the systems that documents come from.

mod clean;
mod settings;
mod status;
mod token;

use std::{collections::BTreeMap, path::PathBuf};

use anyhow::Context;
use domain::SourceId;
use ingest::Preview;
use serde_json::{Value, json};
use store::{Source, SourceSettings, Store, SyncState};

use self::settings::Settings;
use super::{Global, ingest::Bars};
use crate::{
    data_dir::InUse,
    output,
    usage::Usage,
    wiring::{self, House},
};

/// Documents shown by a dry run.
const SHOWN: usize = 10;

#[derive(clap::Subcommand)]
pub enum SourceCommand {
    /// List the kinds of sources, or the settings of one kind
    Kinds { kind: Option<String> },
    /// Add a source
    Add(Add),
    /// List the sources
    List,
    /// Read a source now
    Sync {
        /// Its id or name
        source: String,
        /// Show its first documents as they would be indexed; store nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Show where a source stands: what it holds, what is indexed, and why they differ
    Status { source: String },
    /// Read again, now, what could not be read or indexed
    Retry {
        source: String,
        /// Only this item, as `source status` names it
        item: Option<String>,
    },
    /// Change a source's settings; what is not named stays
    Set {
        source: String,
        #[command(flatten)]
        settings: Settings,
    },
    /// Stop syncing a source until it is resumed; its documents stay
    Pause { source: String },
    /// Go on syncing a source
    Resume { source: String },
    /// Give a push source a token and print it, this once; the one before ends
    Token {
        source: String,
        /// End the token instead
        #[arg(long)]
        revoke: bool,
    },
    /// Remove a source with all its documents
    Remove { source: String },
}

#[derive(clap::Args)]
pub struct Add {
    /// Its kind: `footnote source kinds` lists them
    kind: String,
    /// What it is called here [default: its path or address]
    #[arg(long)]
    name: Option<String>,
    /// The folder, for a folder source
    #[arg(long, value_name = "DIR")]
    path: Option<PathBuf>,
    #[command(flatten)]
    settings: Settings,
}

pub async fn run(global: &Global, command: SourceCommand) -> anyhow::Result<()> {
    match command {
        SourceCommand::Kinds { kind } => kinds(global, kind.as_deref()),
        SourceCommand::Add(args) => add(global, args).await,
        SourceCommand::List => list(global).await,
        SourceCommand::Sync { source, dry_run: true } => dry_run(global, &source).await,
        SourceCommand::Sync { source, dry_run: false } => sync(global, &source).await,
        SourceCommand::Retry { source, item } => retry(global, &source, item.as_deref()).await,
        SourceCommand::Set { source, settings } => set(global, &source, settings).await,
        SourceCommand::Status { source } => status(global, &source).await,
        SourceCommand::Pause { source } => pause(global, &source, true).await,
        SourceCommand::Resume { source } => pause(global, &source, false).await,
        SourceCommand::Token { source, revoke: false } => token::give(global, &source).await,
        SourceCommand::Token { source, revoke: true } => token::revoke(global, &source).await,
        SourceCommand::Remove { source } => remove(global, &source).await,
    }
}

fn kinds(global: &Global, kind: Option<&str>) -> anyhow::Result<()> {
    let Some(name) = kind else {
        let all: Vec<Value> = connectors::KINDS
            .iter()
            .map(|kind| json!({ "kind": kind.name, "title": kind.title, "sees_readers": kind.sees_readers }))
            .collect();
        if global.json {
            return output::json(&json!({ "kinds": all }));
        }
        let width = connectors::KINDS.iter().map(|kind| kind.name.len()).max().unwrap_or_default();
        let line = |kind: &connectors::Kind| {
            let readers = if kind.sees_readers { "knows its readers" } else { "needs --access" };
            format!("{:width$}  {} ({readers})", kind.name, kind.title)
        };
        return output::text(&connectors::KINDS.iter().map(line).collect::<Vec<_>>().join("\n"));
    };
    let schema = known_kind(name)?.schema();
    if global.json {
        return output::json(&schema);
    }
    output::text(&settings::told(&schema))
}

fn known_kind(name: &str) -> Result<&'static connectors::Kind, Usage> {
    let names = || connectors::KINDS.iter().map(|kind| kind.name).collect::<Vec<_>>().join(", ");
    connectors::kind(name).ok_or_else(|| Usage(format!("no kind of source is called `{name}`; there are: {}", names())))
}

async fn add(global: &Global, args: Add) -> anyhow::Result<()> {
    let kind = known_kind(&args.kind)?;
    let new = args.settings.applied(&SourceSettings::default())?;
    must_need_no_schedule(kind, &new)?;
    let mut config = settings::parse(kind, &args.settings.set)?;
    if let Some(path) = &args.path {
        let path = path.canonicalize().with_context(|| format!("open the folder {}", path.display()))?;
        config.insert("path".into(), path.to_str().context("the path is not UTF-8")?.into());
    }
    let name = args.name.unwrap_or_else(|| settings::default_name(kind, &config));
    let store = House::open_store_only(global).await?;
    let added = wiring::add_source(global, &store, kind.name, name, Value::Object(config), new).await;
    let source = added.map_err(|error| match error.downcast_ref() {
        Some(store::Error::Conflict(_)) => error.context("give it a name of its own with --name"),
        _ => error,
    })?;
    if source.settings.schedule.is_some() {
        store.request_sync(&source.id, (wiring::clock().now)()).await?;
    }
    if global.json {
        return output::json(&json!({ "id": source.id, "kind": source.kind, "name": source.name }));
    }
    let then = if kind.is_pulled {
        format!("read it with `footnote source sync {}`", source.id)
    } else {
        format!("send it documents with the token of `footnote source token {}`, or in the portal", source.id)
    };
    output::text(&format!("added {} {} as {}; {then}", source.kind, source.name, source.id))
}

/// Changes what is named. Documents follow at the next sync, which starts over.
async fn set(global: &Global, text: &str, args: Settings) -> anyhow::Result<()> {
    let store = House::open_store_only(global).await?;
    let source = find(&store, text).await?;
    let kind = known_kind(&source.kind)?;
    let settings = args.applied(&source.settings)?;
    must_need_no_schedule(kind, &settings)?;
    let mut config = source.config.clone();
    if let Value::Object(config) = &mut config {
        config.extend(settings::parse(kind, &args.set)?);
    }
    wiring::set_source(global, &store, &Source { config, settings, ..source.clone() }).await?;
    if global.json {
        return output::json(&json!({ "id": source.id, "state": "changed" }));
    }
    let then =
        if kind.is_pulled { "its documents follow at the next sync" } else { "what is sent from now on follows" };
    output::text(&format!("{} is changed; {then}", source.name))
}

async fn list(global: &Global) -> anyhow::Result<()> {
    let store = House::open_store_only(global).await?;
    let mut rows = Vec::new();
    for source in store.sources().await? {
        rows.push(status::read(&store, &source, (wiring::clock().now)()).await?);
    }
    if global.json {
        return output::json(&json!({ "sources": rows }));
    }
    if rows.is_empty() {
        return output::text("no sources yet: `footnote source add folder --path DIR --access public` adds one");
    }
    output::text(&rows.iter().map(|row| status::line(&row.summary)).collect::<Vec<_>>().join("\n"))
}

/// The source of that id or name.
pub async fn find(store: &Store, text: &str) -> anyhow::Result<Source> {
    if let Ok(id) = text.parse::<SourceId>() {
        return Ok(store.source(&id).await?);
    }
    let mut named: BTreeMap<SourceId, Source> = BTreeMap::new();
    for source in store.sources().await?.into_iter().filter(|source| source.name == text) {
        named.insert(source.id.clone(), source);
    }
    match named.len() {
        0 => anyhow::bail!("no source is called {text}: `footnote source list` shows them all"),
        1 => named.into_values().next().context("the source went away"),
        _ => anyhow::bail!("{} sources are called {text}: name one by its id", named.len()),
    }
}

/// Whether syncs read it. The documents of other sources are sent to them.
fn is_pulled(source: &Source) -> bool {
    connectors::kind(&source.kind).is_none_or(|kind| kind.is_pulled)
}

fn must_be_pulled(source: &Source) -> anyhow::Result<()> {
    anyhow::ensure!(
        is_pulled(source),
        "{}: there is nothing to fetch, its documents are sent to it: POST /api/v1/sources/{}/documents, or the portal's Sources page",
        source.name,
        source.id
    );
    Ok(())
}

fn must_need_no_schedule(kind: &connectors::Kind, settings: &SourceSettings) -> Result<(), Usage> {
    match settings.schedule {
        Some(_) if !kind.is_pulled => {
            Err(Usage(format!("documents are sent to a {} source, so it has no schedule", kind.name)))
        }
        _ => Ok(()),
    }
}

async fn sync(global: &Global, text: &str) -> anyhow::Result<()> {
    let house = match House::open(global, "source sync").await {
        Err(error) if error.is::<InUse>() => return request(global, text, "sync").await,
        house => house?,
    };
    let source = find(house.store(), text).await?;
    must_be_pulled(&source)?;
    ensure_not_paused(&source)?;
    house.store().request_sync(&source.id, (wiring::clock().now)()).await?;
    finish(global, &house, &source).await
}

async fn retry(global: &Global, text: &str, item: Option<&str>) -> anyhow::Result<()> {
    let store = House::open_store_only(global).await?;
    let source = find(&store, text).await?;
    must_be_pulled(&source)?;
    let items = store.retry_failures(&source.id, item, (wiring::clock().now)()).await?;
    if items == 0 {
        let what = item.map_or("nothing".to_owned(), |item| format!("no item {item}"));
        anyhow::bail!("{}: {what} has failed: `footnote source status {}` names what has", source.name, source.id);
    }
    drop(store);
    sync(global, text).await
}

async fn remove(global: &Global, text: &str) -> anyhow::Result<()> {
    let house = match House::open(global, "source remove").await {
        Err(error) if error.is::<InUse>() => return request(global, text, "removal").await,
        house => house?,
    };
    let source = find(house.store(), text).await?;
    house.store().request_removal(&source.id, (wiring::clock().now)()).await?;
    finish(global, &house, &source).await
}

fn ensure_not_paused(source: &Source) -> anyhow::Result<()> {
    let Source { id, name, settings, .. } = source;
    anyhow::ensure!(!settings.paused, "{name} is paused: `footnote source resume {id}` lets it go on");
    Ok(())
}

/// Leaves the work to the process that has the workspace open.
async fn request(global: &Global, text: &str, what: &str) -> anyhow::Result<()> {
    let store = House::open_store_only(global).await?;
    let source = find(&store, text).await?;
    let now = (wiring::clock().now)();
    let state = match what {
        "removal" if store.request_removal(&source.id, now).await? => "queued",
        "removal" => "queued behind its running sync",
        _ => {
            must_be_pulled(&source)?;
            ensure_not_paused(&source)?;
            if store.request_sync(&source.id, now).await? { "queued" } else { "running" }
        }
    };
    if global.json {
        return output::json(&json!({ "id": source.id, "state": state, "by": "the running server" }));
    }
    output::text(&format!("the {what} of {} is {state}: the running server does it", source.name))
}

/// Runs what was just asked for, here and now.
async fn finish(global: &Global, house: &House, source: &Source) -> anyhow::Result<()> {
    let bars = Bars::default();
    let show = |progress| bars.show(&progress);
    let done = house.index_beside(house.run_due(Some(&source.id), &show), &show).await;
    bars.clear();
    let (ended, _) = done?;
    let Some(mut ended) = ended? else { anyhow::bail!("{}: another worker has taken it", source.name) };
    if let Some(summary) = &mut ended.summary {
        summary.name_put_off(house.ingest_context(), source).await?;
    }
    let failed = ended.state != SyncState::Idle;
    if global.json {
        let summary = ended.summary.as_ref();
        output::json(&json!({ "id": source.id, "state": ended.state, "reason": ended.reason, "summary": summary }))?;
    } else if let Some(summary) = &ended.summary {
        output::text(&super::ingest::report(summary, None))?;
    } else if !failed {
        output::text(&format!(
            "{}: done{}",
            source.name,
            ended.reason.as_ref().map_or(String::new(), |reason| format!(" ({reason})"))
        ))?;
    }
    if failed {
        anyhow::bail!("{}: {}", source.name, ended.reason.unwrap_or_default());
    }
    Ok(())
}

async fn dry_run(global: &Global, text: &str) -> anyhow::Result<()> {
    let house = House::open(global, "source sync --dry-run").await?;
    let source = find(house.store(), text).await?;
    must_be_pulled(&source)?;
    let connector = house.connector(&source)?;
    let shown = ingest::preview(house.ingest_context(), &source, &*connector, SHOWN).await?;
    if global.json {
        return output::json(&json!({ "documents": shown }));
    }
    output::text(&shown.iter().map(previewed).collect::<Vec<_>>().join("\n\n"))
}

fn previewed(preview: &Preview) -> String {
    let readers = preview.readers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let head = format!("{}\n  readers: {readers}", preview.external_id);
    match &preview.failure {
        Some(reason) => format!("{head}\n  failed: {reason}"),
        None => {
            let title = preview.title.as_deref().unwrap_or_default();
            let begins: String =
                preview.beginning.iter().map(|text| format!("\n  | {}", text.replace('\n', " "))).collect();
            let language = preview.language.as_ref().map_or(String::new(), |language| format!(", {language}"));
            let cleaned = match preview.cleaned.removed {
                0 => String::new(),
                removed => format!("\n  cleaning takes out {removed} characters"),
            };
            let pieces: String = preview.cleaned.pieces.iter().map(|piece| format!("\n  - {piece}")).collect();
            let size = format!("{} characters in {} chunks{language}", preview.characters, preview.chunks);
            format!("{head}\n  {title}: {size}{begins}{cleaned}{pieces}")
        }
    }
}

async fn status(global: &Global, text: &str) -> anyhow::Result<()> {
    let store = House::open_store_only(global).await?;
    let source = find(&store, text).await?;
    let status = status::read(&store, &source, (wiring::clock().now)()).await?;
    if global.json { output::json(&status) } else { output::text(&status::told(&status)) }
}

async fn pause(global: &Global, text: &str, paused: bool) -> anyhow::Result<()> {
    let store = House::open_store_only(global).await?;
    let source = find(&store, text).await?;
    let settings = SourceSettings { paused, ..source.settings.clone() };
    store.set_settings(&source.id, &settings).await?;
    if !paused && is_pulled(&source) {
        store.request_sync(&source.id, (wiring::clock().now)()).await?;
    }
    let state = if paused { "paused" } else { "resumed" };
    if global.json {
        return output::json(&json!({ "id": source.id, "state": state }));
    }
    output::text(&format!("{} is {state}", source.name))
}
