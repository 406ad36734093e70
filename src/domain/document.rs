//! A document's stages: raw from its source, parsed, cut into chunks, read back as passages.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{AccessClassId, ChunkId, DocumentId, Language, Principal, Signature, Span, VersionHash};

/// A document as its source gave it.
#[derive(Clone, Debug, PartialEq)]
pub struct RawDocument {
    /// The source's own stable name for it: a path, a page id.
    pub external_id: String,
    /// Where a person opens the original.
    pub uri: String,
    /// The source's title, where it has one; parsing falls back to the text's first heading, then the file name.
    pub title: Option<String>,
    /// File name or MIME type that tells the format, e.g. `report.pdf`.
    pub file_name: String,
    pub bytes: Vec<u8>,
    /// Who may read it. Never empty: a source without permissions needs an explicit rule.
    pub readers: Vec<Principal>,
    pub modified_at: Option<Timestamp>,
    /// What the source calls this state of it, to be recognised without fetching: an etag, a version number.
    pub revision: Option<String>,
}

/// A parsed document: cleaned text and its structure. `text` is what is stored, cited and hashed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Document {
    pub title: Option<String>,
    pub text: String,
    /// In reading order.
    pub headings: Vec<Heading>,
    /// Where each page (PDF) or slide (presentations) starts, in order.
    pub pages: Vec<PageStart>,
    /// What a reader should know about the parsing, a sentence each: `pages 3-5 are scanned and hold no text`.
    #[serde(default)]
    pub notes: Vec<String>,
    /// What `text` is written in, once that is settled; `None` where nobody can tell.
    #[serde(default)]
    pub language: Option<Language>,
    /// What near-duplicates of `text` are found by; `None` for a short text.
    #[serde(skip)]
    pub signature: Option<Signature>,
}

/// A heading at character `start` of the stored text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heading {
    /// 1 is the highest.
    pub level: u8,
    pub start: usize,
    pub text: String,
}

/// Page `number` (from 1) starts at character `start` of the stored text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageStart {
    pub number: u32,
    pub start: usize,
}

/// A window of a version's text, the unit both indexes hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    pub span: Span,
    /// Exactly the characters at `span`.
    pub text: String,
    /// Heading path, e.g. `Handbook > Leave > Carry-over`; indexed and embedded with the text, never quoted.
    pub context: String,
    pub page: Option<u32>,
    /// Tokens of context and text by the embedder's tokenizer.
    pub tokens: usize,
}

/// A chunk read back from the store on behalf of a viewer who may read it now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Passage {
    pub chunk_id: ChunkId,
    pub document_id: DocumentId,
    pub version: VersionHash,
    pub title: String,
    pub uri: String,
    pub context: String,
    #[serde(flatten)]
    pub span: Span,
    pub page: Option<u32>,
    pub text: String,
    /// Fused score in 0..=1; 0 until retrieval fills it in.
    pub score: f32,
    /// Other documents that say the same and that the viewer may read now; at most a few are named.
    #[serde(default)]
    pub also_in: Vec<OtherDocument>,
    #[serde(skip)]
    #[schemars(skip)]
    pub access: Option<AccessClassId>,
    /// The near-duplicates that the document is one of.
    #[serde(skip)]
    #[schemars(skip)]
    pub near_group: Option<i64>,
    #[serde(skip)]
    #[schemars(skip)]
    pub modified_at: Option<Timestamp>,
}

/// A document that says what another one says: its duplicate or near-duplicate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OtherDocument {
    pub document_id: DocumentId,
    pub title: String,
    pub uri: String,
}
