//! Presentations (PPTX, PPT) and old Word files (DOC): slides as pages, titles as headings, tables, notes.

mod hidden;

use undoc::{
    Document,
    model::{Block, Paragraph, Section, Table as OfficeTable},
};

use super::{Draft, Limits, draft::real_title, error::Fault, package::Package, table::Table};

/// Most slides.
const MAX_SLIDES: usize = 5_000;

pub(super) fn parse_slides(bytes: &[u8], limits: &Limits) -> Result<Draft, Fault> {
    let hidden = if bytes.starts_with(b"PK") {
        let mut package = Package::open(bytes, limits.max_unpacked_bytes)?;
        // The reader below unpacks whatever it is given.
        package.check_sizes()?;
        hidden::slides(&mut Package::open(bytes, limits.max_unpacked_bytes)?)
    } else {
        Vec::new()
    };
    let document = read(bytes)?;
    if document.sections.len() > MAX_SLIDES {
        return Err(Fault::TooLarge {
            what: format!("its {} slides are", document.sections.len()),
            limit: MAX_SLIDES.to_string(),
        });
    }
    let mut draft = titled(&document);
    for (number, slide) in (1..).zip(&document.sections) {
        if hidden.contains(&number) {
            draft.note(format!("the hidden slide {number} was left out"));
            continue;
        }
        draft.push("\n\n");
        draft.page(number);
        write_section(slide, &mut draft);
    }
    Ok(draft)
}

pub(super) fn parse_doc(bytes: &[u8]) -> Result<Draft, Fault> {
    let document = read(bytes)?;
    let mut draft = titled(&document);
    document.sections.iter().for_each(|section| write_section(section, &mut draft));
    Ok(draft)
}

fn read(bytes: &[u8]) -> Result<Document, Fault> {
    undoc::parse_bytes(bytes).map_err(|error| match error {
        undoc::Error::Encrypted => Fault::Encrypted,
        error => Fault::broken(format!("{error}; opening and saving it as DOCX or PPTX may mend it")),
    })
}

fn titled(document: &Document) -> Draft {
    Draft::titled(document.metadata.title.as_deref().and_then(real_title))
}

fn write_section(section: &Section, draft: &mut Draft) {
    for block in &section.content {
        match block {
            Block::Paragraph(paragraph) => write_paragraph(paragraph, draft),
            Block::Table(table) => write_table(table, draft),
            Block::Note { label, content } => {
                let words: Vec<String> = content.iter().map(Paragraph::plain_text).collect();
                draft.push(&format!("\n\n[^{label}]: {}\n\n", words.join(" ")));
            }
            Block::Image { .. } | Block::PageBreak | Block::SectionBreak => {}
        }
    }
    let notes: Vec<String> = section.notes.iter().flatten().map(Paragraph::plain_text).collect();
    let notes = notes.join("\n");
    if !notes.trim().is_empty() {
        draft.push(&format!("\n\nNotes: {}\n\n", notes.trim()));
    }
}

fn write_paragraph(paragraph: &Paragraph, draft: &mut Draft) {
    let is_deleted = |run: &undoc::model::TextRun| run.revision == undoc::model::RevisionType::Deleted;
    let mut text = String::new();
    for run in paragraph.runs.iter().filter(|run| !is_deleted(run)) {
        text.push_str(&run.text);
        if let Some(label) = &run.note {
            text.push_str(&format!("[^{label}]"));
        }
        if run.line_break {
            text.push('\n');
        }
    }
    if text.trim().is_empty() {
        return;
    }
    match (&paragraph.list_info, paragraph.heading.level()) {
        (_, level @ 1..) => draft.section(level, &text),
        (Some(item), _) => {
            let mark = item.number.map_or("-".to_owned(), |number| format!("{number}."));
            draft.push(&format!("\n{}{mark} {}\n", "  ".repeat(item.level.min(8).into()), text.trim()));
        }
        _ => draft.push(&format!("\n{}\n", text.trim())),
    }
}

fn write_table(office: &OfficeTable, draft: &mut Draft) {
    let mut table = Table::default();
    for row in &office.rows {
        table.start_row();
        for cell in &row.cells {
            let columns = usize::try_from(cell.col_span).unwrap_or(1);
            if row.is_header || cell.is_header {
                table.push_name(&cell.plain_text(), columns);
            } else {
                table.push_cell(&cell.plain_text(), columns);
            }
        }
    }
    draft.push(&format!("\n\n{}\n\n", table.lines().join("\n")));
}

#[cfg(test)]
mod tests;
