//! Paragraph styles and numbering: which paragraphs are headings and which are list items.

use std::collections::HashMap;

use super::super::xml::{self, Event};

/// How far a chain of `basedOn` is followed.
const MAX_ANCESTORS: usize = 16;

/// A list and the level (from 0) in it.
pub(super) type Numbering = (i64, usize);

#[derive(Debug, Default)]
struct Style {
    name: String,
    based_on: Option<String>,
    outline: Option<u8>,
    numbering: Option<Numbering>,
}

/// The mark before a list item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ListMark {
    Bullet,
    /// Counted from this number.
    Number(i64),
}

#[derive(Debug, Default)]
pub(super) struct Styles {
    styles: HashMap<String, Style>,
    marks: HashMap<Numbering, ListMark>,
}

impl Styles {
    pub(super) fn read(styles: &str, numbering: &str) -> Self {
        Self { styles: read_styles(styles), marks: read_marks(numbering) }
    }

    /// Heading level (from 1) that a style gives its paragraphs.
    pub(super) fn heading_level(&self, style: &str) -> Option<u8> {
        self.chain(style).find_map(|style| {
            let name = style.name.to_lowercase();
            let by_name = match name.strip_prefix("heading ") {
                Some(level) => level.parse().ok(),
                None if name == "title" => Some(1),
                None => None,
            };
            by_name.or(style.outline.map(|level| level + 1)).filter(|level| (1..=9).contains(level))
        })
    }

    pub(super) fn numbering(&self, style: &str) -> Option<Numbering> {
        self.chain(style).find_map(|style| style.numbering)
    }

    /// `None` for a list that this document does not define, or one without marks.
    pub(super) fn mark(&self, numbering: Numbering) -> Option<ListMark> {
        self.marks.get(&numbering).copied()
    }

    fn chain(&self, style: &str) -> impl Iterator<Item = &Style> {
        let next = |style: &&Style| style.based_on.as_ref().and_then(|id| self.styles.get(id));
        std::iter::successors(self.styles.get(style), next).take(MAX_ANCESTORS)
    }
}

fn read_styles(xml: &str) -> HashMap<String, Style> {
    let mut styles = HashMap::new();
    let mut open: Option<(String, Style)> = None;
    // A damaged style sheet costs headings and list marks, not the text.
    let _ = xml::read(xml, |event| {
        match event {
            Event::Open(element) => match (element.name(), &mut open) {
                ("style", _) => open = Some((element.attribute("styleId").unwrap_or_default(), Style::default())),
                ("name", Some((_, style))) => style.name = element.attribute("val").unwrap_or_default(),
                ("basedOn", Some((_, style))) => style.based_on = element.attribute("val"),
                ("outlineLvl", Some((_, style))) => style.outline = outline(element.number()),
                ("numId", Some((_, style))) => {
                    style.numbering =
                        element.number().map(|list| (list, style.numbering.map_or(0, |(_, level)| level)));
                }
                ("ilvl", Some((_, style))) => {
                    let level = element.number().unwrap_or(0).clamp(0, 8) as usize;
                    style.numbering = Some((style.numbering.map_or(0, |(list, _)| list), level));
                }
                _ => {}
            },
            Event::Close("style") => styles.extend(open.take()),
            _ => {}
        }
        Ok(())
    });
    styles
}

/// Outline level 0..=8; 9 stands for body text.
pub(super) fn outline(value: Option<i64>) -> Option<u8> {
    value.and_then(|value| u8::try_from(value).ok()).filter(|level| *level < 9)
}

fn read_marks(xml: &str) -> HashMap<Numbering, ListMark> {
    let mut abstract_marks: HashMap<i64, HashMap<usize, ListMark>> = HashMap::new();
    let mut lists: Vec<(i64, i64)> = Vec::new();
    let (mut shape, mut level, mut list, mut first) = (None, None, None, 1);
    let _ = xml::read(xml, |event| {
        let Event::Open(element) = event else { return Ok(()) };
        let id = |name: &str| element.attribute(name).and_then(|id| id.parse::<i64>().ok());
        match element.name() {
            "abstractNum" => (shape, level) = (id("abstractNumId"), None),
            "lvl" => (level, first) = (id("ilvl").map(|level| level.clamp(0, 8) as usize), 1),
            "start" => first = element.number().unwrap_or(1),
            "numFmt" => {
                let mark = match element.attribute("val").as_deref() {
                    Some("bullet") => Some(ListMark::Bullet),
                    Some("none") | None => None,
                    Some(_) => Some(ListMark::Number(first)),
                };
                if let (Some(shape), Some(level), Some(mark)) = (shape, level, mark) {
                    abstract_marks.entry(shape).or_default().insert(level, mark);
                }
            }
            "num" => (list, level) = (id("numId"), None),
            "abstractNumId" => lists.extend(list.take().zip(element.number())),
            _ => {}
        }
        Ok(())
    });
    let marks = lists.into_iter().flat_map(|(list, shape)| {
        let levels = abstract_marks.get(&shape).into_iter().flatten();
        levels.map(move |(&level, &mark)| ((list, level), mark))
    });
    marks.collect()
}
