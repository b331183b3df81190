//! One field of a cron expression: the numbers it names.

use super::cron::CronError;

/// What a field may hold.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    pub(super) what: &'static str,
    pub(super) min: u32,
    pub(super) max: u32,
    /// Words for its numbers, from the first on.
    words: &'static [&'static str],
    first_word: u32,
}

const fn numbers(what: &'static str, min: u32, max: u32) -> Shape {
    Shape { what, min, max, words: &[], first_word: 0 }
}

pub(super) const SECOND: Shape = numbers("second", 0, 59);
pub(super) const MINUTE: Shape = numbers("minute", 0, 59);
pub(super) const HOUR: Shape = numbers("hour", 0, 23);
pub(super) const DAY: Shape = numbers("day of the month", 1, 31);
pub(super) const MONTH: Shape = Shape {
    words: &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
    first_word: 1,
    ..numbers("month", 1, 12)
};
/// Sunday is 0, and 7 as well, so that a range may end with it.
pub(super) const WEEKDAY: Shape =
    Shape { words: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"], ..numbers("weekday", 0, 7) };

/// A set of small numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Set(pub(super) u64);

impl Set {
    fn add(&mut self, number: u32) {
        self.0 |= 1 << number;
    }

    pub(super) fn has(self, number: u32) -> bool {
        self.0 >> number & 1 == 1
    }

    /// The smallest that is not below this one.
    pub(super) fn from(self, number: u32) -> Option<u32> {
        let rest = self.0.checked_shr(number).unwrap_or(0);
        (rest != 0).then(|| number + rest.trailing_zeros())
    }
}

/// The numbers of a field, and whether it begins with `*`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) set: Set,
    pub(super) is_open: bool,
}

impl Shape {
    pub(super) fn read(&self, text: &str) -> Result<Field, CronError> {
        let mut field = Field { set: Set::default(), is_open: text.starts_with(['*', '?']) };
        for part in text.split(',') {
            self.read_part(part, &mut field.set)?;
        }
        if self.max == WEEKDAY.max && field.set.has(7) {
            field.set = Set(field.set.0 & !(1 << 7) | 1);
        }
        Ok(field)
    }

    fn read_part(&self, part: &str, set: &mut Set) -> Result<(), CronError> {
        let (range, step) = part.split_once('/').map_or((part, None), |(range, step)| (range, Some(step)));
        let (first, last) = match range {
            "*" | "?" => (self.min, self.top()),
            _ => self.range(range, step.is_some())?,
        };
        let step = step.map_or(Ok(1), |step| self.step(step))?;
        (first..=last).step_by(step as usize).for_each(|number| set.add(number));
        Ok(())
    }

    /// The largest number that `*` means.
    pub(super) fn top(&self) -> u32 {
        if self.max == WEEKDAY.max { 6 } else { self.max }
    }

    fn range(&self, text: &str, has_step: bool) -> Result<(u32, u32), CronError> {
        let Some((first, last)) = text.split_once('-') else {
            let only = self.number(text)?;
            return Ok((only, if has_step { self.top().max(only) } else { only }));
        };
        let (from, to) = (self.number(first)?, self.number(last)?);
        // Friday to Sunday, in words.
        let to = if self.max == WEEKDAY.max && to == 0 && from > 0 { 7 } else { to };
        if from > to {
            return Err(CronError::Backwards { what: self.what, first: first.into(), last: last.into() });
        }
        Ok((from, to))
    }

    fn step(&self, text: &str) -> Result<u32, CronError> {
        let step = text.parse::<u32>().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()));
        step.filter(|step| *step > 0 && *step <= self.max.max(1)).ok_or_else(|| CronError::Step {
            what: self.what,
            text: text.into(),
            max: self.max,
        })
    }

    fn number(&self, text: &str) -> Result<u32, CronError> {
        let word = text.to_ascii_lowercase();
        if let Some(at) = self.words.iter().position(|known| *known == word) {
            return Ok(self.first_word + at as u32);
        }
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(CronError::Word { what: self.what, text: text.into() });
        }
        // Digits that no number holds are out of every range.
        let number = text.parse().unwrap_or(u32::MAX);
        if (self.min..=self.max).contains(&number) {
            Ok(number)
        } else {
            let CronRange { what, min, max } = self.bounds();
            Err(CronError::Range { what, text: text.into(), min, max })
        }
    }

    fn bounds(&self) -> CronRange {
        CronRange { what: self.what, min: self.min, max: self.max }
    }
}

struct CronRange {
    what: &'static str,
    min: u32,
    max: u32,
}
