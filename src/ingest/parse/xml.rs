//! Walks an XML text by local names, with entities resolved and depth bounded.

use quick_xml::{Reader, events};

use super::error::Fault;

const MAX_DEPTH: usize = 4_096;

pub(super) enum Event<'a> {
    Open(Element<'a>),
    /// Local name of the element that ends. Follows every `Open`.
    Close(&'a str),
    Text(String),
}

pub(super) struct Element<'a>(&'a events::BytesStart<'a>);

impl Element<'_> {
    pub(super) fn name(&self) -> &str {
        self.0.local_name().into_inner()
    }

    /// Value of the attribute with this local name.
    pub(super) fn attribute(&self, name: &str) -> Option<String> {
        let attributes = self.0.attributes().flatten();
        let found = attributes.into_iter().find(|attribute| attribute.key.local_name().as_ref() == name)?;
        Some(found.value.into_owned())
    }

    /// Value of the attribute with this local name that has a namespace of its own.
    pub(super) fn prefixed_attribute(&self, name: &str) -> Option<String> {
        let attributes = self.0.attributes().flatten();
        let found = attributes
            .into_iter()
            .find(|attribute| attribute.key.prefix().is_some() && attribute.key.local_name().as_ref() == name)?;
        Some(found.value.into_owned())
    }

    /// All attributes by local name, without namespace declarations.
    pub(super) fn attributes(&self) -> Vec<(String, String)> {
        let attributes = self.0.attributes().flatten();
        let named = attributes.into_iter().filter_map(|attribute| {
            let is_declaration = attribute.key.as_ref() == "xmlns" || attribute.key.as_ref().starts_with("xmlns:");
            let name = attribute.key.local_name().as_ref().to_owned();
            (!is_declaration).then(|| (name, attribute.value.into_owned()))
        });
        named.collect()
    }

    /// The attribute `val` as a number.
    pub(super) fn number(&self) -> Option<i64> {
        self.attribute("val")?.trim().parse().ok()
    }
}

pub(super) fn read(xml: &str, mut visit: impl FnMut(Event<'_>) -> Result<(), Fault>) -> Result<(), Fault> {
    let mut reader = Reader::from_str(xml.trim_start_matches('\u{FEFF}'));
    let mut depth = 0usize;
    loop {
        let event = reader.read_event().map_err(|error| broken(&reader, &error.to_string()))?;
        match event {
            events::Event::Start(start) => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return Err(broken(&reader, "elements are nested too deeply"));
                }
                visit(Event::Open(Element(&start)))?;
            }
            events::Event::Empty(start) => {
                visit(Event::Open(Element(&start)))?;
                visit(Event::Close(start.local_name().into_inner()))?;
            }
            events::Event::End(end) => {
                depth = depth.saturating_sub(1);
                visit(Event::Close(end.local_name().into_inner()))?;
            }
            events::Event::Text(text) => visit(Event::Text(text.into_inner().into_owned()))?,
            events::Event::CData(text) => visit(Event::Text(text.into_inner().into_owned()))?,
            events::Event::GeneralRef(entity) => visit(Event::Text(resolve(&entity)))?,
            events::Event::Eof if depth > 0 => return Err(broken(&reader, "the text ends inside an element")),
            events::Event::Eof => return Ok(()),
            _ => {}
        }
    }
}

fn resolve(entity: &events::BytesRef<'_>) -> String {
    match entity.resolve_char_ref() {
        Ok(Some(c)) => c.to_string(),
        _ => match entity.as_ref() {
            "lt" => "<",
            "gt" => ">",
            "amp" => "&",
            "quot" => "\"",
            "apos" => "'",
            _ => "",
        }
        .to_owned(),
    }
}

fn broken(reader: &Reader<&[u8]>, detail: &str) -> Fault {
    Fault::broken(format!("its XML is damaged at byte {}: {detail}", reader.buffer_position()))
}
