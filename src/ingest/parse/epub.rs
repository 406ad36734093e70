//! EPUB: the chapters in reading order, each as the HTML it is.

use std::collections::HashMap;

use super::{
    Draft, Limits,
    error::Fault,
    html,
    package::Package,
    xml::{self, Event},
};

pub(super) fn parse(bytes: &[u8], limits: &Limits) -> Result<Draft, Fault> {
    let mut package = Package::open(bytes, limits.max_unpacked_bytes)?;
    if package.read_bytes("META-INF/encryption.xml")?.is_some_and(|xml| contains(&xml, b"xmlenc#aes")) {
        return Err(Fault::Encrypted);
    }
    let container = package.read("META-INF/container.xml")?.ok_or_else(|| missing("META-INF/container.xml"))?;
    let path = attribute_of(&container, "rootfile", "full-path")?.ok_or_else(|| missing("a package document"))?;
    let book = Book::read(&package.read(&path)?.ok_or_else(|| missing(&path))?)?;
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut draft = Draft::titled(Some(book.title.clone()).filter(|title| !title.trim().is_empty()));
    for chapter in book.chapters() {
        let path = resolve(folder, chapter);
        match package.read_bytes(&path)? {
            Some(chapter) => write_chapter(&chapter, &book.title, &mut draft)?,
            None => draft.note(format!("the chapter {path} is missing")),
        }
        if draft.len() > limits.max_text_bytes {
            return Err(Fault::over("its text is", limits.max_text_bytes as u64));
        }
    }
    Ok(draft)
}

/// A chapter without a heading is named by its own title.
fn write_chapter(bytes: &[u8], book_title: &str, draft: &mut Draft) -> Result<(), Fault> {
    let mut chapter = html::parse(bytes)?;
    if chapter.is_blank() {
        return Ok(());
    }
    let title = chapter.title.take().filter(|title| !title.trim().is_empty() && title.trim() != book_title.trim());
    draft.push("\n\n");
    if let Some(title) = title.filter(|_| !chapter.has_headings()) {
        draft.section(1, &title);
    }
    draft.append(chapter, 0);
    Ok(())
}

/// The package document: what files there are and in which order they are read.
#[derive(Default)]
struct Book {
    title: String,
    files: HashMap<String, String>,
    spine: Vec<String>,
}

impl Book {
    fn read(package: &str) -> Result<Self, Fault> {
        let mut book = Self::default();
        let mut in_title = false;
        xml::read(package, |event| {
            match event {
                Event::Open(element) => match element.name() {
                    "title" => in_title = book.title.is_empty(),
                    "item" => book.files.extend(element.attribute("id").zip(element.attribute("href"))),
                    "itemref" => book.spine.extend(element.attribute("idref")),
                    _ => {}
                },
                Event::Close(name) => in_title &= name != "title",
                Event::Text(text) if in_title => book.title.push_str(&text),
                Event::Text(_) => {}
            }
            Ok(())
        })?;
        Ok(book)
    }

    fn chapters(&self) -> impl Iterator<Item = &str> {
        self.spine.iter().filter_map(|id| self.files.get(id)).map(String::as_str)
    }
}

/// A link of the package document as the name of a part. Names are only looked up inside the archive.
fn resolve(folder: &str, link: &str) -> String {
    let link = percent_decoded(link.split('#').next().unwrap_or(link));
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in link.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

fn percent_decoded(link: &str) -> String {
    let mut bytes = Vec::with_capacity(link.len());
    let mut rest = link.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        let code = hex.filter(|_| first == b'%').and_then(|hex| u8::from_str_radix(hex, 16).ok());
        bytes.push(code.unwrap_or(first));
        rest = if code.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn attribute_of(xml: &str, element: &str, attribute: &str) -> Result<Option<String>, Fault> {
    let mut found = None;
    xml::read(xml, |event| {
        if let Event::Open(open) = event
            && open.name() == element
            && found.is_none()
        {
            found = open.attribute(attribute);
        }
        Ok(())
    })?;
    Ok(found)
}

fn missing(part: &str) -> Fault {
    Fault::broken(format!("the archive has no {part}"))
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::{super::package::archive, *};

    const CONTAINER: &[u8] = b"<container><rootfiles><rootfile full-path='OPS/book.opf'/></rootfiles></container>";

    #[test]
    fn chapters_come_in_reading_order() -> Result<(), Fault> {
        let opf = b"<package xmlns:dc='d'><metadata><dc:title>The Book</dc:title></metadata><manifest>
            <item id='a' href='one%20a.xhtml'/><item id='b' href='../b.xhtml#x'/></manifest>
            <spine><itemref idref='b'/><itemref idref='a'/><itemref idref='none'/></spine></package>";
        let book = archive(&[
            ("mimetype", b"application/epub+zip"),
            ("META-INF/container.xml", CONTAINER),
            ("OPS/book.opf", opf),
            ("OPS/one a.xhtml", b"<html><head><title>Last words</title></head><body><p>End.</p></body></html>"),
            ("b.xhtml", b"<html><body><h1>First</h1><p>Start.</p></body></html>"),
        ]);
        let document = parse(&book, &Limits::default())?.finish("file", 1 << 20)?;
        assert_eq!(document.text, "# First\n\nStart.\n\n# Last words\n\nEnd.");
        assert_eq!(document.title.as_deref(), Some("The Book"));
        Ok(())
    }

    #[test]
    fn a_book_without_its_parts_has_a_reason() {
        let book = archive(&[("META-INF/container.xml", CONTAINER)]);
        assert_eq!(parse(&book, &Limits::default()).err(), Some(Fault::broken("the archive has no OPS/book.opf")));
    }
}
