//! Turns the bytes of a file into a document: detect the format, parse it, clean the text.

mod archive;
mod charset;
mod clean;
mod code;
mod confine;
mod data;
mod delimited;
mod docx;
mod draft;
mod epub;
mod error;
mod format;
mod frame;
mod html;
mod limits;
mod mail;
mod markdown;
mod nest;
mod notebook;
mod odf;
mod office;
mod outline;
mod package;
mod pdf;
mod pool;
mod rtf;
mod sheet;
mod table;
mod text;
mod worker;
mod xml;

use domain::Document;

use draft::Draft;
use format::Format;
use nest::Nest;

pub use error::ParseError;
pub use format::PARSED_EXTENSIONS;
pub use limits::Limits;
pub use pool::{ParserPool, PoolStats};
pub use worker::run_worker;

/// The note on a document that holds text which its readers do not see.
const HIDDEN_TEXT: &str = "hidden text was left out";

/// Parses one file. Titles fall back from the file's own metadata to its first heading to its name.
///
/// Runs in the calling thread without time or memory limits and may panic on hostile input: use
/// [`ParserPool`] for files that somebody else wrote.
pub fn parse(file_name: &str, bytes: &[u8], limits: &Limits) -> Result<Document, ParseError> {
    if bytes.len() as u64 > limits.max_input_bytes {
        return Err(error::Fault::over("the file is", limits.max_input_bytes).of(file_name, ""));
    }
    let (format, draft) = read(file_name, bytes, &mut Nest::new(limits))?;
    draft.finish(stem(file_name), limits.max_text_bytes).map_err(|fault| fault.of(file_name, format.name()))
}

/// Reads a file, or a member of one, as what its bytes and name say it is.
fn read(file_name: &str, bytes: &[u8], nest: &mut Nest<'_>) -> Result<(Format, Draft), ParseError> {
    let format = format::detect(file_name, bytes)?;
    let limits = nest.limits;
    let draft = match format {
        Format::Text => text::parse(bytes),
        Format::Markdown => markdown::parse(bytes),
        Format::Html => html::parse(bytes),
        Format::Pdf => pdf::parse(bytes, limits),
        Format::Docx => docx::parse(bytes, limits),
        Format::Doc => office::parse_doc(bytes),
        Format::Slides => office::parse_slides(bytes, limits),
        Format::Sheet => sheet::parse(bytes, limits),
        Format::OpenDocument => odf::parse(bytes, limits),
        Format::Rtf => rtf::parse(bytes),
        Format::Epub => epub::parse(bytes, limits),
        Format::Eml => mail::parse_eml(bytes, nest),
        Format::Mbox => mail::parse_mbox(bytes, nest),
        Format::Msg => mail::parse_msg(bytes, nest),
        Format::Csv => delimited::parse(bytes),
        Format::Json => data::parse_json(bytes),
        Format::JsonLines => data::parse_json_lines(bytes),
        Format::Xml => data::parse_xml(bytes),
        Format::Rst => outline::parse_rst(bytes),
        Format::Org => outline::parse_org(bytes),
        Format::Notebook => notebook::parse(bytes),
        Format::Code(language) => code::parse(file_name, language, bytes),
        Format::Zip => archive::parse_zip(bytes, nest),
        Format::Tar => archive::parse_tar(bytes, nest),
        Format::Gzip => archive::parse_gzip(file_name, bytes, nest),
    };
    draft.map(|draft| (format, draft)).map_err(|fault| fault.of(file_name, format.name()))
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
