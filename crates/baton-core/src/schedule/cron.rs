//! Cron expressions: which times on the wall a schedule names.
//!
//! Five fields (minute, hour, day of the month, month, weekday) or six, with the second in front. A field is `*`, numbers,
//! ranges and steps (`*/15`, `8-18/2`), and lists of these; months and weekdays have names; the day `L` is the last one of
//! its month. Where both a day and a weekday are given, either is enough, as cron has always had it.

use std::fmt;

use jiff::civil::{Date, DateTime};

use super::field::{self, Field, Set};
use super::said::{self, Parts};
use crate::limits;

/// Why a text is no cron expression.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CronError {
    #[error("take a cron expression of {0} bytes: at most {max} are allowed", max = limits::CRON_BYTES_MAX)]
    TooLong(usize),
    #[error(
        "take {0} fields: there are five (minute hour day month weekday), or six with the second in front"
    )]
    Fields(usize),
    #[error("take {0:?}: the words are @hourly, @daily, @weekly, @monthly and @yearly")]
    Nickname(String),
    #[error("take {what} {text}: it is between {min} and {max}")]
    Range { what: &'static str, text: String, min: u32, max: u32 },
    #[error(
        "take {text:?} as {what}: that is *, a number, a range as 1-5, a step as */5, or several of these with commas"
    )]
    Word { what: &'static str, text: String },
    #[error("take {what} {first}-{last}: a range goes from the smaller to the larger one")]
    Backwards { what: &'static str, first: String, last: String },
    #[error("take the step {text:?} in {what}: it is a number between 1 and {max}")]
    Step { what: &'static str, text: String, max: u32 },
    #[error("take day {day} of month {month}: there is no such day, so it would never come")]
    Never { day: u32, month: u32 },
}

/// A cron expression that has been read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cron {
    text: Box<str>,
    seconds: Set,
    minutes: Set,
    hours: Field,
    days: Field,
    is_last_day: bool,
    months: Set,
    weekdays: Field,
}

impl Cron {
    pub fn new(text: &str) -> Result<Cron, CronError> {
        if text.len() as u64 > limits::CRON_BYTES_MAX {
            return Err(CronError::TooLong(text.len()));
        }
        let long = written_out(text.trim())?;
        let mut fields: Vec<&str> = long.split_ascii_whitespace().collect();
        match fields.len() {
            5 => fields.insert(0, "0"),
            6 => {}
            other => return Err(CronError::Fields(other)),
        }
        let (days, is_last_day) = read_days(fields[3])?;
        let cron = Cron {
            seconds: field::SECOND.read(fields[0])?.set,
            minutes: field::MINUTE.read(fields[1])?.set,
            hours: field::HOUR.read(fields[2])?,
            days,
            is_last_day,
            months: field::MONTH.read(fields[4])?.set,
            weekdays: field::WEEKDAY.read(fields[5])?,
            text: text.trim().into(),
        };
        cron.must_come()?;
        Ok(cron)
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What it means, for people: `at 03:00 on Monday to Friday`.
    pub fn in_words(&self) -> String {
        said::words(&Parts {
            seconds: self.seconds,
            minutes: self.minutes,
            hours: self.hours.set,
            days: self.days,
            is_last_day: self.is_last_day,
            months: self.months,
            weekdays: self.weekdays,
        })
    }

    /// Does it name its hours? Then it means times on the wall, and otherwise the passing of time.
    pub(super) fn names_hours(&self) -> bool {
        !self.hours.is_open
    }

    /// Is there any day that it means? That month has one is enough where weekdays may do as well.
    fn must_come(&self) -> Result<(), CronError> {
        if self.is_last_day || self.days.is_open || !self.weekdays.is_open {
            return Ok(());
        }
        const LONGEST: [u32; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        let first = self.days.set.from(0).unwrap_or_default();
        let mut months = (1..=12).filter(|month| self.months.has(*month));
        let comes = months.clone().any(|month| first <= LONGEST[month as usize - 1]);
        let month = months.next_back().unwrap_or_default();
        if comes { Ok(()) } else { Err(CronError::Never { day: first, month }) }
    }

    fn fits(&self, date: Date) -> bool {
        let is_last = self.is_last_day && date.day() == date.days_in_month();
        let by_day = is_last || self.days.set.has(date.day() as u32);
        let by_weekday = self.weekdays.set.has(date.weekday().to_sunday_zero_offset() as u32);
        match (self.days.is_open, self.weekdays.is_open) {
            (false, false) => by_day || by_weekday,
            _ => by_day && by_weekday,
        }
    }

    /// The first time on the wall after this one, no later than the end of `until`.
    pub(super) fn following(&self, after: DateTime, until: Date) -> Option<DateTime> {
        let from = after.checked_add(jiff::SignedDuration::from_secs(1)).ok()?;
        let (date, clock) = (from.date(), [from.hour(), from.minute(), from.second()]);
        if date <= until
            && self.months.has(date.month() as u32)
            && self.fits(date)
            && let Some(time) = self.clock(clock.map(|number| number as u32))
        {
            return Some(at(date, time));
        }
        let mut date = date.tomorrow().ok()?;
        while date <= until {
            if !self.months.has(date.month() as u32) {
                date = date.last_of_month().tomorrow().ok()?;
            } else if self.fits(date) {
                return self.clock([0; 3]).map(|time| at(date, time));
            } else {
                date = date.tomorrow().ok()?;
            }
        }
        None
    }

    /// The first time of a day that is not before this one: hour, minute, second.
    fn clock(&self, [hour, minute, second]: [u32; 3]) -> Option<[u32; 3]> {
        let (first_minute, first_second) = (self.minutes.from(0)?, self.seconds.from(0)?);
        if self.hours.set.has(hour) {
            if self.minutes.has(minute)
                && let Some(second) = self.seconds.from(second)
            {
                return Some([hour, minute, second]);
            }
            if let Some(minute) = self.minutes.from(minute + 1) {
                return Some([hour, minute, first_second]);
            }
        }
        self.hours.set.from(hour + 1).map(|hour| [hour, first_minute, first_second])
    }
}

fn at(date: Date, time: [u32; 3]) -> DateTime {
    let [hour, minute, second] = time.map(|number| number as i8);
    date.at(hour, minute, second, 0)
}

fn written_out(text: &str) -> Result<&str, CronError> {
    match text.to_ascii_lowercase().as_str() {
        "@hourly" => Ok("0 * * * *"),
        "@daily" | "@midnight" => Ok("0 0 * * *"),
        "@weekly" => Ok("0 0 * * 0"),
        "@monthly" => Ok("0 0 1 * *"),
        "@yearly" | "@annually" => Ok("0 0 1 1 *"),
        other if other.starts_with('@') => Err(CronError::Nickname(text.to_owned())),
        _ => Ok(text),
    }
}

/// Days of the month, of which one may be `L`.
fn read_days(text: &str) -> Result<(Field, bool), CronError> {
    let (last, others): (Vec<&str>, Vec<&str>) =
        text.split(',').partition(|part| part.eq_ignore_ascii_case("l"));
    match (last.is_empty(), others.is_empty()) {
        (false, true) => Ok((Field::default(), true)),
        (is_none, _) => Ok((field::DAY.read(&others.join(","))?, !is_none)),
    }
}

impl fmt::Display for Cron {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)
    }
}
