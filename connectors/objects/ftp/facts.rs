//! Lines of an FTP listing: facts by [RFC 3659](https://www.rfc-editor.org/rfc/rfc3659#section-7), or what `ls` prints.

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use suppaftp::list::ListParser;

use crate::objects::{
    store::{Entry, Tag, What},
    walk::below,
};

/// What a line says: an entry, nothing for the folder itself and its parent, or something that is not understood.
pub(super) type Line = Result<Option<Entry>, NotUnderstood>;

/// A line in a form of the server's own. What it names may exist, so that nothing may be concluded from the listing.
#[derive(Debug)]
pub(super) struct NotUnderstood;

/// A line of `MLSD`.
pub(super) fn machine_line(folder: &str, line: &str) -> Line {
    let (facts, name) = line.split_once(' ').filter(|(facts, _)| facts.ends_with(';')).ok_or(NotUnderstood)?;
    let fact = |wanted: &str| {
        let pairs = facts.split(';').filter_map(|fact| fact.split_once('='));
        pairs.filter(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value).next()
    };
    let size = fact("size").and_then(|size| size.parse().ok());
    let what = match fact("type").unwrap_or_default().to_lowercase().as_str() {
        "cdir" | "pdir" => return Ok(None),
        _ if name.contains('/') => What::Other("its name holds a slash"),
        "dir" => What::Folder,
        "file" if size.is_some() => What::File,
        _ => What::Other("it is not a regular file"),
    };
    let modified_at = fact("modify").and_then(time);
    let unique = fact("unique").unwrap_or_default();
    Ok(Some(entry(below(folder, name), what, size.unwrap_or_default(), modified_at, unique)))
}

/// A line of `LIST`. Its times have no year or no minute, and no time zone: they are asked for one by one.
pub(super) fn human_line(folder: &str, line: &str) -> Line {
    if line.strip_prefix("total ").is_some_and(|blocks| blocks.parse::<u64>().is_ok()) {
        return Ok(None);
    }
    let file = ListParser::parse_posix(line).or_else(|_| ListParser::parse_dos(line)).map_err(|_| NotUnderstood)?;
    let name = file.name();
    let what = match name {
        "." | ".." => return Ok(None),
        _ if name.contains('/') => What::Other("its name holds a slash"),
        _ if file.is_directory() => What::Folder,
        _ if file.is_file() => What::File,
        _ => What::Other("it is not a regular file"),
    };
    Ok(Some(entry(below(folder, name), what, file.size() as u64, None, "")))
}

/// The same with the time it was last changed.
pub(super) fn entry(id: String, what: What, bytes: u64, modified_at: Option<Timestamp>, unique: &str) -> Entry {
    let tag = modified_at.map_or(Tag::None, |at| Tag::Timed(format!("{}-{bytes}-{unique}", at.as_millisecond())));
    Entry { id, what, bytes, modified_at, tag }
}

/// `20261124120005` or `20261124120005.123`, in UTC.
fn time(text: &str) -> Option<Timestamp> {
    let whole = text.get(..14)?;
    let time = DateTime::strptime("%Y%m%d%H%M%S", whole).ok()?.to_zoned(TimeZone::UTC).ok()?.timestamp();
    let millis = text.get(14..).and_then(|rest| rest.strip_prefix('.')).and_then(|rest| rest.parse().ok()).unwrap_or(0);
    time.checked_add(jiff::SignedDuration::from_millis(millis)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_read_whatever_their_order_and_case() {
        let line = "Size=12;Modify=20261124120005.5;TYPE=file;Unique=8U1; a b=c;.md";
        let entry = machine_line("docs", line).unwrap().unwrap();
        assert_eq!((entry.id.as_str(), &entry.what, entry.bytes), ("docs/a b=c;.md", &What::File, 12));
        assert_eq!(entry.modified_at.map(|at| at.to_string()).as_deref(), Some("2026-11-24T12:00:05.005Z"));
        assert!(matches!(entry.tag, Tag::Timed(tag) if tag.ends_with("-12-8U1")));
        assert_eq!(machine_line("", "type=dir;modify=20260101000000; sub").unwrap().unwrap().what, What::Folder);
        assert!(matches!(machine_line("", "type=cdir; ."), Ok(None)));
        assert!(matches!(machine_line("", "type=pdir; .."), Ok(None)));
        assert!(machine_line("", "-rw-r--r-- 1 a b 1 Nov 24 12:00 a.md").is_err());
        for odd in ["type=file;size=1; a/b.md", "type=OS.unix=slink:/etc/passwd; link.md", "type=file; sizeless.md"] {
            assert!(matches!(machine_line("", odd).unwrap().unwrap().what, What::Other(_)), "{odd}");
        }
    }

    #[test]
    fn what_ls_prints_is_read_without_its_times() {
        let entry = human_line("", "-rw-r--r--   1 ann  staff  12 Nov 24 12:00 a b.md").unwrap().unwrap();
        assert_eq!((entry.id.as_str(), &entry.what, entry.bytes, entry.tag), ("a b.md", &What::File, 12, Tag::None));
        assert_eq!(
            human_line("x", "drwxr-xr-x 2 ann staff 4096 Nov 24 12:00 sub").unwrap().unwrap().what,
            What::Folder
        );
        assert_eq!(human_line("", "11-24-26  12:00PM  12 a.md").unwrap().unwrap().bytes, 12);
        assert!(matches!(human_line("", "total 12"), Ok(None)));
        assert!(human_line("", "a.md owned by ann").is_err());
    }
}
