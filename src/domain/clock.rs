//! Where time and new ids come from: passed in, so that tests can say what they are.

use jiff::Timestamp;
use ulid::Ulid;

/// The clock and the id maker of a running program.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    pub now: fn() -> Timestamp,
    pub ulid: fn() -> Ulid,
}
