//! Writes a conversation - an issue with its comments - as one markdown document.

/// Most bytes of a conversation; what comes after is left out.
const MOST_BYTES: usize = 4 << 20;

/// Something that somebody said.
pub(crate) struct Post {
    pub(crate) author: String,
    /// When, as the system writes it.
    pub(crate) at: String,
    pub(crate) text: String,
}

/// `facts` (state, labels), the text itself, then every post that says something.
pub(crate) fn markdown(facts: &[(&str, String)], text: &str, posts: &[Post]) -> String {
    let mut document = String::new();
    for (name, value) in facts.iter().filter(|(_, value)| !value.is_empty()) {
        document.push_str(&format!("{name}: {}  \n", value.replace(['\n', '\r'], " ")));
    }
    document.push_str(&format!("\n{}\n", text.trim()));
    for post in posts.iter().filter(|post| !post.text.trim().is_empty()) {
        if document.len() > MOST_BYTES {
            document.push_str("\nFurther comments are left out.\n");
            break;
        }
        let day = post.at.split('T').next().unwrap_or_default();
        document.push_str(&format!("\n## Comment by {} on {day}\n\n{}\n", post.author, post.text.trim()));
    }
    document
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_conversation_reads_in_order_and_ends() {
        let post = |text: &str| Post { author: "ann".into(), at: "2026-01-02T03:04:05Z".into(), text: text.into() };
        let facts = [("State", "open".to_owned()), ("Labels", String::new())];
        let document = markdown(&facts, "It broke.\n", &[post("Same here."), post("  ")]);
        assert_eq!(document, "State: open  \n\nIt broke.\n\n## Comment by ann on 2026-01-02\n\nSame here.\n");
        let long = post(&"x".repeat(MOST_BYTES));
        assert!(markdown(&[], "", &[long, post("late")]).ends_with("left out.\n"));
    }
}
