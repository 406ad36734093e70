//! A test collection as a source: its documents come in as text files would.

use domain::{Batch, Change, Connector, EngineResult, Principal, RawDocument, Since};
use futures::{StreamExt, stream, stream::BoxStream};

use crate::beir::BeirDocument;

const BATCH: usize = 256;
const SCHEME: &str = "beir:";

pub struct Corpus(pub Vec<BeirDocument>);

impl Connector for Corpus {
    fn changes(&self, _since: Since) -> BoxStream<'_, EngineResult<Batch>> {
        let total = Some(self.0.len() as u64);
        stream::iter(self.0.chunks(BATCH))
            .map(move |documents| {
                let changes = documents.iter().map(|document| Change::Upsert(raw(document))).collect();
                Ok(Batch { changes, cursor: None, listing: None, total })
            })
            .boxed()
    }
}

/// The data set's own id of a document, from its address.
pub fn id_of(uri: &str) -> &str {
    uri.strip_prefix(SCHEME).unwrap_or(uri)
}

fn raw(document: &BeirDocument) -> RawDocument {
    RawDocument {
        external_id: document.id.clone(),
        uri: format!("{SCHEME}{}", document.id),
        // A collection without titles has none in its chunks either.
        title: Some(document.title.clone()),
        file_name: "document.txt".into(),
        bytes: document.text.clone().into_bytes(),
        readers: vec![Principal::everyone()],
        modified_at: None,
        revision: None,
    }
}
