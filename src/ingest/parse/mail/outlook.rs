//! Outlook messages (MS-OXMSG).

use msg_parser::{Outlook, Person};

use super::{
    super::{Draft, error::Fault, html, nest::Nest, rtf},
    BODY_LEVEL, Head, embedded, write_attachment,
};

pub(in super::super) fn parse(bytes: &[u8], nest: &mut Nest<'_>) -> Result<Draft, Fault> {
    let message = Outlook::from_slice(bytes).map_err(|error| Fault::broken(format!("cannot open it: {error}")))?;
    let mut draft = Draft::default();
    let mut head = Head { subject: message.subject.clone(), ..Head::default() };
    head.push("From", people(std::slice::from_ref(&message.sender)));
    head.push("To", people(&message.to));
    head.push("Cc", people(&message.cc));
    head.push("Date", date(&message));
    head.write(&mut draft);
    draft.append(body(&message), BODY_LEVEL);
    for (number, attachment) in (1..).zip(&message.attachments) {
        let names = [&attachment.long_file_name, &attachment.file_name, &attachment.display_name];
        let name = names.into_iter().find(|name| !name.trim().is_empty());
        let name = name.cloned().unwrap_or_else(|| format!("attachment {number}{}", attachment.extension));
        if !attachment.is_embedded_message() {
            write_attachment(&name, &attachment.payload_bytes, &mut draft, nest)?;
        } else if let Some(message) = embedded::message(bytes, number - 1) {
            write_attachment(&format!("{name}.msg"), &message, &mut draft, nest)?;
        } else {
            draft.note(format!("the attached message {name} was left out: it is damaged"));
        }
    }
    Ok(draft)
}

fn body(message: &Outlook) -> Draft {
    let mut draft = Draft::default();
    if !message.body.trim().is_empty() {
        draft.push(&message.body);
    } else if !message.html.trim().is_empty() {
        draft = html::parse_text(&message.html);
    } else if let Some(html) = message.html_from_rtf() {
        draft = html::parse_text(&html);
    } else if let Some(rich) = message.rtf_decompressed() {
        draft = rtf::parse(&rich).unwrap_or_default();
    }
    draft
}

fn date(message: &Outlook) -> String {
    let dates = [&message.headers.date, &message.message_delivery_time, &message.client_submit_time];
    dates.into_iter().find(|date| !date.trim().is_empty()).cloned().unwrap_or_default()
}

fn people(people: &[Person]) -> String {
    let shown =
        people.iter().filter(|person| !(person.name.is_empty() && person.email.is_empty())).map(|person| {
            match (person.name.trim(), person.email.trim()) {
                (name, "") => name.to_owned(),
                ("", email) => email.to_owned(),
                (name, email) if name == email => name.to_owned(),
                (name, email) => format!("{name} <{email}>"),
            }
        });
    shown.collect::<Vec<_>>().join(", ")
}
