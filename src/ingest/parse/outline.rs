//! reStructuredText and Org: the text as it is, with its headings.

use super::{Draft, charset, error::Fault};

/// Marks that may underline a heading.
const ADORNMENTS: &str = "=-`:'\"~^_*+#<>.";

/// A heading is a line with a row of one mark under it, and perhaps over it; levels come in order of appearance.
pub(super) fn parse_rst(bytes: &[u8]) -> Result<Draft, Fault> {
    let text = lines_of(bytes)?;
    let lines: Vec<&str> = text.lines().collect();
    let line = |index: usize| lines.get(index).copied().unwrap_or_default();
    let mut draft = Draft::default();
    let mut styles: Vec<(char, bool)> = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        let over = adornment(line(at)).filter(|_| adornment(line(at + 2)) == adornment(line(at)));
        let words_at = if over.is_some() { at + 1 } else { at };
        let words = line(words_at).trim();
        let under = adornment(line(words_at + 1)).filter(|_| {
            let is_long_enough = line(words_at + 1).trim_end().chars().count() + 1 >= words.chars().count();
            is_long_enough && !words.is_empty() && adornment(words).is_none()
        });
        let Some(mark) = under else {
            draft.push(line(at));
            draft.push("\n");
            at += 1;
            continue;
        };
        let style = (mark, over.is_some());
        let level = styles.iter().position(|known| *known == style).unwrap_or_else(|| {
            styles.push(style);
            styles.len() - 1
        });
        draft.section(u8::try_from(level + 1).unwrap_or(u8::MAX), words);
        at = words_at + 2;
    }
    Ok(draft)
}

/// The mark that a line of nothing but it repeats, three times or more.
fn adornment(line: &str) -> Option<char> {
    let line = line.trim_end();
    let first = line.chars().next().filter(|first| ADORNMENTS.contains(*first))?;
    (line.len() >= 3 && line.chars().all(|c| c == first)).then_some(first)
}

/// A heading is a line that starts with stars, one per level.
pub(super) fn parse_org(bytes: &[u8]) -> Result<Draft, Fault> {
    let text = lines_of(bytes)?;
    let mut draft = Draft::default();
    for line in text.lines() {
        let stars = line.len() - line.trim_start_matches('*').len();
        let words = line.get(stars..).filter(|rest| stars > 0 && rest.starts_with(' ')).map(str::trim);
        let keyword = line.strip_prefix("#+").and_then(|rest| rest.split_once(':'));
        match (words, keyword) {
            (Some(words), _) => draft.section(u8::try_from(stars).unwrap_or(u8::MAX), words),
            (None, Some((key, value))) if key.eq_ignore_ascii_case("title") => {
                draft.title = Some(value.trim().to_owned())
            }
            (None, Some(_)) => {}
            (None, None) => {
                draft.push(line);
                draft.push("\n");
            }
        }
    }
    Ok(draft)
}

fn lines_of(bytes: &[u8]) -> Result<String, Fault> {
    let text = charset::decode(bytes).ok_or_else(|| Fault::broken("it holds binary data, not text"))?;
    Ok(text.trim_start_matches('\u{FEFF}').replace("\r\n", "\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headings(draft: Draft) -> Result<Vec<(u8, String)>, Fault> {
        Ok(draft.finish("file", 1 << 20)?.headings.into_iter().map(|h| (h.level, h.text)).collect())
    }

    #[test]
    fn rst_levels_come_in_order() -> Result<(), Fault> {
        let text = "=====\nGuide\n=====\n\nIntro\n\nSetup\n-----\ntext\n\n.. note:: x\n\nUse\n---\n\nDeep one\n~~~~~~~~\n\n====  ====\na     b\n====  ====\n";
        let found = headings(parse_rst(text.as_bytes())?)?;
        let expected = [(1, "Guide"), (2, "Setup"), (2, "Use"), (3, "Deep one")];
        assert_eq!(found, expected.map(|(level, text)| (level, text.to_owned())));
        Ok(())
    }

    #[test]
    fn org_stars_are_levels() -> Result<(), Fault> {
        let draft = parse_org(b"#+TITLE: Notes\n* One\ntext *bold*\n** Two\n*no heading\n")?;
        assert_eq!(draft.title.as_deref(), Some("Notes"));
        assert_eq!(headings(draft)?, [(1, "One".to_owned()), (2, "Two".to_owned())]);
        Ok(())
    }
}
