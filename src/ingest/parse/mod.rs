//! Turns the bytes of a file into a document: detect the format, parse it, clean the text.

mod charset;
mod clean;
mod docx;
mod draft;
mod error;
mod format;
mod frame;
mod html;
mod limits;
mod markdown;
mod pdf;
mod pool;
mod table;
mod text;
mod worker;

use domain::Document;

use draft::Draft;
use format::Format;

pub use error::ParseError;
pub use format::PARSED_EXTENSIONS;
pub use limits::Limits;
pub use pool::{ParserPool, PoolStats};
pub use worker::run_worker;

/// Parses one file. Titles fall back from the file's own metadata to its first heading to its name.
///
/// Runs in the calling thread without time or memory limits and may panic on hostile input: use
/// [`ParserPool`] for files that somebody else wrote.
pub fn parse(file_name: &str, bytes: &[u8], limits: &Limits) -> Result<Document, ParseError> {
    if bytes.len() as u64 > limits.max_input_bytes {
        return Err(error::Fault::over("the file is", limits.max_input_bytes).of(file_name, ""));
    }
    let format = format::detect(file_name, bytes)?;
    let draft = match format {
        Format::Text => text::parse(bytes),
        Format::Markdown => markdown::parse(bytes),
        Format::Html => html::parse(bytes),
        Format::Pdf => pdf::parse(bytes, limits),
        Format::Docx => docx::parse(bytes, limits),
    };
    draft
        .and_then(|draft| draft.finish(stem(file_name), limits.max_text_bytes))
        .map_err(|fault| fault.of(file_name, format.name()))
}

fn stem(file_name: &str) -> &str {
    let name = file_name.rsplit(['/', '\\']).next().unwrap_or(file_name);
    match name.rsplit_once('.') {
        Some((stem, _)) if !stem.is_empty() => stem,
        _ => name,
    }
}

#[cfg(test)]
mod tests;
