//! PDF: the text layer page by page, put back into lines, paragraphs and headings.

mod annotations;
mod content;
mod font;
mod layout;
mod lines;
mod matrix;
mod paint;
mod widths;

use lopdf::{Document, LoadOptions, Object};

use super::{Draft, HIDDEN_TEXT, Limits, error::Fault};
use content::Page;

pub(super) fn parse(bytes: &[u8], limits: &Limits) -> Result<Draft, Fault> {
    let options = LoadOptions::with_max_decompressed_size(limits.max_unpacked_bytes);
    let document = Document::load_mem_with_options(bytes, options).map_err(|error| load_fault(&error))?;
    if document.is_encrypted() {
        return Err(Fault::Encrypted);
    }
    let pages = read_pages(&document, limits)?;
    let mut draft = Draft::titled(title(&document));
    let has_hidden = pages.iter().any(|page| page.dropped_hidden);
    if has_hidden {
        draft.note(HIDDEN_TEXT);
    }
    let scanned = (1..).zip(&pages).filter(|(_, page)| page.is_scan && page.lines.is_empty());
    let scanned = scanned_pages(scanned.map(|(number, _)| number));
    let count = pages.len();
    layout::write(&pages.into_iter().map(|page| page.lines).collect::<Vec<_>>(), &mut draft);
    if !draft.is_blank() {
        if let Some(scanned) = scanned {
            draft.note(scanned);
        }
        return Ok(draft);
    }
    let which = if count == 1 { "page 1 has".into() } else { format!("pages 1 to {count} have") };
    Err(Fault::NoText(match scanned {
        Some(scanned) => format!("{scanned}: recognise the text (OCR) first"),
        None if has_hidden => format!("{which} only hidden text"),
        None => format!("{which} no text layer (scanned?)"),
    }))
}

/// `pages 1, 3-5 are scanned and hold no text`; `None` for no pages.
fn scanned_pages(numbers: impl Iterator<Item = u32>) -> Option<String> {
    let mut runs: Vec<(u32, u32)> = Vec::new();
    for number in numbers {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == number => *last = number,
            _ => runs.push((number, number)),
        }
    }
    let is_one = matches!(runs.as_slice(), [(first, last)] if first == last);
    let parts: Vec<String> = runs
        .iter()
        .map(|(first, last)| if first == last { first.to_string() } else { format!("{first}-{last}") })
        .collect();
    match parts.len() {
        0 => None,
        _ if is_one => Some(format!("page {} is scanned and holds no text", parts.concat())),
        _ => Some(format!("pages {} are scanned and hold no text", parts.join(", "))),
    }
}

/// Every page, its lines in the order the file draws them.
fn read_pages(document: &Document, limits: &Limits) -> Result<Vec<Page>, Fault> {
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
        let page = match content::read_page(document, id, &mut fonts, limits.max_unpacked_bytes) {
            Ok(page) => page,
            Err(detail) => {
                last_fault = Some(Fault::broken(format!("page {number}: {detail}")));
                Page::default()
            }
        };
        let size: usize = page.lines.iter().map(|line| line.text.len()).sum();
        text_left =
            text_left.checked_sub(size).ok_or_else(|| Fault::over("its text is", limits.max_text_bytes as u64))?;
        pages.push(page);
    }
    match last_fault {
        Some(fault) if pages.iter().all(|page| page.lines.is_empty()) => Err(fault),
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
