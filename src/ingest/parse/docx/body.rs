//! Walks the document part and writes its paragraphs, tables and notes.

use std::collections::HashMap;

use super::{
    super::{
        HIDDEN_TEXT,
        table::Table,
        xml::{self, Element, Event},
    },
    Draft, Fault,
    styles::{ListMark, Numbering, Styles, outline},
};

/// Text of each note by its id.
#[derive(Default)]
pub(super) struct Notes {
    pub(super) footnotes: HashMap<String, String>,
    pub(super) endnotes: HashMap<String, String>,
}

pub(super) fn write(xml: &str, styles: &Styles, notes: &Notes, draft: &mut Draft) -> Result<(), Fault> {
    let mut walk = Walk::new(styles, notes);
    xml::read(xml, |event| {
        walk.event(event);
        Ok(())
    })?;
    if walk.dropped_hidden {
        draft.note(HIDDEN_TEXT);
    }
    for block in walk.blocks {
        block.write(draft);
    }
    for (index, note) in walk.used_notes.iter().enumerate() {
        draft.push(&format!("\n\n[^{}]: {note}", index + 1));
    }
    Ok(())
}

/// Reads `footnotes.xml` or `endnotes.xml`, without the separators that stand there too.
pub(super) fn read_notes(xml: &str, styles: &Styles, found: &mut HashMap<String, String>) {
    let no_notes = Notes::default();
    let mut walk = Walk::new(styles, &no_notes);
    let mut id = None;
    // Damaged notes cost the notes, not the text.
    let _ = xml::read(xml, |event| {
        match &event {
            Event::Open(element) if matches!(element.name(), "footnote" | "endnote") => {
                id = element.attribute("id").filter(|_| element.attribute("type").is_none_or(|kind| kind == "normal"));
                walk.blocks.clear();
            }
            Event::Close("footnote" | "endnote") => {
                let words: Vec<String> = walk.blocks.drain(..).map(|block| block.text).collect();
                let words = words.join(" ").trim().to_owned();
                found.extend(id.take().filter(|_| !words.is_empty()).map(|id| (id, words)));
            }
            _ => {}
        }
        walk.event(event);
        Ok(())
    });
}

#[derive(Debug)]
enum Kind {
    Paragraph,
    Heading(u8),
    Item,
    Table,
}

#[derive(Debug)]
struct Block {
    kind: Kind,
    /// What stands before the text, e.g. `  - `.
    mark: String,
    text: String,
    follows_item: bool,
}

impl Block {
    fn write(self, draft: &mut Draft) {
        draft.push(if self.follows_item { "\n" } else { "\n\n" });
        match self.kind {
            Kind::Heading(level) => {
                draft.push(&format!("{} ", "#".repeat(level.min(6).into())));
                draft.heading(level, &self.text.split_whitespace().collect::<Vec<_>>().join(" "));
            }
            _ => {
                draft.push(&self.mark);
                draft.push(&self.text);
            }
        }
    }
}

#[derive(Default)]
struct Paragraph {
    text: String,
    style: Option<String>,
    outline: Option<u8>,
    list: Option<i64>,
    level: Option<usize>,
}

#[derive(Default)]
struct OpenTable {
    table: Table,
    rows: usize,
    cell: String,
    columns: usize,
}

struct Walk<'a> {
    styles: &'a Styles,
    notes: &'a Notes,
    blocks: Vec<Block>,
    /// Open paragraphs: a text box holds paragraphs inside one.
    paragraphs: Vec<Paragraph>,
    tables: Vec<OpenTable>,
    /// Open elements whose text is not part of the document as it stands.
    unseen: usize,
    in_text: bool,
    /// The open run is hidden.
    is_vanished: bool,
    dropped_hidden: bool,
    counters: HashMap<Numbering, i64>,
    used_notes: Vec<&'a str>,
}

impl<'a> Walk<'a> {
    fn new(styles: &'a Styles, notes: &'a Notes) -> Self {
        Self {
            styles,
            notes,
            blocks: Vec::new(),
            paragraphs: Vec::new(),
            tables: Vec::new(),
            unseen: 0,
            in_text: false,
            is_vanished: false,
            dropped_hidden: false,
            counters: HashMap::new(),
            used_notes: Vec::new(),
        }
    }

    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Open(element) => {
                if is_unseen(element.name()) {
                    self.unseen += 1;
                } else if self.unseen == 0 {
                    self.open(&element);
                }
            }
            Event::Close(name) if is_unseen(name) => self.unseen = self.unseen.saturating_sub(1),
            Event::Close(name) if self.unseen == 0 => self.close(name),
            Event::Text(text) if self.in_text && self.unseen == 0 => self.text(&text),
            _ => {}
        }
    }

    fn open(&mut self, element: &Element<'_>) {
        match element.name() {
            "p" => self.paragraphs.push(Paragraph::default()),
            "r" => self.is_vanished = false,
            // The paragraph's mark can be hidden too, outside of any run.
            "vanish" => {
                self.is_vanished = !matches!(element.attribute("val").as_deref(), Some("0" | "false" | "off"));
            }
            "t" => self.in_text = true,
            "tab" | "ptab" => self.text("\t"),
            "br" | "cr" => self.text("\n"),
            "noBreakHyphen" => self.text("-"),
            "footnoteReference" => self.note(element, &self.notes.footnotes),
            "endnoteReference" => self.note(element, &self.notes.endnotes),
            "tbl" => self.tables.push(OpenTable::default()),
            "tr" => {
                if let Some(open) = self.tables.last_mut() {
                    open.table.start_row();
                    open.rows += 1;
                }
            }
            "tblHeader" => {
                if let Some(open) = self.tables.last_mut().filter(|open| open.rows == 1) {
                    open.table.name_columns();
                }
            }
            "tc" => {
                if let Some(open) = self.tables.last_mut() {
                    open.cell.clear();
                    open.columns = 1;
                }
            }
            "gridSpan" => {
                if let Some(open) = self.tables.last_mut() {
                    open.columns = element.number().and_then(|n| usize::try_from(n).ok()).unwrap_or(1);
                }
            }
            name => {
                if let Some(paragraph) = self.paragraphs.last_mut() {
                    match name {
                        "pStyle" => paragraph.style = element.attribute("val"),
                        "outlineLvl" => paragraph.outline = outline(element.number()),
                        "numId" => paragraph.list = element.number(),
                        "ilvl" => paragraph.level = element.number().map(|level| level.clamp(0, 8) as usize),
                        _ => {}
                    }
                }
            }
        }
    }

    fn close(&mut self, name: &str) {
        match name {
            "t" => self.in_text = false,
            "r" | "pPr" => self.is_vanished = false,
            "p" => self.close_paragraph(),
            "tc" => {
                if let Some(open) = self.tables.last_mut() {
                    open.table.push_cell(&open.cell, open.columns);
                }
            }
            "tbl" => self.close_table(),
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        if self.is_vanished {
            self.dropped_hidden |= !text.trim().is_empty();
            return;
        }
        if let Some(paragraph) = self.paragraphs.last_mut() {
            // A tab before the first word is an indent.
            if !(paragraph.text.is_empty() && text == "\t") {
                paragraph.text.push_str(text);
            }
        }
    }

    fn note(&mut self, reference: &Element<'_>, notes: &'a HashMap<String, String>) {
        if let Some(note) = reference.attribute("id").and_then(|id| notes.get(&id)) {
            self.used_notes.push(note);
            self.text(&format!("[^{}]", self.used_notes.len()));
        }
    }

    fn close_paragraph(&mut self) {
        let Some(paragraph) = self.paragraphs.pop() else { return };
        if paragraph.text.trim().is_empty() {
            return;
        }
        if let Some(open) = self.tables.last_mut() {
            open.cell.push(' ');
            open.cell.push_str(&paragraph.text);
            return;
        }
        let style = paragraph.style.as_deref().unwrap_or_default();
        let level = paragraph.outline.map(|level| level + 1).or_else(|| self.styles.heading_level(style));
        let (kind, mark) = match (level, self.list_mark(&paragraph, style)) {
            (Some(level), _) => (Kind::Heading(level), String::new()),
            (None, Some(mark)) => (Kind::Item, mark),
            (None, None) => (Kind::Paragraph, String::new()),
        };
        self.push(kind, mark, paragraph.text);
    }

    fn push(&mut self, kind: Kind, mark: String, text: String) {
        let after_item = self.blocks.last().is_some_and(|block| matches!(block.kind, Kind::Item));
        let follows_item = after_item && matches!(kind, Kind::Item);
        self.blocks.push(Block { kind, mark, text, follows_item });
    }

    fn list_mark(&mut self, paragraph: &Paragraph, style: &str) -> Option<String> {
        let of_style = self.styles.numbering(style);
        let list = paragraph.list.or(of_style.map(|(list, _)| list)).filter(|list| *list != 0)?;
        let level = paragraph.level.or(of_style.map(|(_, level)| level)).unwrap_or(0);
        let indent = "  ".repeat(level);
        match self.styles.mark((list, level))? {
            ListMark::Bullet => Some(format!("{indent}- ")),
            ListMark::Number(first) => {
                self.counters.retain(|(other, deeper), _| *other != list || *deeper <= level);
                let next = self.counters.entry((list, level)).or_insert(first);
                let mark = format!("{indent}{next}. ");
                *next = next.saturating_add(1);
                Some(mark)
            }
        }
    }

    fn close_table(&mut self) {
        let Some(open) = self.tables.pop() else { return };
        let lines = open.table.lines();
        if lines.is_empty() {
            return;
        }
        match self.tables.last_mut() {
            Some(outer) => {
                outer.cell.push(' ');
                outer.cell.push_str(&lines.join(" "));
            }
            None => self.push(Kind::Table, String::new(), lines.join("\n")),
        }
    }
}

/// Deleted and moved-away text, the second version of a drawing, field codes and comments.
fn is_unseen(name: &str) -> bool {
    matches!(
        name,
        "del"
            | "moveFrom"
            | "Fallback"
            | "instrText"
            | "delText"
            | "delInstrText"
            | "annotation"
            | "rPrChange"
            | "pPrChange"
    )
}
