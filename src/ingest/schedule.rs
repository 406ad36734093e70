//! When a source is synced by itself: `every 15m` or a cron expression, within the hours it may.

use cronexpr::Crontab;
use domain::sha256_hex;
use jiff::{SignedDuration, Timestamp, civil::Time, tz::TimeZone};

/// Shortest time between two syncs of a source.
const SHORTEST: SignedDuration = SignedDuration::from_secs(10);
/// Syncs that are due at the same moment spread over at most this long.
const MOST_JITTER: SignedDuration = SignedDuration::from_secs(60);

/// A schedule as an admin writes it.
#[derive(Debug)]
pub struct Schedule {
    rhythm: Rhythm,
    hours: Option<Hours>,
}

#[derive(Debug)]
enum Rhythm {
    Every(SignedDuration),
    Cron(Box<Crontab>),
}

/// Hours of the day in a time zone; they may go over midnight.
#[derive(Debug)]
struct Hours {
    from: Time,
    to: Time,
    zone: TimeZone,
}

impl Schedule {
    /// `every 15m`, `every 6h`, or five cron fields and a time zone (`0 3 * * * Europe/Amsterdam`, UTC without one);
    /// `hours` as `20:00-06:00 Europe/Amsterdam`.
    ///
    /// # Errors
    /// Says what is wrong and how it is written.
    pub fn parse(rhythm: &str, hours: Option<&str>) -> Result<Self, String> {
        Ok(Self { rhythm: parse_rhythm(rhythm)?, hours: hours.map(parse_hours).transpose()? })
    }

    /// The next time after `now`. Sources of the same rhythm, told apart by `seed`, are spread.
    pub fn next(&self, now: Timestamp, seed: &str) -> Option<Timestamp> {
        let (at, interval) = match &self.rhythm {
            Rhythm::Every(interval) => (now.checked_add(*interval).ok()?, *interval),
            Rhythm::Cron(crontab) => {
                let next = crontab.find_next(now.to_string().as_str()).ok()?.timestamp();
                (next, MOST_JITTER * 10)
            }
        };
        let at = self.hours.as_ref().map_or(Some(at), |hours| hours.admit(at))?;
        at.checked_add(jitter(seed, (interval / 10).min(MOST_JITTER))).ok()
    }

    /// `now`, or when the hours begin next.
    pub fn admit(&self, now: Timestamp) -> Option<Timestamp> {
        self.hours.as_ref().map_or(Some(now), |hours| hours.admit(now))
    }
}

fn parse_rhythm(text: &str) -> Result<Rhythm, String> {
    let text = text.trim();
    if let Some(interval) = text.strip_prefix("every ") {
        let interval: SignedDuration =
            interval.trim().parse().map_err(|_| format!("`{text}`: write it like `every 15m` or `every 6h`"))?;
        if interval < SHORTEST {
            return Err(format!("`{text}`: at least {SHORTEST:#} lie between two syncs"));
        }
        return Ok(Rhythm::Every(interval));
    }
    let fields = text.split_whitespace().count();
    let zoned = if fields == 5 { format!("{text} UTC") } else { text.to_owned() };
    let crontab = cronexpr::parse_crontab(&zoned);
    crontab.map(|crontab| Rhythm::Cron(Box::new(crontab))).map_err(|error| {
        let error = error.to_string().lines().last().unwrap_or_default().trim().to_owned();
        format!("`{text}` is neither `every 15m` nor a cron expression such as `0 3 * * *`: {error}")
    })
}

fn parse_hours(text: &str) -> Result<Hours, String> {
    let wrong = || format!("`{text}`: write hours like `20:00-06:00 Europe/Amsterdam`");
    let (span, zone) = text.trim().split_once(' ').unwrap_or((text.trim(), "UTC"));
    let (from, to) = span.split_once('-').ok_or_else(wrong)?;
    let time = |text: &str| Time::strptime("%H:%M", text.trim()).map_err(|_| wrong());
    let zone = TimeZone::get(zone.trim()).map_err(|_| format!("`{text}`: no time zone is called {zone}"))?;
    let (from, to) = (time(from)?, time(to)?);
    if from == to {
        return Err(format!("`{text}`: hours that end when they begin are none"));
    }
    Ok(Hours { from, to, zone })
}

impl Hours {
    fn admit(&self, at: Timestamp) -> Option<Timestamp> {
        let local = at.to_zoned(self.zone.clone());
        let time = local.time();
        let is_inside = if self.from <= self.to {
            (self.from..self.to).contains(&time)
        } else {
            time >= self.from || time < self.to
        };
        if is_inside {
            return Some(at);
        }
        let day = if time < self.from { local.date() } else { local.date().tomorrow().ok()? };
        day.to_datetime(self.from).to_zoned(self.zone.clone()).ok().map(|begin| begin.timestamp())
    }
}

/// A share of `most` that is always the same for a source.
fn jitter(seed: &str, most: SignedDuration) -> SignedDuration {
    let share = u64::from_str_radix(sha256_hex(seed.as_bytes()).get(..8).unwrap_or_default(), 16).unwrap_or_default();
    let millis = u64::try_from(most.as_millis()).unwrap_or_default();
    SignedDuration::from_millis(((millis * share) >> 32).cast_signed())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn next(rhythm: &str, hours: Option<&str>, now: &str) -> Timestamp {
        Schedule::parse(rhythm, hours).unwrap().next(at(now), "src").unwrap()
    }

    fn is_within_a_minute(found: Timestamp, from: &str) -> bool {
        (0..=60).contains(&found.duration_since(at(from)).as_secs())
    }

    #[test]
    fn rhythms_mean_what_people_expect() {
        for (rhythm, hours, now, expected) in [
            ("every 15m", None, "2026-11-24T12:00:00Z", "2026-11-24T12:15:00Z"),
            ("every 6h", None, "2026-11-24T12:00:00Z", "2026-11-24T18:00:00Z"),
            ("0 3 * * *", None, "2026-11-24T12:00:00Z", "2026-11-25T03:00:00Z"),
            ("0 3 * * 1 Europe/Amsterdam", None, "2026-11-24T12:00:00Z", "2026-11-30T02:00:00Z"),
            ("every 1h", Some("20:00-06:00"), "2026-11-24T12:00:00Z", "2026-11-24T20:00:00Z"),
            ("every 1h", Some("20:00-06:00"), "2026-11-24T21:00:00Z", "2026-11-24T22:00:00Z"),
            ("every 1h", Some("20:00-06:00"), "2026-11-25T05:30:00Z", "2026-11-25T20:00:00Z"),
            ("every 1h", Some("09:00-17:00 Europe/Amsterdam"), "2026-11-24T20:00:00Z", "2026-11-25T08:00:00Z"),
        ] {
            let found = next(rhythm, hours, now);
            assert!(is_within_a_minute(found, expected), "{rhythm} {hours:?} {now}: {found}");
        }
    }

    #[test]
    fn the_same_rhythm_is_spread_and_repeatable() {
        let schedule = Schedule::parse("every 1h", None).unwrap();
        let times: std::collections::BTreeSet<_> =
            (0..20).map(|n| schedule.next(at("2026-11-24T12:00:00Z"), &format!("src_{n}"))).collect();
        assert!(times.len() > 15, "{times:?}");
        assert_eq!(next("every 1h", None, "2026-11-24T12:00:00Z"), next("every 1h", None, "2026-11-24T12:00:00Z"));
    }

    #[test]
    fn what_is_no_schedule_says_how_one_is_written() {
        for (rhythm, hours, part) in [
            ("hourly", None, "every 15m"),
            ("every day", None, "every 15m"),
            ("every 1s", None, "at least"),
            ("61 * * * *", None, "cron"),
            ("every 1h", Some("8-17"), "20:00-06:00"),
            ("every 1h", Some("08:00-17:00 Mars/Olympus"), "time zone"),
        ] {
            let error = Schedule::parse(rhythm, hours).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }
}
