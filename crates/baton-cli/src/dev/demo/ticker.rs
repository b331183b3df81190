//! The line that says how the fleet does: in place on a terminal, every few seconds otherwise.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use anyhow::Result;
use baton::api::event::Frame;
use baton::api::task::Stats;
use baton::{Client, Status};

use crate::out::{Out, span};

const IN_PLACE_EVERY: Duration = Duration::from_millis(500);
const LINE_EVERY: Duration = Duration::from_secs(5);

/// How many pickups the figure is made of.
const LATEST: usize = 200;

pub(super) fn every(out: &Out) -> Duration {
    if out.is_terminal() { IN_PLACE_EVERY } else { LINE_EVERY }
}

/// How long tasks wait to be claimed, as the live feed tells.
#[derive(Debug, Default)]
pub(super) struct Pickups {
    waiting: HashMap<String, u64>,
    latest: VecDeque<u64>,
}

impl Pickups {
    pub(super) fn hear(&mut self, frame: Frame) {
        let Some(event) = frame.data else {
            if frame.topic == "reset" {
                self.waiting.clear();
            }
            return;
        };
        let (Some(task), at) = (event.task, event.at.ms()) else { return };
        match event.event.as_str() {
            "submit" | "mature" | "promote" | "rerun" | "release" | "reclaim" => {
                self.waiting.insert(task, at);
            }
            "claim" => self.latest.extend(self.waiting.remove(&task).map(|since| at.saturating_sub(since))),
            _ => {}
        }
        let surplus = self.latest.len().saturating_sub(LATEST);
        self.latest.drain(..surplus);
    }

    /// How long 95 of 100 waited at most.
    fn p95(&self) -> Option<u64> {
        let mut waits: Vec<u64> = self.latest.iter().copied().collect();
        waits.sort_unstable();
        waits.get((waits.len() * 95).div_ceil(100).checked_sub(1)?).copied()
    }
}

/// Prints how the fleet does at the moment. A gateway that does not answer just now is no news: the next look comes.
pub(super) async fn show(out: &Out, client: &Client, pickups: &Pickups) -> Result<()> {
    let Ok(stats) = client.stats().await else { return Ok(()) };
    let line = line(&stats, pickups);
    if out.is_terminal() { out.text(&format!("\r\x1b[2K{line}")) } else { out.line(&line) }
}

fn line(stats: &Stats, pickups: &Pickups) -> String {
    let words = [Status::Completed, Status::Failed, Status::Scheduled, Status::Pending, Status::Running];
    let count = |status: Status| stats.tasks.get(status.as_str()).copied().unwrap_or_default();
    let counts: String = words.into_iter().map(|status| format!("{status} {}   ", count(status))).collect();
    let pickup = pickups.p95().map_or("-".to_owned(), span);
    format!("  {counts}pickup p95 {pickup}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(event: &str, task: &str, ms: u64) -> Frame {
        let at = baton::Timestamp::from_ms(ms);
        let text = format!(r#"{{"event":"{event}","at":"{at}","task":"{task}"}}"#);
        let data = serde_json::from_str(&text).unwrap();
        Frame { id: String::new(), topic: "task".to_owned(), data: Some(data), counts: None }
    }

    #[test]
    fn a_wait_is_from_pending_to_claim_and_the_slowest_twentieth_is_left_out() {
        let mut pickups = Pickups::default();
        assert_eq!(pickups.p95(), None);
        for wait in (1..=100).rev() {
            let task = wait.to_string();
            pickups.hear(frame("submit", &task, 5));
            pickups.hear(frame("mature", &task, 1_000));
            pickups.hear(frame("claim", &task, 1_000 + wait));
        }
        assert_eq!(pickups.p95(), Some(95));
        pickups.hear(frame("claim", "of somebody else", 1));
        assert_eq!(pickups.latest.len(), 100);
    }
}
