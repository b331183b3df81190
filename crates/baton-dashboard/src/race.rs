//! A race of refreshes: why there is one winner, shown by doing.

use askama::Template;
use baton_api::auth::{Lap, Race};

use crate::page::pages;
use crate::shell::Shell;
use crate::words;

/// Explains, and shows what became of a race.
#[derive(Debug, Template)]
#[template(path = "race.html", blocks = ["live"])]
pub struct RacePage {
    pub shell: Shell,
    /// How many are to bring it, as it was typed.
    pub requests: String,
    pub race: Option<Race>,
    pub refused: Option<String>,
}

pages!(RacePage);

impl RacePage {
    /// `1 of 8 won`.
    fn said(&self, race: &Race) -> String {
        let won = race.laps.iter().filter(|lap| lap.won).count() as u64;
        format!("{} of {} won", words::grouped(won), words::grouped(race.laps.len() as u64))
    }

    fn took(&self, lap: &Lap) -> String {
        format!("{:.1} ms", lap.took_us as f64 / 1_000.0)
    }
}
