//! An issue as a document: summary, what it is, description, comments.

use std::fmt::Write;

use domain::{Principal, RawDocument};

use super::{
    adf,
    client::{Comment, Issue},
};
use crate::atlassian::Site;

/// Longer issues are cut off, with a word about it.
const MOST_BYTES: usize = 8 << 20;

pub(super) fn document(site: &Site, issue: Issue, comments: &[Comment], readers: Vec<Principal>) -> RawDocument {
    let modified_at = issue.updated_at();
    let Issue { id, key, fields } = issue;
    let title = format!("{key}: {}", fields.summary);
    let mut text = format!("# {title}\n\n");
    for (name, value) in [("Type", &fields.issuetype), ("Status", &fields.status)] {
        if let Some(value) = value {
            let _ = writeln!(text, "- {name}: {}", value.name);
        }
    }
    if !fields.labels.is_empty() {
        let _ = writeln!(text, "- Labels: {}", fields.labels.join(", "));
    }
    let _ = write!(text, "\n{}\n", adf::text(&fields.description));
    for comment in comments {
        let author = comment.author.as_ref().map_or("someone", |author| author.display_name.as_str());
        let day = comment.created.get(..10).unwrap_or_default();
        let _ = write!(text, "\n## Comment by {author}, {day}\n\n{}\n", adf::text(&comment.body));
    }
    if text.len() > MOST_BYTES {
        text.truncate(text.floor_char_boundary(MOST_BYTES));
        text.push_str("\n\n(The rest of this issue is not read: it is too long.)\n");
    }
    RawDocument {
        external_id: id,
        uri: site.at(&["browse", &key], &[]).into(),
        title: Some(title),
        file_name: "issue.md".into(),
        bytes: text.into_bytes(),
        readers,
        modified_at,
        revision: Some(fields.updated),
    }
}
