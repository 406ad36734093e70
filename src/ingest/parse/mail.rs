//! Mail (EML, MBOX, Outlook's MSG): subject as heading, people and date, body, attachments.

mod embedded;
mod internet;
mod outlook;

use super::{Draft, error::Fault, nest::Nest};

pub(super) use internet::{parse as parse_eml, parse_many as parse_mbox};
pub(super) use outlook::parse as parse_msg;

/// What a reader sees above a mail's text.
#[derive(Default)]
struct Head {
    subject: String,
    /// `From`, `To`, `Cc`, `Date` with their values.
    lines: Vec<(&'static str, String)>,
}

impl Head {
    fn push(&mut self, name: &'static str, value: impl Into<String>) {
        let value = value.into();
        if !value.trim().is_empty() {
            self.lines.push((name, value));
        }
    }

    fn write(&self, draft: &mut Draft) {
        draft.section(1, &self.subject);
        for (name, value) in &self.lines {
            draft.push(&format!("{name}: {}\n", value.split_whitespace().collect::<Vec<_>>().join(" ")));
        }
        draft.push("\n");
    }
}

/// Headings in a mail stand below its subject.
const BODY_LEVEL: u8 = 1;

fn write_attachment(name: &str, bytes: &[u8], draft: &mut Draft, nest: &mut Nest<'_>) -> Result<(), Fault> {
    draft.push("\n\n");
    nest.add(name, bytes, BODY_LEVEL + 1, draft)
}

#[cfg(test)]
mod tests;
