//! Points in time: RFC 3339, UTC, milliseconds, `Z`.

use std::fmt;
use std::str::FromStr;
use std::time::SystemTime;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// A Unix time in milliseconds that is written `2026-11-21T09:30:00.000Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(u64);

/// Why a text is no point in time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimestampError(String);

impl fmt::Display for TimestampError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "read {:?} as a time: write it like 2026-11-21T09:30:00Z, from 1970 to 9999", self.0)
    }
}

impl std::error::Error for TimestampError {}

impl Timestamp {
    /// The last millisecond of the year 9999: what can be written with four digits of a year.
    pub const MAX_MS: u64 = 253_402_207_200_999;

    pub fn from_ms(ms: u64) -> Timestamp {
        Timestamp(ms.min(Self::MAX_MS))
    }

    pub fn ms(self) -> u64 {
        self.0
    }
}

/// What lies outside the years that can be written is moved to the nearest time that does not.
impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Timestamp {
        let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_ms(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Every value that fits was let in, so the fallback is never seen; it spares a panic.
        let (seconds, nanos) = (self.0 / 1_000, self.0 % 1_000 * 1_000_000);
        let time = jiff::Timestamp::new(seconds as i64, nanos as i32).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        write!(out, "{time:.3}")
    }
}

impl FromStr for Timestamp {
    type Err = TimestampError;

    fn from_str(text: &str) -> Result<Timestamp, TimestampError> {
        let wrong = || TimestampError(text.chars().take(40).collect());
        let time: jiff::Timestamp = text.parse().map_err(|_| wrong())?;
        let ms = u64::try_from(time.as_millisecond()).map_err(|_| wrong())?;
        if ms <= Self::MAX_MS { Ok(Timestamp(ms)) } else { Err(wrong()) }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Timestamp, D::Error> {
        let text = String::deserialize(input)?;
        text.parse().map_err(|error| D::Error::custom(format!("failed to {error}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_in_one_way() {
        assert_eq!(Timestamp::from_ms(0).to_string(), "1970-01-01T00:00:00.000Z");
        assert_eq!(Timestamp::from_ms(1_700_000_000_120).to_string(), "2023-11-14T22:13:20.120Z");
        assert_eq!(Timestamp::from_ms(u64::MAX).to_string(), "9999-12-30T22:00:00.999Z");
    }

    #[test]
    fn any_offset_is_read_and_nonsense_is_not() {
        assert_eq!("2023-11-14T23:13:20.12+01:00".parse(), Ok(Timestamp::from_ms(1_700_000_000_120)));
        for wrong in ["", "now", "1700000000", "2023-13-01T00:00:00Z", "1969-12-31T23:59:59Z", "2023-11-14"] {
            assert!(wrong.parse::<Timestamp>().is_err(), "{wrong}");
        }
    }
}
