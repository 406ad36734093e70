//! Walks the body of an OpenDocument file and writes what a reader sees.

use std::collections::HashSet;

use super::{
    super::{
        HIDDEN_TEXT,
        table::Table,
        xml::{self, Element, Event},
    },
    Draft, Fault,
};

/// Most spaces that one element may stand for.
const MAX_SPACES: usize = 100;

pub(super) fn write(content: &str, hidden: &HashSet<String>, draft: &mut Draft) -> Result<(), Fault> {
    let mut walk = Walk {
        hidden,
        draft,
        in_body: false,
        open: Vec::new(),
        unseen: 0,
        slides: 0,
        lists: 0,
        is_title: false,
        paragraphs: Vec::new(),
        tables: Vec::new(),
        cell: Vec::new(),
        note: None,
        notes: Vec::new(),
        after_item: false,
    };
    xml::read(content, |event| {
        match event {
            Event::Open(element) => walk.open(&element),
            Event::Close(_) => walk.close(),
            Event::Text(text) => walk.text(&text),
        }
        Ok(())
    })?;
    for (index, note) in walk.notes.iter().enumerate() {
        walk.draft.push(&format!("\n\n[^{}]: {note}", index + 1));
    }
    Ok(())
}

/// What an open element means until it closes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Other,
    /// Not shown, with all inside.
    Unseen,
    Paragraph(Option<u8>),
    List,
    Table,
    HeaderRows,
    Cell,
    Note,
    TitleFrame,
}

struct Walk<'a> {
    hidden: &'a HashSet<String>,
    draft: &'a mut Draft,
    in_body: bool,
    open: Vec<Role>,
    unseen: usize,
    slides: u32,
    lists: usize,
    is_title: bool,
    /// Open paragraphs: a frame holds paragraphs inside one.
    paragraphs: Vec<String>,
    tables: Vec<Table>,
    /// Text and columns of each open cell.
    cell: Vec<(String, usize)>,
    note: Option<String>,
    notes: Vec<String>,
    after_item: bool,
}

impl Walk<'_> {
    fn open(&mut self, element: &Element<'_>) {
        let role = self.role(element);
        self.open.push(role);
        match role {
            Role::Unseen => self.unseen += 1,
            _ if self.unseen > 0 => {}
            Role::Paragraph(_) => self.paragraphs.push(String::new()),
            Role::List => self.lists += 1,
            Role::Table => self.tables.push(Table::default()),
            Role::HeaderRows => {
                if let Some(table) = self.tables.last_mut() {
                    table.name_columns();
                }
            }
            Role::Cell => {
                let columns = element.attribute("number-columns-spanned").and_then(|n| n.parse().ok()).unwrap_or(1);
                self.cell.push((String::new(), columns));
            }
            Role::Note => {
                let number = self.notes.len() + 1;
                self.push(&format!("[^{number}]"));
                self.note = Some(String::new());
            }
            Role::TitleFrame => self.is_title = true,
            Role::Other => self.mark(element),
        }
    }

    fn role(&mut self, element: &Element<'_>) -> Role {
        let name = element.name();
        self.in_body |= name == "body";
        let style = element.attribute("style-name");
        let hides = style.is_some_and(|style| self.hidden.contains(&style));
        match name {
            "page" if self.in_body => {
                self.slides += 1;
                if hides {
                    self.draft.note(format!("the hidden slide {} was left out", self.slides));
                    return Role::Unseen;
                }
                self.draft.push("\n\n");
                self.draft.page(self.slides);
                Role::Other
            }
            "tracked-changes" | "annotation" | "note-citation" | "forms" | "sequence-decls" | "event-listeners"
            | "settings" => Role::Unseen,
            "p" | "h" | "span" if hides => {
                self.draft.note(HIDDEN_TEXT);
                Role::Unseen
            }
            "hidden-text" | "hidden-paragraph" => Role::Unseen,
            "h" => Role::Paragraph(element.attribute("outline-level").and_then(|level| level.parse().ok()).or(Some(1))),
            "p" => Role::Paragraph(self.is_title.then_some(1)),
            "list" => Role::List,
            "table" => Role::Table,
            "table-header-rows" => Role::HeaderRows,
            "table-cell" | "covered-table-cell" => Role::Cell,
            "note-body" => Role::Note,
            "frame" if element.attribute("class").as_deref() == Some("title") => Role::TitleFrame,
            _ => Role::Other,
        }
    }

    /// Elements that stand for characters or rows.
    fn mark(&mut self, element: &Element<'_>) {
        match element.name() {
            "table-row" => {
                if let Some(table) = self.tables.last_mut() {
                    table.start_row();
                }
            }
            "tab" => self.push("\t"),
            "line-break" => self.push("\n"),
            "s" => {
                let count = element.attribute("c").and_then(|count| count.parse().ok()).unwrap_or(1);
                self.push(&" ".repeat(MAX_SPACES.min(count)));
            }
            _ => {}
        }
    }

    fn close(&mut self) {
        match self.open.pop().unwrap_or(Role::Other) {
            Role::Unseen => self.unseen -= 1,
            _ if self.unseen > 0 => {}
            Role::Paragraph(level) => self.end_paragraph(level),
            Role::List => self.lists = self.lists.saturating_sub(1),
            Role::Table => self.end_table(),
            Role::Cell => {
                if let (Some((text, columns)), Some(table)) = (self.cell.pop(), self.tables.last_mut()) {
                    table.push_cell(&text, columns);
                }
            }
            Role::Note => self.notes.extend(self.note.take()),
            Role::TitleFrame => self.is_title = false,
            Role::HeaderRows | Role::Other => {}
        }
    }

    fn text(&mut self, text: &str) {
        if self.unseen == 0 {
            // Runs of white space are one space (OpenDocument 1.3, 6.1.2).
            let is_spaced = |at: Option<char>| at.is_some_and(char::is_whitespace);
            let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
            let before = if is_spaced(text.chars().next()) { " " } else { "" };
            let after = if is_spaced(text.chars().next_back()) && !words.is_empty() { " " } else { "" };
            self.push(&format!("{before}{words}{after}"));
        }
    }

    fn push(&mut self, text: &str) {
        if let Some(paragraph) = self.paragraphs.last_mut() {
            paragraph.push_str(text);
        }
    }

    fn end_paragraph(&mut self, level: Option<u8>) {
        let text = self.paragraphs.pop().unwrap_or_default();
        let text = text.trim();
        if text.is_empty() {
            return;
        }
        if let Some(note) = &mut self.note {
            note.push_str(text);
            note.push(' ');
        } else if let Some((cell, _)) = self.cell.last_mut() {
            cell.push_str(text);
            cell.push(' ');
        } else if let Some(level) = level {
            self.draft.section(level, text);
        } else if self.lists > 0 {
            let gap = if self.after_item { "\n" } else { "\n\n" };
            self.draft.push(&format!("{gap}{}- {text}", "  ".repeat(self.lists - 1)));
        } else {
            self.draft.push(&format!("\n\n{text}"));
        }
        self.after_item = self.lists > 0;
    }

    fn end_table(&mut self) {
        let lines = self.tables.pop().map(|table| table.lines()).unwrap_or_default();
        match self.cell.last_mut() {
            Some((cell, _)) => cell.push_str(&lines.join(" ")),
            None => self.draft.push(&format!("\n\n{}\n\n", lines.join("\n"))),
        }
    }
}
