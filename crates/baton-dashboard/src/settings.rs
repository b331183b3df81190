//! How whoever looks wants pages to be. His browser remembers it and says it with each request, so the first paint is right.

use askama::Template;
use baton_api::Timestamp;

use crate::page::pages;
use crate::shell::{Shell, Theme};
use crate::words;

/// Beside the colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Look {
    pub density: Density,
    pub times: Times,
    pub keys: Keys,
}

/// How high rows are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Density {
    /// 28 px.
    #[default]
    Dense,
    /// 36 px.
    Comfortable,
}

/// Whether single keys do something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Keys {
    #[default]
    On,
    Off,
}

/// How points in time are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Times {
    /// `5 m ago`.
    #[default]
    Relative,
    Utc,
    /// In a zone that is so many minutes ahead of UTC.
    Ahead(i16),
}

/// No zone is further from UTC.
const AHEAD_MAX: i16 = 14 * 60;

impl Density {
    pub fn as_str(self) -> &'static str {
        match self {
            Density::Dense => "dense",
            Density::Comfortable => "comfortable",
        }
    }

    /// What is not known is dense.
    pub fn of(word: &str) -> Density {
        if word == "comfortable" { Density::Comfortable } else { Density::Dense }
    }
}

impl Keys {
    pub fn as_str(self) -> &'static str {
        match self {
            Keys::On => "on",
            Keys::Off => "off",
        }
    }

    pub fn of(word: &str) -> Keys {
        if word == "off" { Keys::Off } else { Keys::On }
    }
}

impl Times {
    /// `relative`, `utc`, or how far a zone is ahead, as `+05:30`.
    pub fn word(self) -> String {
        match self {
            Times::Relative => "relative".to_owned(),
            Times::Utc => "utc".to_owned(),
            Times::Ahead(minutes) => {
                let sign = if minutes < 0 { '-' } else { '+' };
                format!("{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60)
            }
        }
    }

    /// The zone of times that are written in full.
    pub fn zone(self) -> String {
        if let Times::Ahead(_) = self { self.word() } else { "UTC".to_owned() }
    }

    /// What is not known is relative.
    pub fn of(word: &str) -> Times {
        match word {
            "utc" => Times::Utc,
            word => ahead(word).map_or(Times::Relative, Times::Ahead),
        }
    }

    /// A point in time; `now` is what ages are counted from.
    pub fn write(self, at: &Timestamp, now: Timestamp) -> String {
        match self {
            Times::Relative => words::since(at, now),
            Times::Utc => format!("{}Z", words::day_and_time(at)),
            Times::Ahead(_) => words::day_and_time(self.moved(at)),
        }
    }

    /// The time that a clock there shows, as if it were one of UTC.
    pub fn moved(self, at: &Timestamp) -> Timestamp {
        match self {
            Times::Relative | Times::Utc => *at,
            Times::Ahead(minutes) => {
                Timestamp::from_ms(at.ms().saturating_add_signed(i64::from(minutes) * 60_000))
            }
        }
    }
}

/// `+05:30` is 330.
fn ahead(word: &str) -> Option<i16> {
    let (sign, digits) = match word.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let (hours, minutes) =
        digits.split_once(':').filter(|(hours, minutes)| hours.len() == 2 && minutes.len() == 2)?;
    let minutes = minutes.parse::<i16>().ok().filter(|minutes| (0..60).contains(minutes))?;
    let all = hours.parse::<i16>().ok().filter(|hours| (0..=14).contains(hours))? * 60 + minutes;
    (all <= AHEAD_MAX).then_some(sign * all)
}

/// Zones as a list has them: whole hours, and those others in which people live.
fn zones() -> Vec<Times> {
    const OTHERS: [i16; 9] = [-570, -210, 210, 270, 330, 345, 390, 570, 630];
    let mut all: Vec<i16> = (-12..=14).map(|hours| hours * 60).chain(OTHERS).collect();
    all.sort_unstable();
    all.into_iter().map(Times::Ahead).collect()
}

/// Where it is chosen.
#[derive(Debug, Template)]
#[template(path = "settings.html", blocks = ["live"])]
pub struct SettingsPage {
    pub shell: Shell,
    /// It was just chosen.
    pub kept: bool,
}

/// What this program is, and of what it is made.
#[derive(Debug, Template)]
#[template(path = "about.html", blocks = ["live"])]
pub struct AboutPage {
    pub shell: Shell,
    pub version: String,
    /// None: it was built without being told.
    pub revision: Option<&'static str>,
    /// None: it cannot be read now.
    pub uptime_s: Option<u64>,
}

pages!(SettingsPage, AboutPage);

impl SettingsPage {
    fn themes(&self) -> [Theme; 3] {
        Theme::ALL
    }

    fn zones(&self) -> Vec<(String, bool)> {
        zones().into_iter().map(|zone| (zone.word(), zone == self.shell.look.times)).collect()
    }
}

/// Everything that is compiled in or that this was built and tested with: a name and how it may be used, a line each. A test
/// compares the names with the lock file.
const LICENCES: &str = include_str!("licences.txt");

/// Names, and the SPDX expressions of their licences.
pub fn licences() -> impl Iterator<Item = (&'static str, &'static str)> {
    LICENCES.lines().filter_map(|line| line.split_once(' '))
}

impl AboutPage {
    fn licences(&self) -> Vec<(&'static str, &'static str)> {
        licences().collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn words_read_back_as_what_they_were() {
        for times in zones().into_iter().chain([Times::Relative, Times::Utc, Times::Ahead(-AHEAD_MAX)]) {
            assert_eq!(Times::of(&times.word()), times);
        }
        for odd in ["", "+1", "+15:00", "+14:01", "+05:60", "+-1:00", "<script>", "é", "+05:3x"] {
            assert_eq!(Times::of(odd), Times::Relative, "{odd}");
        }
        assert_eq!((Density::of("comfortable"), Density::of("x")), (Density::Comfortable, Density::Dense));
        assert_eq!((Keys::of("off"), Keys::of("")), (Keys::Off, Keys::On));
    }

    #[test]
    fn a_point_in_time_has_three_faces() {
        let at: Timestamp = "2026-11-05T23:30:01Z".parse().unwrap();
        let now = Timestamp::from_ms(at.ms() + 4_000);
        assert_eq!(Times::Relative.write(&at, now), words::since(at, now));
        assert_eq!(Times::Utc.write(&at, now), "2026-11-05 23:30:01Z");
        assert_eq!(Times::of("+05:30").write(&at, now), "2026-11-06 05:00:01");
        assert_eq!(Times::of("-01:00").write(&at, now), "2026-11-05 22:30:01");
        assert_eq!(Times::of("-01:00").moved(&Timestamp::from_ms(0)).ms(), 0);
    }

    /// Whoever adds a dependency says how it may be used.
    #[test]
    fn the_licence_of_everything_in_the_lock_file_is_told() {
        let lock = concat!(env!("CARGO_MANIFEST_DIR"), "/../../Cargo.lock");
        let lock = std::fs::read_to_string(lock).unwrap();
        let foreign = lock.split("[[package]]").filter(|package| package.contains("\nsource = "));
        let locked: BTreeSet<&str> =
            foreign.filter_map(|package| package.split("name = \"").nth(1)?.split('"').next()).collect();
        let told: BTreeSet<&str> = licences().map(|(name, _)| name).collect();
        let (new, gone): (Vec<_>, Vec<_>) =
            (locked.difference(&told).collect(), told.difference(&locked).collect());
        assert!(
            new.is_empty() && gone.is_empty(),
            "licences.txt lacks {new:?}, and has {gone:?} for nothing"
        );
        assert!(licences().all(|(_, licence)| !licence.trim().is_empty()));
    }
}
