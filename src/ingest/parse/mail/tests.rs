//! Mails made here, read back.

use std::io::Write;

use super::super::{Limits, ParseError, package::archive, parse};

fn read(name: &str, text: &str) -> Result<domain::Document, ParseError> {
    parse(name, text.replace('\n', "\r\n").as_bytes(), &Limits::default())
}

const HEAD: &str = "From: Ada <ada@x.example>\nTo: Bob <bob@x.example>, eve@x.example\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?= an alle\nDate: Thu, 01 Jan 2026 10:00:00 +0100\nMIME-Version: 1.0\n";

#[test]
fn subject_people_body_and_attachments() -> Result<(), ParseError> {
    let zip: String = base64(&archive(&[("in/plan.txt", b"the plan")]));
    let mail = format!(
        "{HEAD}Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain; charset=utf-8\n\nHello,\nsee below.\n--b\nContent-Type: text/csv; name=\"../teams.csv\"\nContent-Disposition: attachment; filename=\"../teams.csv\"\n\nTeam,Cups\nFlyers,2\n--b\nContent-Type: application/zip; name=all.zip\nContent-Disposition: attachment; filename=all.zip\nContent-Transfer-Encoding: base64\n\n{zip}\n--b\nContent-Type: image/png; name=logo.png\nContent-ID: <logo>\nContent-Disposition: inline\nContent-Transfer-Encoding: base64\n\niVBORw0KGgo=\n--b--\n"
    );
    let document = read("a.eml", &mail)?;
    let expected = "# Grüße an alle\n\nFrom: Ada <ada@x.example>\nTo: Bob <bob@x.example>, eve@x.example\nDate: 2026-01-01T10:00:00+01:00\n\nHello,\nsee below.\n\n## ../teams.csv\n\nTeam: Flyers; Cups: 2\n\n## all.zip\n\n# in/plan.txt\n\nthe plan";
    assert_eq!(document.text, expected);
    let headings: Vec<(u8, &str)> = document.headings.iter().map(|h| (h.level, h.text.as_str())).collect();
    assert_eq!(headings, [(1, "Grüße an alle"), (2, "../teams.csv"), (2, "all.zip"), (3, "in/plan.txt")]);
    assert_eq!((document.title.as_deref(), document.notes.len()), (Some("Grüße an alle"), 0));
    Ok(())
}

#[test]
fn html_stands_in_for_missing_text() -> Result<(), ParseError> {
    let mail = format!("{HEAD}Content-Type: text/html\n\n<h1>News</h1><p>Words</p><p hidden>x</p>\n");
    let document = read("a.txt", &mail)?;
    assert!(document.text.ends_with("# News\n\nWords"), "{}", document.text);
    assert_eq!(document.headings.last().map(|heading| heading.level), Some(2));
    Ok(())
}

#[test]
fn wrong_charsets_are_mended_and_encryption_is_told() -> Result<(), ParseError> {
    let wrong = format!("{HEAD}Content-Type: text/plain; charset=iso-8859-1\n\nI’m here\n");
    assert!(read("a.eml", &wrong)?.text.ends_with("I’m here"));
    let locked = format!("{HEAD}Content-Type: application/pkcs7-mime; name=smime.p7m\n\nMIAGCSqGSIb3\n");
    assert_eq!(read("a.eml", &locked)?.notes, ["the mail's content is encrypted and was left out"]);
    Ok(())
}

#[test]
fn mailboxes_hold_one_section_per_mail() -> Result<(), ParseError> {
    let mail = |subject: &str| {
        format!(
            "From a@x.example Thu Jan  1 00:00:00 2026\nSubject: {subject}\nFrom: a@x.example\n\nwords of {subject}\n>From here on\n\n"
        )
    };
    let document = read("a.mbox", &[mail("One"), mail("Two")].concat())?;
    assert_eq!(
        document.text,
        "# One\n\nFrom: a@x.example\n\nwords of One\nFrom here on\n\n# Two\n\nFrom: a@x.example\n\nwords of Two\nFrom here on"
    );
    Ok(())
}

#[test]
fn mails_in_mails_end() -> Result<(), ParseError> {
    let mut mail = format!("{HEAD}\ninnermost\n");
    for level in 0..12 {
        mail = format!(
            "Subject: level {level}\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b{level}\n\n--b{level}\nContent-Type: message/rfc822\n\n{mail}\n--b{level}--\n"
        );
    }
    let document = read("a.eml", &mail)?;
    assert!(document.text.contains("level 11") && !document.text.contains("innermost"));
    assert!(document.notes.iter().any(|note| note.contains("levels deep")), "{:?}", document.notes);
    Ok(())
}

/// A tree of storages and streams: a name that ends in `/` opens a storage.
fn outlook(streams: &[(&str, &str)]) -> Result<Vec<u8>, std::io::Error> {
    let mut file = cfb::CompoundFile::create_with_version(cfb::Version::V3, std::io::Cursor::new(Vec::new()))?;
    for (path, text) in streams {
        if let Some(storage) = path.strip_suffix('/') {
            file.create_storage(storage)?;
            continue;
        }
        let is_text = path.ends_with("001F");
        let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        file.create_stream(path)?.write_all(if is_text { &wide } else { text.as_bytes() })?;
    }
    file.flush()?;
    Ok(file.into_inner().into_inner())
}

#[test]
fn outlook_messages_with_files_and_messages() -> Result<(), Box<dyn std::error::Error>> {
    let method = |number: char| format!("\0\0\0\0\0\0\0\0\x03\0\x05\x37\x06\0\0\0{number}\0\0\0\0\0\0\0");
    let (file, message) = (method('\x01'), method('\x05'));
    let header = "\0".repeat(32);
    let bytes = outlook(&[
        ("/__properties_version1.0", &header),
        ("/__substg1.0_0037001F", "Grüße"),
        ("/__substg1.0_0C1A001F", "Ada"),
        ("/__substg1.0_1000001F", "See below."),
        ("/__attach_version1.0_#00000000/", ""),
        ("/__attach_version1.0_#00000000/__properties_version1.0", &file),
        ("/__attach_version1.0_#00000000/__substg1.0_3707001F", "teams.csv"),
        ("/__attach_version1.0_#00000000/__substg1.0_37010102", "Team,Cups\nFlyers,2"),
        ("/__attach_version1.0_#00000001/", ""),
        ("/__attach_version1.0_#00000001/__properties_version1.0", &message),
        ("/__attach_version1.0_#00000001/__substg1.0_3001001F", "Earlier"),
        ("/__attach_version1.0_#00000001/__substg1.0_3701000D/", ""),
        ("/__attach_version1.0_#00000001/__substg1.0_3701000D/__properties_version1.0", &header[..24]),
        ("/__attach_version1.0_#00000001/__substg1.0_3701000D/__substg1.0_0037001F", "Earlier"),
        ("/__attach_version1.0_#00000001/__substg1.0_3701000D/__substg1.0_1000001F", "First words."),
    ])?;
    let document = parse("a.dat", &bytes, &Limits::default())?;
    let expected = "# Grüße\n\nFrom: Ada\n\nSee below.\n\n## teams.csv\n\nTeam: Flyers; Cups: 2\n\n## Earlier.msg\n\n# Earlier\n\nFirst words.";
    assert_eq!(document.text, expected);
    Ok(())
}

fn base64(bytes: &[u8]) -> String {
    const SIGNS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let sign = |bits: u32| char::from(SIGNS[(bits & 63) as usize]);
    bytes
        .chunks(3)
        .map(|chunk| {
            let bits = chunk.iter().fold(0u32, |bits, &byte| bits << 8 | u32::from(byte)) << (8 * (3 - chunk.len()));
            let signs: String = (0..=chunk.len()).map(|n| sign(bits >> (18 - 6 * n))).collect();
            format!("{signs:=<4}")
        })
        .collect()
}
