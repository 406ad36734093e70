//! The formats that can be parsed, and the one list of their extensions.

use super::LANGUAGES;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Format {
    Markdown,
    Text,
    Html,
    Pdf,
    Docx,
    Doc,
    /// PPTX and PPT.
    Slides,
    /// XLSX, XLSB, XLS and ODS.
    Sheet,
    /// ODT and ODP.
    OpenDocument,
    Rtf,
    Epub,
    Eml,
    Mbox,
    Msg,
    Csv,
    Json,
    JsonLines,
    Xml,
    Rst,
    Org,
    Notebook,
    /// In this language.
    Code(&'static str),
    Zip,
    Tar,
    Gzip,
}

/// Extensions, lower case, without the dot. Those of source code stand with their languages.
pub(super) const EXTENSIONS: &[(&str, Format)] = &[
    ("md", Format::Markdown),
    ("markdown", Format::Markdown),
    ("mdown", Format::Markdown),
    ("mkd", Format::Markdown),
    ("mdx", Format::Markdown),
    ("txt", Format::Text),
    ("text", Format::Text),
    ("html", Format::Html),
    ("htm", Format::Html),
    ("xhtml", Format::Html),
    ("pdf", Format::Pdf),
    ("docx", Format::Docx),
    ("docm", Format::Docx),
    ("dotx", Format::Docx),
    ("doc", Format::Doc),
    ("dot", Format::Doc),
    ("pptx", Format::Slides),
    ("pptm", Format::Slides),
    ("ppsx", Format::Slides),
    ("potx", Format::Slides),
    ("ppt", Format::Slides),
    ("pps", Format::Slides),
    ("xlsx", Format::Sheet),
    ("xlsm", Format::Sheet),
    ("xltx", Format::Sheet),
    ("xlsb", Format::Sheet),
    ("xls", Format::Sheet),
    ("ods", Format::Sheet),
    ("odt", Format::OpenDocument),
    ("ott", Format::OpenDocument),
    ("odp", Format::OpenDocument),
    ("rtf", Format::Rtf),
    ("epub", Format::Epub),
    ("eml", Format::Eml),
    ("p7s", Format::Eml),
    ("mbox", Format::Mbox),
    ("msg", Format::Msg),
    ("csv", Format::Csv),
    ("tsv", Format::Csv),
    ("tab", Format::Csv),
    ("json", Format::Json),
    ("geojson", Format::Json),
    ("jsonl", Format::JsonLines),
    ("ndjson", Format::JsonLines),
    ("xml", Format::Xml),
    ("xsl", Format::Xml),
    ("xsd", Format::Xml),
    ("rst", Format::Rst),
    ("org", Format::Org),
    ("ipynb", Format::Notebook),
    ("zip", Format::Zip),
    ("tar", Format::Tar),
    ("tgz", Format::Gzip),
    ("gz", Format::Gzip),
];

impl Format {
    pub(in super::super) fn name(self) -> &'static str {
        match self {
            Self::Markdown => "Markdown",
            Self::Text => "plain text",
            Self::Html => "HTML",
            Self::Pdf => "PDF",
            Self::Docx => "DOCX",
            Self::Doc => "an old Word document",
            Self::Slides => "a presentation",
            Self::Sheet => "a workbook",
            Self::OpenDocument => "OpenDocument",
            Self::Rtf => "RTF",
            Self::Epub => "EPUB",
            Self::Eml => "a mail",
            Self::Mbox => "a mailbox",
            Self::Msg => "an Outlook message",
            Self::Csv => "CSV",
            Self::Json => "JSON",
            Self::JsonLines => "JSON lines",
            Self::Xml => "XML",
            Self::Rst => "reStructuredText",
            Self::Org => "Org",
            Self::Notebook => "a notebook",
            Self::Code(language) => language,
            Self::Zip => "a zip archive",
            Self::Tar => "a tar archive",
            Self::Gzip => "a gzip archive",
        }
    }

    pub(super) fn of_extension(extension: &str) -> Option<Self> {
        if extension.is_empty() {
            return Some(Self::Text);
        }
        let listed = EXTENSIONS.iter().find(|(known, _)| *known == extension).map(|(_, format)| *format);
        let language = || LANGUAGES.iter().find(|(known, _)| *known == extension).map(|(_, name)| Self::Code(name));
        listed.or_else(language)
    }

    /// Whether files of this format are text, that nothing but their names tells apart.
    pub(super) fn is_text(self) -> bool {
        match self {
            Self::Markdown
            | Self::Text
            | Self::Html
            | Self::Eml
            | Self::Csv
            | Self::Json
            | Self::JsonLines
            | Self::Xml
            | Self::Rst
            | Self::Org
            | Self::Notebook
            | Self::Code(_) => true,
            Self::Pdf
            | Self::Docx
            | Self::Doc
            | Self::Slides
            | Self::Sheet
            | Self::OpenDocument
            | Self::Rtf
            | Self::Epub
            | Self::Mbox
            | Self::Msg
            | Self::Zip
            | Self::Tar
            | Self::Gzip => false,
        }
    }
}
