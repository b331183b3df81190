//! Numbers and times that a term compares with.

use jiff::civil::Date;
use jiff::tz::TimeZone;

/// How a value is to stand to the one of the term.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compare {
    Less,
    LessOrEqual,
    Equal,
    GreaterOrEqual,
    Greater,
}

impl Compare {
    /// The sign that a text begins with, and the rest.
    pub(super) fn read(text: &str) -> (Compare, &str) {
        let signs = [
            ("<=", Compare::LessOrEqual),
            (">=", Compare::GreaterOrEqual),
            ("<", Compare::Less),
            (">", Compare::Greater),
        ];
        let found = signs.iter().find_map(|(sign, compare)| Some((*compare, text.strip_prefix(sign)?)));
        found.unwrap_or((Compare::Equal, text))
    }

    pub(super) fn holds(self, value: u64, other: u64) -> bool {
        match self {
            Compare::Less => value < other,
            Compare::LessOrEqual => value <= other,
            Compare::Equal => value == other,
            Compare::GreaterOrEqual => value >= other,
            Compare::Greater => value > other,
        }
    }
}

/// A time, as people say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Point {
    /// A moment, in ms since 1970.
    At(u64),
    /// A whole day in UTC, by the ms at which it begins.
    Day(u64),
    /// So many ms ago.
    Ago(u64),
}

const DAY_MS: u64 = 86_400_000;
const UNITS: [(char, u64); 5] =
    [('s', 1_000), ('m', 60_000), ('h', 3_600_000), ('d', DAY_MS), ('w', 7 * DAY_MS)];

impl Point {
    pub(super) fn read(text: &str) -> Option<Point> {
        if let Some((number, unit)) =
            UNITS.iter().find_map(|(word, ms)| Some((text.strip_suffix(*word)?, ms)))
            && let Ok(number) = number.parse::<u32>()
        {
            return Some(Point::Ago(u64::from(number) * unit));
        }
        if text.len() == 10 {
            let day: Date = text.parse().ok()?;
            let begins = day.to_zoned(TimeZone::UTC).ok()?.timestamp().as_millisecond();
            return u64::try_from(begins).ok().map(Point::Day);
        }
        let moment: jiff::Timestamp = text.parse().ok()?;
        u64::try_from(moment.as_millisecond()).ok().map(Point::At)
    }

    fn ends(self, now_ms: u64) -> (u64, u64) {
        match self {
            Point::At(at) => (at, at),
            Point::Day(begins) => (begins, begins + DAY_MS - 1),
            Point::Ago(ago) => (now_ms.saturating_sub(ago), now_ms.saturating_sub(ago)),
        }
    }

    /// What is earlier than this is not so compared; `None` where anything may be.
    pub(super) fn from_ms(self, compare: Compare, now_ms: u64) -> Option<u64> {
        let (first, last) = self.ends(now_ms);
        match compare {
            Compare::Greater => Some(last + 1),
            Compare::Equal | Compare::GreaterOrEqual => Some(first),
            Compare::Less | Compare::LessOrEqual => None,
        }
    }

    pub(super) fn is_compared(self, compare: Compare, ms: u64, now_ms: u64) -> bool {
        let (first, last) = self.ends(now_ms);
        match compare {
            Compare::Equal => (first..=last).contains(&ms),
            Compare::Greater | Compare::LessOrEqual => compare.holds(ms, last),
            Compare::Less | Compare::GreaterOrEqual => compare.holds(ms, first),
        }
    }
}
