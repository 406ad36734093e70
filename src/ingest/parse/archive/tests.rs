//! Archives made here, friendly and hostile.

use std::io::Write;

use super::super::{Limits, ParseError, package::archive, parse};

fn read(name: &str, bytes: &[u8]) -> Result<domain::Document, ParseError> {
    parse(name, bytes, &Limits::default())
}

fn tar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (path, bytes) in members {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        // The path as it is: a real writer refuses `..`.
        if let Some(name) = header.as_old_mut().name.get_mut(..path.len()) {
            name.copy_from_slice(path.as_bytes());
        }
        header.set_cksum();
        builder.append(&header, *bytes).ok();
    }
    builder.into_inner().unwrap_or_default()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).ok();
    encoder.finish().unwrap_or_default()
}

#[test]
fn members_are_sections_headed_by_their_paths() -> Result<(), ParseError> {
    let members: &[(&str, &[u8])] = &[
        ("docs/", b""),
        ("docs/a.md", b"# Leave\n\nText"),
        ("../../etc/b.csv", b"Team,Cups\nFlyers,2"),
        ("logo.png", b"\x89PNG\r\n\x1a\n"),
        ("__MACOSX/a.md", b"clutter"),
    ];
    let packed = [("a.zip", archive(members)), ("a.tar", tar(members)), ("a.tgz", gzip(&tar(members)))];
    for (name, bytes) in &packed {
        let document = read(name, bytes)?;
        assert_eq!(
            document.text, "# docs/a.md\n\n# Leave\n\nText\n\n# ../../etc/b.csv\n\nTeam: Flyers; Cups: 2",
            "{name}"
        );
        let levels: Vec<u8> = document.headings.iter().map(|heading| heading.level).collect();
        assert_eq!(levels, [1, 2, 1], "{name}");
        assert_eq!(document.notes, ["a part was left out: read logo.png: it holds a PNG image, which has no parser"]);
    }
    assert_eq!(read("notes.txt.gz", &gzip(b"just words"))?.text, "# notes.txt\n\njust words");
    Ok(())
}

#[test]
fn bombs_have_reasons() {
    let zeros = vec![b'0'; 12 << 20];
    let flat = archive(&[("a.txt", &zeros)]);
    let many: Vec<(String, Vec<u8>)> = (0..5).map(|n| (format!("{n}.txt"), vec![b'0'; 4 << 20])).collect();
    let many: Vec<(&str, &[u8])> = many.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    let names: Vec<String> = (0..6_000).map(|n| format!("{n}.txt")).collect();
    let crowd: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), b"x".as_slice())).collect();
    let cases = [
        ("ratio.zip", flat),
        ("total.zip", archive(&many)),
        ("crowd.zip", archive(&crowd)),
        ("ratio.gz", gzip(&zeros)),
        ("ratio.tgz", gzip(&tar(&[("a.txt", &zeros)]))),
    ];
    for (name, bytes) in cases {
        assert!(bytes.len() < 2 << 20, "{name} is no bomb: {} bytes", bytes.len());
        let limits = Limits { max_unpacked_bytes: 16 << 20, ..Limits::default() };
        assert_eq!(parse(name, &bytes, &limits).map_err(|error| error.reason()), Err("too-large"), "{name}");
    }
}

#[test]
fn nesting_ends() -> Result<(), ParseError> {
    let mut nested = archive(&[("deep.txt", b"too deep")]);
    for _ in 0..20 {
        nested = archive(&[("near.txt", b"near"), ("inner.zip", &nested)]);
    }
    let document = read("outer.zip", &nested)?;
    assert_eq!(document.text.matches("near.txt").count(), 4);
    assert!(document.notes.iter().any(|note| note.contains("packed more than 4 levels deep")), "{:?}", document.notes);
    // Each level unpacks to ten of the next.
    let mut wide = archive(&[("a.txt", &[b'0'; 1 << 20])]);
    for _ in 0..4 {
        let copies: Vec<String> = (0..10).map(|n| format!("{n}.zip")).collect();
        wide = archive(&copies.iter().map(|name| (name.as_str(), wide.as_slice())).collect::<Vec<_>>());
    }
    assert!(read("wide.zip", &wide).is_err());
    Ok(())
}

#[test]
fn damaged_and_empty_archives_have_reasons() {
    let whole = archive(&[("a.txt", b"some words")]);
    let packed = gzip(&tar(&[("a.txt", b"some words")]));
    let reason = |name: &str, bytes: &[u8]| read(name, bytes).map_err(|error| error.reason()).map(|d| d.text);
    assert_eq!(reason("half.zip", &whole[..whole.len() / 2]), Err("broken"));
    assert_eq!(reason("half.tgz", &packed[..packed.len() / 2]), Err("broken"));
    assert_eq!(reason("empty.zip", &archive(&[])), Err("no-text"));
    assert_eq!(reason("pictures.zip", &archive(&[("a.png", b"\x89PNG\r\n\x1a\n")])), Err("no-text"));
}
