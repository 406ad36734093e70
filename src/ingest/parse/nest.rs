//! Files inside a file: attachments and archive members, read by the same parsers within one budget.

use super::{Draft, Limits, clean, error::Fault};

/// How deep files may hold files: an archive in an attachment of a mail in an archive.
const MAX_DEPTH: usize = 4;
/// Most members over all levels together.
const MAX_MEMBERS: usize = 5_000;
const MAX_NAME_CHARS: usize = 200;

/// What may still be read below one outer file.
pub(super) struct Nest<'l> {
    pub(super) limits: &'l Limits,
    depth: usize,
    members_left: usize,
    bytes_left: usize,
}

impl<'l> Nest<'l> {
    pub(super) fn new(limits: &'l Limits) -> Self {
        Self { limits, depth: 0, members_left: MAX_MEMBERS, bytes_left: limits.max_unpacked_bytes }
    }

    /// Bytes that may still be unpacked, over all levels.
    pub(super) fn bytes_left(&self) -> usize {
        self.bytes_left
    }

    /// Counts unpacked bytes of an outer layer, such as the tar inside a gzip.
    pub(super) fn take(&mut self, bytes: usize) -> Result<(), Fault> {
        self.bytes_left = self
            .bytes_left
            .checked_sub(bytes)
            .ok_or_else(|| Fault::over("what it unpacks to is", self.limits.max_unpacked_bytes as u64))?;
        Ok(())
    }

    /// Reads a member and appends it under a heading with its name. A member that cannot be read becomes
    /// a note; only a spent budget ends the outer file.
    ///
    /// `name` is only shown and asked for its extension: nothing is ever opened or written by it.
    pub(super) fn add(&mut self, name: &str, bytes: &[u8], level: u8, draft: &mut Draft) -> Result<(), Fault> {
        self.take(bytes.len())?;
        self.members_left = self.members_left.checked_sub(1).ok_or_else(|| Fault::TooLarge {
            what: "the number of its members is".into(),
            limit: MAX_MEMBERS.to_string(),
        })?;
        let name = shown_name(name);
        if self.depth >= MAX_DEPTH {
            draft.note(format!("{name} was left out: it is packed more than {MAX_DEPTH} levels deep"));
            return Ok(());
        }
        self.depth += 1;
        let inner = super::read(&name, bytes, self);
        self.depth -= 1;
        match inner {
            Ok((_, inner)) if inner.is_blank() => draft.note(format!("{name} holds no text")),
            Ok((_, inner)) => {
                draft.section(level, &name);
                draft.append(inner, level);
            }
            Err(error) => draft.note(format!("a part was left out: {error}")),
        }
        if draft.len() > self.limits.max_text_bytes {
            return Err(Fault::over("its text is", self.limits.max_text_bytes as u64));
        }
        Ok(())
    }
}

fn shown_name(name: &str) -> String {
    let name = clean::line(name);
    let chars = name.chars().count();
    if chars <= MAX_NAME_CHARS {
        return if name.is_empty() { "unnamed".to_owned() } else { name };
    }
    // The end tells the format.
    format!("…{}", name.chars().skip(chars - MAX_NAME_CHARS).collect::<String>())
}
