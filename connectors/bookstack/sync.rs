//! One sync of BookStack: all pages are listed, and the changed ones read.

use std::collections::HashMap;

use async_stream::try_stream;
use domain::{Batch, Change, EngineError, EngineResult, RawDocument, Since};
use futures::stream::BoxStream;
use jiff::{SignedDuration, Timestamp};

use super::{
    BookStack,
    client::{Listed, Shelf},
};
use crate::gather::Gather;

/// Times of change count in seconds: for so long one may still stand for two states.
const SETTLED: SignedDuration = SignedDuration::from_secs(3);

/// Books and chapters by id.
struct Shelves {
    books: HashMap<u64, Shelf>,
    chapters: HashMap<u64, Shelf>,
}

pub(super) fn changes(stack: &BookStack, since: Since) -> BoxStream<'_, EngineResult<Batch>> {
    Box::pin(try_stream! {
        let started = (stack.clock.now)();
        let shelves = Shelves::read(stack).await?;
        let pages: Vec<Listed> = stack.list("pages").await?.into_iter().filter(|page: &Listed| !page.draft).collect();
        if pages.is_empty() {
            Err(EngineError::retry(format!("list {}: it shows no pages at all; nothing is changed", stack.url)))?;
        }
        let total = Some(pages.len() as u64);
        let (mut gather, mut listing) = (Gather::default(), Vec::new());
        for page in pages {
            let Some(change) = stack.change(&since, &shelves, &page, started).await? else { continue };
            listing.push(page.id.to_string());
            gather.push(change);
            if gather.is_full() {
                yield gather.take(None, total);
            }
        }
        yield gather.last(None, Some(listing));
    })
}

impl Shelves {
    async fn read(stack: &BookStack) -> EngineResult<Self> {
        let by_id = |shelves: Vec<Shelf>| shelves.into_iter().map(|shelf| (shelf.id, shelf)).collect();
        Ok(Self { books: by_id(stack.list("books").await?), chapters: by_id(stack.list("chapters").await?) })
    }

    /// Book, chapter and name, as far as they may be seen.
    fn path(&self, page: &Listed) -> String {
        let book = self.books.get(&page.book_id);
        let chapter = page.chapter_id.and_then(|id| self.chapters.get(&id));
        let names = book.into_iter().chain(chapter).map(|shelf| shelf.name.as_str());
        names.chain([page.name.as_str()]).collect::<Vec<_>>().join(" / ")
    }
}

impl BookStack {
    /// What the page has become; `None` if it was deleted since it was listed.
    async fn change(
        &self,
        since: &Since,
        shelves: &Shelves,
        page: &Listed,
        started: Timestamp,
    ) -> EngineResult<Option<Change>> {
        let external_id = page.id.to_string();
        let readers = self.readers.clone();
        let path = shelves.path(page);
        let modified_at = page.updated_at.parse::<Timestamp>().ok();
        // Book and chapter are part of the title, but no part of the page that changes with them.
        let revision =
            modified_at.filter(|time| *time + SETTLED <= started).map(|_| format!("{} {path}", page.updated_at));
        if revision.as_ref().is_some_and(|revision| since.holds(&external_id, revision)) {
            return Ok(Some(Change::Unchanged { external_id, readers }));
        }
        let Some(whole) = self.page(page.id).await? else { return Ok(None) };
        let uri = match shelves.books.get(&page.book_id) {
            Some(book) => format!("{}books/{}/page/{}", self.url, book.slug, page.slug),
            None => format!("{}link/{}", self.url, page.id),
        };
        Ok(Some(Change::Upsert(RawDocument {
            file_name: format!("{external_id}.html"),
            title: Some(path),
            bytes: whole.html.into_bytes(),
            external_id,
            uri,
            readers,
            modified_at,
            revision,
        })))
    }
}
