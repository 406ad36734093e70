//! Makes a document of a row.

use std::{
    collections::HashMap,
    io::{self, Write},
};

use domain::{Change, EngineError, EngineResult, Principal, RawDocument, Since};
use minijinja::{Environment, ErrorKind, UndefinedBehavior};

use super::{Format, SqlConfig, statement::Column};
use crate::digest::digest;

/// Most bytes of a title or an address.
const MOST_LINE_BYTES: usize = 4 << 10;

/// The templates, checked.
pub(super) struct Renderer {
    templates: Environment<'static>,
    format: Format,
    most_bytes: usize,
    /// Changes with the settings that documents are made by.
    settings: String,
    /// Where rows come from, without the password.
    origin: String,
}

/// Values by column.
pub(super) type Row = HashMap<String, Option<String>>;

impl Renderer {
    pub(super) fn new(config: &SqlConfig, origin: String) -> EngineResult<Self> {
        let mut templates = Environment::new();
        templates.set_undefined_behavior(UndefinedBehavior::Strict);
        templates.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
        // A column without a value is written as nothing.
        templates.set_formatter(
            |out, state, value| {
                if value.is_none() { Ok(()) } else { minijinja::escape_formatter(out, state, value) }
            },
        );
        let texts = [("text", Some(&config.text)), ("title", config.title.as_ref()), ("url", config.url.as_ref())];
        for (name, text) in texts.into_iter().filter_map(|(name, text)| Some((name, text?))) {
            templates
                .add_template_owned(name, text.clone())
                .map_err(|error| EngineError::give_up(format!("sql: the template `{name}`: {error}")))?;
        }
        let optional = |text: &Option<String>| text.clone().unwrap_or_default();
        let settings = [&config.query, &config.text, &optional(&config.title), &optional(&config.url)];
        let mut settings = digest(&settings.map(|text| text.as_bytes()));
        settings.truncate(8);
        Ok(Self { templates, format: config.format, most_bytes: config.max_document_bytes, settings, origin })
    }

    /// # Errors
    /// When a template names what the query does not return.
    pub(super) fn check(&self, columns: &[Column]) -> EngineResult<()> {
        for (name, template) in self.templates.templates() {
            let mut unknown: Vec<_> = template.undeclared_variables(false).into_iter().collect();
            unknown.retain(|variable| {
                !columns.iter().any(|column| column.name == *variable)
                    && !self.templates.globals().any(|(global, _)| global == variable)
            });
            unknown.sort();
            if let Some(unknown) = unknown.first() {
                return Err(EngineError::give_up(format!(
                    "sql: the template `{name}` names `{unknown}`, which the query does not return"
                )));
            }
        }
        Ok(())
    }

    /// What the row at `updated`, made a document by these settings, is called.
    pub(super) fn revision(&self, updated: &str) -> String {
        format!("{}:{updated}", self.settings)
    }

    /// `updated`: the row's own state, where it has one.
    pub(super) fn change(
        &self,
        id: &str,
        row: &Row,
        updated: Option<&str>,
        readers: Vec<Principal>,
        since: &Since,
    ) -> Change {
        match self.document(id, row, updated, readers.clone()) {
            Ok(raw) if raw.revision.as_deref().is_some_and(|revision| since.holds(id, revision)) => {
                Change::Unchanged { external_id: raw.external_id, readers }
            }
            Ok(raw) => Change::Upsert(raw),
            Err(reason) => Change::Failed { external_id: id.to_owned(), reason, readers: Some(readers) },
        }
    }

    fn document(
        &self,
        id: &str,
        row: &Row,
        updated: Option<&str>,
        readers: Vec<Principal>,
    ) -> Result<RawDocument, String> {
        // The database was asked for no more of a column than one character over the limit.
        let is_cut =
            |cell: &&Option<String>| cell.as_ref().is_some_and(|cell| cell.chars().nth(self.most_bytes).is_some());
        if row.values().any(|cell| is_cut(&cell)) {
            return Err(format!("a column has more than {} characters", self.most_bytes));
        }
        let line = |name: &str| self.write(name, row, MOST_LINE_BYTES).transpose();
        let bytes = self.write("text", row, self.most_bytes)?.unwrap_or_default().into_bytes();
        let title = line("title").transpose()?.map(|title| title.trim().to_owned()).filter(|title| !title.is_empty());
        let uri = line("url").transpose()?.unwrap_or_else(|| format!("{}#{id}", self.origin));
        let state = updated.map_or_else(
            || digest(&[&bytes, title.as_deref().unwrap_or_default().as_bytes(), uri.as_bytes()]),
            str::to_owned,
        );
        let file_name = match self.format {
            Format::Text => "row.txt",
            Format::Markdown => "row.md",
            Format::Html => "row.html",
        };
        Ok(RawDocument {
            external_id: id.to_owned(),
            uri,
            title,
            file_name: file_name.into(),
            bytes,
            readers,
            modified_at: updated.and_then(|updated| updated.parse().ok()),
            revision: Some(self.revision(&state)),
        })
    }

    /// What a template makes of the row; `None` where there is no such template.
    fn write(&self, name: &str, row: &Row, most_bytes: usize) -> Result<Option<String>, String> {
        let Ok(template) = self.templates.get_template(name) else { return Ok(None) };
        let mut out = Bounded { bytes: Vec::new(), most_bytes };
        match template.render_captured_to(row, &mut out) {
            Ok(_) => Ok(Some(String::from_utf8_lossy(&out.bytes).into_owned())),
            Err(error) if error.kind() == ErrorKind::WriteFailure => {
                Err(format!("its {name} is over the limit of {most_bytes} bytes"))
            }
            Err(error) => Err(format!("its {name} cannot be written: {error}")),
        }
    }
}

/// Refuses more than so many bytes.
struct Bounded {
    bytes: Vec<u8>,
    most_bytes: usize,
}

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + bytes.len() > self.most_bytes {
            return Err(io::Error::other("too long"));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
