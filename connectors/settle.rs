//! A time of change names a state only once that time has passed: until then the same time may name another.

use jiff::{SignedDuration, Timestamp};

/// `changed_at` as a revision, or `None` while another change could still bear the same time.
///
/// `listed_at` is when the system told it, by our clock; `grain` is how fine its times are, with a margin for clocks
/// that differ.
pub(crate) fn revision(changed_at: &str, listed_at: Timestamp, grain: SignedDuration) -> Option<String> {
    let changed: Timestamp = changed_at.parse().ok()?;
    (listed_at.duration_since(changed) > grain).then(|| changed_at.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changed_just_now_has_no_revision_yet() {
        let grain = SignedDuration::from_mins(2);
        let at = |now: &str| revision("2026-03-01T10:00:00.000Z", now.parse().unwrap(), grain);
        assert_eq!(at("2026-03-01T10:01:59Z"), None);
        assert_eq!(at("2026-03-01T10:02:01Z").as_deref(), Some("2026-03-01T10:00:00.000Z"));
        assert_eq!(revision("yesterday", Timestamp::MAX, grain), None);
    }
}
