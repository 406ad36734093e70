//! PDF: the text layer page by page, put back into lines, paragraphs and headings.

mod content;
mod font;
mod layout;
mod lines;
mod widths;

use lopdf::{Document, LoadOptions, Object};

use super::{Draft, Limits, error::Fault};
use lines::Line;

pub(super) fn parse(bytes: &[u8], limits: &Limits) -> Result<Draft, Fault> {
    let options = LoadOptions::with_max_decompressed_size(limits.max_unpacked_bytes);
    let document = Document::load_mem_with_options(bytes, options).map_err(|error| load_fault(&error))?;
    if document.is_encrypted() {
        return Err(Fault::Encrypted);
    }
    let pages = read_pages(&document, limits)?;
    let mut draft = Draft::titled(title(&document));
    layout::write(&pages, &mut draft);
    if draft.is_blank() {
        let which = if pages.len() == 1 { "page 1 has".into() } else { format!("pages 1 to {} have", pages.len()) };
        return Err(Fault::NoText(format!("{which} no text layer (scanned?)")));
    }
    Ok(draft)
}

/// The lines of every page, in the order the file draws them.
fn read_pages(document: &Document, limits: &Limits) -> Result<Vec<Vec<Line>>, Fault> {
    let ids = document.get_pages();
    if ids.is_empty() {
        return Err(Fault::broken("no pages found: the file is damaged or truncated"));
    }
    if ids.len() > limits.max_pages {
        return Err(Fault::TooLarge {
            what: format!("its {} pages are", ids.len()),
            limit: limits.max_pages.to_string(),
        });
    }
    let mut fonts = font::Fonts::new(document, limits.max_unpacked_bytes);
    let mut pages = Vec::with_capacity(ids.len());
    let mut text_left = limits.max_text_bytes;
    let mut last_fault = None;
    for (number, id) in ids {
        let lines = match content::read_page(document, id, &mut fonts, limits.max_unpacked_bytes) {
            Ok(lines) => lines,
            Err(detail) => {
                last_fault = Some(Fault::broken(format!("page {number}: {detail}")));
                Vec::new()
            }
        };
        let size: usize = lines.iter().map(|line| line.text.len()).sum();
        text_left =
            text_left.checked_sub(size).ok_or_else(|| Fault::over("its text is", limits.max_text_bytes as u64))?;
        pages.push(lines);
    }
    match last_fault {
        Some(fault) if pages.iter().all(Vec::is_empty) => Err(fault),
        _ => Ok(pages),
    }
}

fn load_fault(error: &lopdf::Error) -> Fault {
    match error {
        lopdf::Error::InvalidPassword
        | lopdf::Error::Decryption(_)
        | lopdf::Error::UnsupportedSecurityHandler(_)
        | lopdf::Error::Unimplemented(_) => Fault::Encrypted,
        error => Fault::broken(format!("the file is damaged or truncated ({error})")),
    }
}

fn title(document: &Document) -> Option<String> {
    let info = document.trailer.get(b"Info").ok()?;
    let info = match info {
        Object::Reference(id) => document.get_dictionary(*id).ok()?,
        Object::Dictionary(info) => info,
        _ => return None,
    };
    let title = info.get_deref(b"Title", document).ok()?;
    super::draft::real_title(&lopdf::decode_text_string(title).ok()?)
}

#[cfg(test)]
mod tests;
