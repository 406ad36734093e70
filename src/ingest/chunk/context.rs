//! The heading path of every place in a document, short enough to stand before each chunk.

use domain::Document;

/// The path at the start, and after each heading.
pub(super) struct Contexts<'a> {
    document: &'a Document,
    paths: Vec<String>,
}

impl<'a> Contexts<'a> {
    pub(super) fn new(
        document: &'a Document,
        title: &str,
        max_tokens: usize,
        count_tokens: &dyn Fn(&str) -> usize,
    ) -> Self {
        let title = title.split_whitespace().collect::<Vec<_>>().join(" ");
        let mut open: Vec<(u8, &str)> = Vec::new();
        let mut paths = vec![shorten(vec![&title], max_tokens, count_tokens)];
        for heading in &document.headings {
            open.retain(|(level, _)| *level < heading.level);
            open.push((heading.level, &heading.text));
            let below = open.iter().map(|(_, text)| *text).filter(|text| !text.eq_ignore_ascii_case(&title));
            paths.push(shorten([title.as_str()].into_iter().chain(below).collect(), max_tokens, count_tokens));
        }
        Self { document, paths }
    }

    /// The path at character `position`.
    pub(super) fn at(&self, position: usize) -> &str {
        let passed = self.document.headings.partition_point(|heading| heading.start <= position);
        self.paths.get(passed).map_or("", String::as_str)
    }
}

/// Joins the parts; where they take too many tokens, those in the middle go first, then the title.
fn shorten(mut parts: Vec<&str>, max_tokens: usize, count_tokens: &dyn Fn(&str) -> usize) -> String {
    loop {
        let path = parts.join(" > ");
        if count_tokens(&path) <= max_tokens {
            return path;
        }
        match parts.len() {
            0 | 1 => return first_words(&path, max_tokens, count_tokens),
            2 => parts.remove(0),
            _ => parts.remove(1),
        };
    }
}

fn first_words(text: &str, max_tokens: usize, count_tokens: &dyn Fn(&str) -> usize) -> String {
    let mut kept = String::new();
    // No word takes less than a token, so no more than this many can be kept.
    for word in text.split(' ').take(max_tokens) {
        let longer = if kept.is_empty() { word.to_owned() } else { format!("{kept} {word}") };
        if count_tokens(&longer) > max_tokens {
            break;
        }
        kept = longer;
    }
    kept
}
