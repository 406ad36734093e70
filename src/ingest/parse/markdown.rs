//! Markdown: keeps the text as it reads, without link targets, emphasis marks, comments and front matter.

use std::ops::Range;

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use super::{Draft, charset, clean, error::Fault};

pub(super) fn parse(bytes: &[u8]) -> Result<Draft, Fault> {
    let text = charset::decode(bytes).ok_or_else(|| Fault::broken("it holds binary data, not text"))?;
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let (front_matter, body) = split_front_matter(text.trim_start_matches('\u{FEFF}'));
    let mut draft = Draft::titled(front_matter.and_then(title_of));
    write_readable(body, &mut draft);
    Ok(draft)
}

/// Splits off a YAML block between `---` lines (or TOML between `+++`) at the very start.
fn split_front_matter(text: &str) -> (Option<&str>, &str) {
    for fence in ["---", "+++"] {
        let Some(rest) = text.strip_prefix(fence).and_then(|rest| rest.trim_start_matches(' ').strip_prefix('\n'))
        else {
            continue;
        };
        let mut at = 0;
        for line in rest.split_inclusive('\n') {
            let is_end = line.trim_end() == fence || fence == "---" && line.trim_end() == "...";
            if is_end {
                return (rest.get(..at), rest.get(at + line.len()..).unwrap_or_default());
            }
            // A rule at the start of a text is no front matter: that has keys.
            if !line.trim().is_empty() && at == 0 && !line.contains([':', '=']) && !line.starts_with('#') {
                break;
            }
            at += line.len();
        }
    }
    (None, text)
}

fn title_of(front_matter: &str) -> Option<String> {
    let value = front_matter.lines().find_map(|line| {
        let rest = line.strip_prefix("title").or_else(|| line.strip_prefix("Title"))?.trim_start();
        rest.strip_prefix([':', '='])
    })?;
    let value = value.trim();
    let unquoted = ['"', '\''].iter().find_map(|&q| value.strip_prefix(q)?.strip_suffix(q)).unwrap_or(value);
    Some(clean::line(unquoted)).filter(|title| !title.is_empty() && !title.starts_with(['|', '>']))
}

/// A span-level element whose marks (all of its range that is not inside a child) are dropped.
struct Span {
    range: Range<usize>,
    content: Option<Range<usize>>,
    drops_marks: bool,
}

/// What to change in the source: byte ranges in order, each with what stands there instead.
#[derive(Default)]
struct Edits {
    cuts: Vec<(Range<usize>, &'static str)>,
    headings: Vec<(u8, Range<usize>)>,
}

fn write_readable(source: &str, draft: &mut Draft) {
    let mut edits = read_edits(source);
    edits.cuts.sort_by_key(|(range, _)| (range.start, range.end));
    let headings = edits.headings;
    let mut at = 0;
    let mut cuts = edits.cuts.iter().peekable();
    let mut write_until = |end: usize, out: &mut dyn FnMut(&str)| {
        while let Some((range, instead)) = cuts.peek().filter(|(range, _)| range.start < end) {
            if range.start >= at {
                out(source.get(at..range.start).unwrap_or_default());
                out(instead);
            }
            at = at.max(range.end);
            cuts.next();
        }
        if at < end {
            out(source.get(at..end).unwrap_or_default());
            at = end;
        }
    };
    for (level, range) in headings {
        write_until(range.start, &mut |text| draft.push(text));
        let mut words = String::new();
        write_until(range.end, &mut |text| words.push_str(text));
        draft.heading(level, &words.split_whitespace().collect::<Vec<_>>().join(" "));
    }
    write_until(source.len(), &mut |text| draft.push(text));
}

fn read_edits(source: &str) -> Edits {
    let options =
        Options::ENABLE_TABLES | Options::ENABLE_FOOTNOTES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let mut edits = Edits::default();
    let mut spans: Vec<Span> = Vec::new();
    let mut heading: Option<(u8, Option<Range<usize>>)> = None;
    let parser = Parser::new_ext(source, options);
    let definitions: Vec<Range<usize>> =
        parser.reference_definitions().iter().map(|(_, def)| def.span.clone()).collect();
    for (event, range) in parser.into_offset_iter() {
        if let Some(span) = spans.last_mut().filter(|_| !matches!(event, Event::End(_))) {
            widen(&mut span.content, &range);
        }
        if let Some((_, words)) = heading.as_mut().filter(|_| !matches!(event, Event::End(_))) {
            widen(words, &range);
        }
        match event {
            Event::Start(Tag::Heading { level, .. }) => heading = Some((number(level), None)),
            Event::End(TagEnd::Heading(_)) => {
                if let Some((level, Some(words))) = heading.take() {
                    edits.headings.push((level, words));
                }
            }
            Event::Start(tag) if is_span(&tag) => {
                let is_address = matches!(&tag, Tag::Link { link_type, .. } if is_address(*link_type));
                spans.push(Span { range, content: None, drops_marks: !is_address });
            }
            Event::End(TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough | TagEnd::Link | TagEnd::Image) => {
                if let Some(span) = spans.pop().filter(|span| span.drops_marks) {
                    drop_marks(source, span, &mut edits.cuts);
                }
            }
            Event::InlineHtml(tag) => edits.cuts.push((range, if is_break(&tag) { "\n" } else { "" })),
            Event::Start(Tag::HtmlBlock) => cut_tags(source, range, &mut edits.cuts),
            _ => {}
        }
    }
    edits.cuts.extend(definitions.into_iter().map(|range| (range, "")));
    edits
}

fn is_span(tag: &Tag) -> bool {
    matches!(tag, Tag::Emphasis | Tag::Strong | Tag::Strikethrough | Tag::Link { .. } | Tag::Image { .. })
}

fn is_address(link: pulldown_cmark::LinkType) -> bool {
    matches!(link, pulldown_cmark::LinkType::Autolink | pulldown_cmark::LinkType::Email)
}

fn is_break(tag: &str) -> bool {
    tag.len() >= 4 && tag.get(..3).is_some_and(|head| head.eq_ignore_ascii_case("<br"))
}

fn number(level: HeadingLevel) -> u8 {
    level as u8
}

fn widen(hull: &mut Option<Range<usize>>, range: &Range<usize>) {
    *hull = Some(match hull.take() {
        Some(hull) => hull.start.min(range.start)..hull.end.max(range.end),
        None => range.clone(),
    });
}

/// Cuts what stands before and after a span's content: `[`, `](url "title")`, `**`.
fn drop_marks(source: &str, span: Span, cuts: &mut Vec<(Range<usize>, &'static str)>) {
    match span.content {
        Some(content) => {
            cuts.push((span.range.start..content.start, ""));
            cuts.push((content.end..span.range.end, ""));
        }
        None if source.get(span.range.clone()).is_some() => cuts.push((span.range, "")),
        None => {}
    }
}

/// Cuts tags, comments and scripts out of a block of HTML and leaves the words between them.
fn cut_tags(source: &str, block: Range<usize>, cuts: &mut Vec<(Range<usize>, &'static str)>) {
    let mut at = block.start;
    while let Some(rest) = source.get(at..block.end)
        && let Some(open) = rest.find('<')
    {
        let rest = rest.get(open..).unwrap_or_default();
        let name_follows = |c: char| c.is_ascii_alphabetic() || c == '/' || c == '!';
        let is_tag = rest.get(1..).is_some_and(|name| name.starts_with(name_follows));
        let starts = |name: &str| rest.get(..name.len()).is_some_and(|head| head.eq_ignore_ascii_case(name));
        let ends: &[&str] = match () {
            () if starts("<!--") => &["-->"],
            () if starts("<script") => &["</script>", "</SCRIPT>"],
            () if starts("<style") => &["</style>", "</STYLE>"],
            () => &[">"],
        };
        let end = ends.iter().find_map(|end| Some(rest.find(end)? + end.len())).unwrap_or(rest.trim_end().len().max(1));
        if is_tag {
            cuts.push((at + open..at + open + end, if is_break(rest) { "\n" } else { "" }));
        }
        at += open + if is_tag { end } else { 1 };
    }
}

#[cfg(test)]
mod tests {
    use domain::{Document, Span, slice};

    use super::*;

    fn parsed(text: &str) -> Result<Document, Fault> {
        parse(text.as_bytes())?.finish("file", 1 << 20)
    }

    #[test]
    fn headings_are_found_outside_code_and_point_into_the_text() -> Result<(), Fault> {
        let text = "---\ntitle: \"The Handbook\"\n---\n\n# Leave **policy** #\n\nText\n\n```\n# not one\n```\n\nCarry-over\nrules\n---\n\n## [Días](http://x.y) `code`\n";
        let document = parsed(text)?;
        assert_eq!(document.title.as_deref(), Some("The Handbook"));
        let found: Vec<(u8, &str)> = document.headings.iter().map(|h| (h.level, h.text.as_str())).collect();
        assert_eq!(found, [(1, "Leave policy"), (2, "Carry-over rules"), (2, "Días `code`")]);
        for heading in &document.headings {
            let span = Span { start: heading.start, end: heading.start + heading.text.chars().count() };
            assert_eq!(slice(&document.text, span), heading.text);
        }
        assert!(document.text.starts_with("# Leave policy") && document.text.contains("# not one"));
        Ok(())
    }

    #[test]
    fn marks_go_and_words_stay() -> Result<(), Fault> {
        let text = "See **the [*travel* policy](https://x.example/a_b \"t\")** and ![a map](m.png), <https://y.example>.\n\n<!-- secret\nnote -->\n<details><summary>More</summary>\ninside\n</details>\n\n- [x] done<br>next\n- 2 * 3 * 4 and snake_case_name\n\n[ref]: http://z.example\nUse [the guide][ref].";
        let expected = "See the travel policy and a map, <https://y.example>.\n\nMore\ninside\n\n- [x] done\nnext\n- 2 * 3 * 4 and snake_case_name\n\nUse the guide.";
        assert_eq!(parsed(text)?.text, expected);
        Ok(())
    }

    #[test]
    fn a_rule_at_the_start_is_no_front_matter() -> Result<(), Fault> {
        assert_eq!(parsed("---\nWords\n---\nMore")?.text, "---\nWords\n---\nMore");
        assert_eq!(parsed("no heading")?.title.as_deref(), Some("file"));
        Ok(())
    }

    #[test]
    fn tables_and_code_stay_as_they_are() -> Result<(), Fault> {
        let text = "| a | **b** |\n|---|---|\n| 1 | `x * y` |\n\n    indented *code*";
        assert_eq!(parsed(text)?.text, "| a | b |\n|---|---|\n| 1 | `x * y` |\n\n    indented *code*");
        Ok(())
    }
}
