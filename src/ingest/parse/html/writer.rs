//! Writes text with the line breaks, list marks and tables that an HTML document implies.

use scraper::node::Element;

use super::{super::table::Table, Draft, blocks::Role};

/// White space owed before the next word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Gap {
    #[default]
    None,
    Space,
    Line,
    Blank,
}

#[derive(Default)]
pub(super) struct Writer {
    draft: Draft,
    gap: Gap,
    started: bool,
    preformatted: usize,
    /// Next number of each open list; `None` for bullets.
    lists: Vec<Option<i64>>,
    /// List mark owed before the next word.
    mark: Option<String>,
    table: Option<Table>,
    /// Words of the open heading or table cell, and the columns that the cell spans.
    capture: Option<(String, usize)>,
}

impl Writer {
    /// Whether the text goes into a heading or cell, where nothing starts a new block.
    pub(super) fn is_inline(&self) -> bool {
        self.capture.is_some()
    }

    pub(super) fn is_in_table(&self) -> bool {
        self.table.is_some()
    }

    pub(super) fn text(&mut self, text: &str) {
        if let Some((words, _)) = &mut self.capture {
            words.push_str(text);
            return;
        }
        if self.table.is_some() && text.trim().is_empty() {
            return;
        }
        if self.preformatted > 0 {
            self.flush();
            self.draft.push(text);
            return;
        }
        if text.starts_with(char::is_whitespace) {
            self.owe(Gap::Space);
        }
        let mut words = text.split_whitespace();
        if let Some(first) = words.next() {
            self.flush();
            self.draft.push(first);
            for word in words {
                self.draft.push(" ");
                self.draft.push(word);
            }
            if text.ends_with(char::is_whitespace) {
                self.owe(Gap::Space);
            }
        }
    }

    pub(super) fn open(&mut self, role: Role, element: &Element) {
        if let Some((words, _)) = &mut self.capture {
            if role != Role::Inline && role != Role::Hidden {
                words.push(' ');
            }
            return;
        }
        match role {
            Role::Heading(_) if self.table.is_none() => self.capture = Some((String::new(), 1)),
            Role::Cell | Role::NameCell => self.capture = Some((String::new(), span(element))),
            Role::Row => {
                if let Some(table) = &mut self.table {
                    table.start_row();
                }
            }
            Role::Table => {
                self.owe(Gap::Blank);
                self.table = Some(Table::default());
            }
            Role::BulletList => self.open_list(None),
            Role::NumberedList => self.open_list(Some(element.attr("start").and_then(|n| n.parse().ok()).unwrap_or(1))),
            Role::Item => self.open_item(),
            Role::Preformatted => {
                self.owe(Gap::Blank);
                self.preformatted += 1;
            }
            Role::Break => {
                self.gap = Gap::None;
                if self.started {
                    self.draft.push("\n");
                }
            }
            Role::Line | Role::Block | Role::Heading(_) => self.owe(self.gap_of(role)),
            Role::Inline | Role::Hidden => {}
        }
    }

    pub(super) fn close(&mut self, role: Role) {
        match role {
            Role::Heading(level) if self.table.is_none() => self.close_heading(level),
            Role::Cell | Role::NameCell => {
                if let (Some((words, columns)), Some(table)) = (self.capture.take(), &mut self.table) {
                    match role {
                        Role::NameCell => table.push_name(&words, columns),
                        _ => table.push_cell(&words, columns),
                    }
                }
            }
            _ if self.capture.is_some() => {
                if let Some((words, _)) = self.capture.as_mut().filter(|_| role != Role::Inline) {
                    words.push(' ');
                }
            }
            Role::Table => self.close_table(),
            Role::BulletList | Role::NumberedList => {
                self.lists.pop();
                self.owe(if self.lists.is_empty() { Gap::Blank } else { Gap::Line });
            }
            Role::Item => {
                self.mark = None;
                self.owe(Gap::Line);
            }
            Role::Preformatted => {
                self.preformatted = self.preformatted.saturating_sub(1);
                self.owe(Gap::Blank);
            }
            Role::Line | Role::Block => self.owe(self.gap_of(role)),
            _ => {}
        }
    }

    pub(super) fn finish(self) -> Draft {
        self.draft
    }

    fn owe(&mut self, gap: Gap) {
        self.gap = self.gap.max(gap);
    }

    fn gap_of(&self, role: Role) -> Gap {
        if role == Role::Block && self.lists.is_empty() { Gap::Blank } else { Gap::Line }
    }

    fn flush(&mut self) {
        let indent = 2 * self.lists.len().saturating_sub(1);
        match self.gap {
            _ if !self.started => {}
            Gap::None => {}
            Gap::Space => self.draft.push(" "),
            Gap::Line => self.draft.push("\n"),
            Gap::Blank => self.draft.push("\n\n"),
        }
        if self.gap >= Gap::Line || !self.started {
            self.draft.push(&" ".repeat(indent));
        }
        if let Some(mark) = self.mark.take() {
            self.draft.push(&mark);
        }
        self.gap = Gap::None;
        self.started = true;
    }

    fn open_list(&mut self, first: Option<i64>) {
        self.owe(if self.lists.is_empty() { Gap::Blank } else { Gap::Line });
        self.lists.push(first);
    }

    fn open_item(&mut self) {
        self.owe(Gap::Line);
        self.mark = Some(match self.lists.last_mut() {
            Some(Some(next)) => {
                let mark = format!("{next}. ");
                *next = next.saturating_add(1);
                mark
            }
            _ => "- ".to_owned(),
        });
    }

    fn close_heading(&mut self, level: u8) {
        let words = self.capture.take().map(|(words, _)| words).unwrap_or_default();
        let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
        if words.is_empty() {
            return;
        }
        self.owe(Gap::Blank);
        self.mark = None;
        self.flush();
        self.draft.push(&format!("{} ", "#".repeat(level.into())));
        self.draft.heading(level, &words);
        self.owe(Gap::Blank);
    }

    fn close_table(&mut self) {
        let lines = self.table.take().map(|table| table.lines()).unwrap_or_default();
        for line in lines {
            self.flush();
            self.draft.push(&line);
            self.owe(Gap::Line);
        }
        self.owe(Gap::Blank);
    }
}

fn span(element: &Element) -> usize {
    element.attr("colspan").and_then(|n| n.trim().parse().ok()).unwrap_or(1)
}
