//! Ends a listing that would never end by itself.

use std::collections::HashSet;

use domain::{EngineError, EngineResult};

/// Most pages of one listing.
const MOST_PAGES: usize = 100_000;

/// The positions a listing has been at. A system that hands out the same one twice goes round in circles.
#[derive(Default)]
pub(crate) struct Pages(HashSet<String>);

impl Pages {
    /// Notes the position of the next page.
    ///
    /// # Errors
    /// When the listing has been there before, or has more pages than any system should.
    pub(crate) fn next(&mut self, system: &str, position: &str) -> EngineResult<()> {
        if !self.0.insert(position.to_owned()) {
            return Err(EngineError::retry(format!(
                "list {system}: it names the page `{position}` twice, so the listing would never end"
            )));
        }
        if self.0.len() > MOST_PAGES {
            return Err(EngineError::give_up(format!("list {system}: more than {MOST_PAGES} pages")));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_page_twice_is_a_circle() {
        let mut pages = Pages::default();
        assert!(pages.next("x", "a").is_ok() && pages.next("x", "b").is_ok());
        assert!(pages.next("x", "a").is_err());
    }
}
