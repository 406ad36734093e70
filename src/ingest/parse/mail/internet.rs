//! Internet messages (RFC 5322, MIME) and mailboxes of them.

use std::{borrow::Cow, io::Cursor};

use mail_parser::{
    Address, Message, MessageParser, MessagePart, MimeHeaders, PartType, mailbox::mbox::MessageIterator,
};

use super::{
    super::{Draft, charset, error::Fault, html, nest::Nest},
    BODY_LEVEL, Head, write_attachment,
};

pub(in super::super) fn parse(bytes: &[u8], nest: &mut Nest<'_>) -> Result<Draft, Fault> {
    let mut draft = Draft::default();
    // Some programs save a message as UTF-16.
    let is_wide = bytes.iter().take(64).any(|&byte| byte == 0);
    let decoded = if is_wide { charset::decode(bytes) } else { None };
    let bytes = decoded.as_deref().map_or(bytes, |text| text.trim_start_matches('\u{FEFF}').as_bytes());
    let message = MessageParser::default().parse(bytes).ok_or_else(|| Fault::broken("it has no header lines"))?;
    write(&message, &mut draft, nest)?;
    Ok(draft)
}

/// A mailbox: one message after the other, each under its subject.
pub(in super::super) fn parse_many(bytes: &[u8], nest: &mut Nest<'_>) -> Result<Draft, Fault> {
    let mut draft = Draft::default();
    for message in MessageIterator::new(Cursor::new(bytes)) {
        let message = message.map_err(|error| Fault::broken(format!("cannot read the mailbox: {error}")))?;
        match MessageParser::default().parse(message.contents()) {
            Some(message) => write(&message, &mut draft, nest)?,
            None => draft.note("a message without header lines was left out"),
        }
        draft.push("\n\n");
        if draft.len() > nest.limits.max_text_bytes {
            return Err(Fault::over("its text is", nest.limits.max_text_bytes as u64));
        }
    }
    Ok(draft)
}

fn write(message: &Message<'_>, draft: &mut Draft, nest: &mut Nest<'_>) -> Result<(), Fault> {
    let mut head = Head { subject: message.subject().unwrap_or_default().to_owned(), ..Head::default() };
    head.push("From", people(message.from()));
    head.push("To", people(message.to()));
    head.push("Cc", people(message.cc()));
    head.push("Date", message.date().filter(|date| date.is_valid()).map(|d| d.to_rfc3339()).unwrap_or_default());
    head.write(draft);
    if is_encrypted(message) {
        draft.note("the mail's content is encrypted and was left out");
        return Ok(());
    }
    let body = body(message)?;
    draft.append(body, BODY_LEVEL);
    for (number, part) in (1..).zip(message.attachments()) {
        if !is_decoration(part) {
            attach(part, number, draft, nest)?;
        }
    }
    Ok(())
}

/// The plain text, or the HTML where there is no plain text.
fn body(message: &Message<'_>) -> Result<Draft, Fault> {
    let mut plain = Draft::default();
    for part in message.text_bodies() {
        plain.push("\n\n");
        match &part.body {
            PartType::Text(text) => plain.push(&mended(text)),
            PartType::Html(html) => plain.append(html::parse_text(&mended(html)), 0),
            _ => {}
        }
    }
    if !plain.is_blank() {
        return Ok(plain);
    }
    let mut rich = Draft::default();
    for part in message.html_bodies() {
        if let PartType::Html(html) = &part.body {
            rich.append(html::parse_text(&mended(html)), 0);
        }
    }
    Ok(rich)
}

/// UTF-8 that its mail calls Latin 1 reads `Iâ€™m`; read as what it is, it is `I’m`.
fn mended(text: &str) -> Cow<'_, str> {
    let (bytes, _, has_others) = encoding_rs::WINDOWS_1252.encode(text);
    match std::str::from_utf8(&bytes) {
        Ok(mended) if !has_others && !text.is_ascii() => Cow::Owned(mended.to_owned()),
        _ => Cow::Borrowed(text),
    }
}

fn is_encrypted(message: &Message<'_>) -> bool {
    let kind = message.content_type().and_then(|kind| kind.subtype()).unwrap_or_default();
    matches!(kind, "encrypted" | "pkcs7-mime" | "x-pkcs7-mime")
}

fn attach(part: &MessagePart<'_>, number: usize, draft: &mut Draft, nest: &mut Nest<'_>) -> Result<(), Fault> {
    let name = part.attachment_name().map_or_else(|| made_up_name(part, number), str::to_owned);
    match &part.body {
        PartType::Message(message) => {
            let name = if name.to_ascii_lowercase().ends_with(".eml") { name } else { format!("{name}.eml") };
            write_attachment(&name, message.raw_message(), draft, nest)
        }
        _ => write_attachment(&name, part.contents(), draft, nest),
    }
}

/// A name for a part without one; the end tells the format.
fn made_up_name(part: &MessagePart<'_>, number: usize) -> String {
    let kind = part.content_type().map(|kind| (kind.ctype(), kind.subtype().unwrap_or_default()));
    let extension = match kind {
        Some(("message", _)) => "eml",
        Some(("text", "html")) => "html",
        Some(("text", _)) | None => "txt",
        Some((_, subtype)) => subtype,
    };
    format!("attachment {number}.{extension}")
}

/// Signatures, and pictures that the text itself shows.
fn is_decoration(part: &MessagePart<'_>) -> bool {
    let Some(kind) = part.content_type() else { return false };
    let subtype = kind.subtype().unwrap_or_default();
    let is_signature = subtype.ends_with("pkcs7-signature") || subtype == "pgp-signature";
    let is_shown = kind.ctype() == "image" && part.content_id().is_some();
    is_signature || is_shown
}

fn people(address: Option<&Address<'_>>) -> String {
    let people = address.into_iter().flat_map(|address| address.iter()).map(|person| {
        let (name, address) = (person.name.as_deref().unwrap_or_default(), person.address.as_deref());
        match address {
            Some(address) if name.is_empty() => address.to_owned(),
            Some(address) => format!("{name} <{address}>"),
            None => name.to_owned(),
        }
    });
    people.collect::<Vec<_>>().join(", ")
}
