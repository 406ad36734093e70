//! The fields of the keyword index.

use domain::{DocumentId, KeywordEntry};
use tantivy::{
    TantivyDocument,
    schema::{FAST, Field, INDEXED, IndexRecordOption, STRING, Schema, TextFieldIndexing, TextOptions},
};

use super::analysis::{self, ANALYZER};

/// Name of the field that hits are read from.
pub(super) const CHUNK: &str = "chunk";

/// Handles of the fields. No text is stored: words are shown from SQL only.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fields {
    pub chunk: Field,
    pub document: Field,
    pub access: Field,
    /// Which analysis made the terms of this chunk.
    pub language: Field,
    pub title: Field,
    pub context: Field,
    /// Title, context and body one after the other: BM25 over one field is the figure people know.
    pub text: Field,
}

pub(super) fn schema() -> (Schema, Fields) {
    let mut schema = Schema::builder();
    let fields = Fields {
        chunk: schema.add_i64_field(CHUNK, FAST),
        document: schema.add_text_field("document", STRING),
        access: schema.add_i64_field("access", INDEXED),
        language: schema.add_text_field("language", STRING),
        title: schema.add_text_field("title", analysed(IndexRecordOption::WithFreqs)),
        context: schema.add_text_field("context", analysed(IndexRecordOption::WithFreqs)),
        text: schema.add_text_field("text", analysed(IndexRecordOption::WithFreqsAndPositions)),
    };
    (schema.build(), fields)
}

impl Fields {
    pub fn document(&self, document: &DocumentId, entry: &KeywordEntry) -> TantivyDocument {
        let mut row = TantivyDocument::new();
        row.add_i64(self.chunk, entry.chunk.0);
        row.add_text(self.document, document.as_str());
        row.add_i64(self.access, entry.access.0);
        let language = analysis::name(entry.language.as_ref());
        row.add_text(self.language, language);
        let [title, context, text] =
            [&entry.title, &entry.context, &entry.text].map(|part| analysis::terms(language, part));
        row.add_pre_tokenized_text(self.title, title.clone());
        row.add_pre_tokenized_text(self.context, context.clone());
        for part in [title, context, text] {
            row.add_pre_tokenized_text(self.text, part);
        }
        row
    }
}

fn analysed(records: IndexRecordOption) -> TextOptions {
    let indexing = TextFieldIndexing::default().set_tokenizer(ANALYZER).set_index_option(records);
    TextOptions::default().set_indexing_options(indexing)
}
