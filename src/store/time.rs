//! Times as both databases keep them: microseconds since the epoch in a bigint.

use jiff::Timestamp;

use crate::{Error, Result};

pub(crate) fn to_micros(time: Timestamp) -> i64 {
    time.as_microsecond()
}

pub(crate) fn from_micros(micros: i64) -> Result<Timestamp> {
    Timestamp::from_microsecond(micros).map_err(|_| Error::Schema(format!("{micros} is not a time in microseconds")))
}
