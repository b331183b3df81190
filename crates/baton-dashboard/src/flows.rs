//! Flows: all of them, and how far each one is.

use askama::Template;
use baton_api::flow::{Flow, FlowList};
use baton_core::{FlowState, Status};

use crate::link::Link;
use crate::page::pages;
use crate::shell::Shell;
use crate::words;

/// A list of flows.
#[derive(Debug, Template)]
#[template(path = "flows.html", blocks = ["live"])]
pub struct FlowsPage {
    pub shell: Shell,
    pub list: FlowList,
    /// One of the states, or none for all.
    pub state: String,
    /// A part of the name.
    pub name: String,
    /// `failing`, or nothing: newest first.
    pub sort: String,
    pub cursor: String,
}

pages!(FlowsPage);

impl FlowsPage {
    /// This list from its start, but in that state and order.
    fn with(&self, state: &str, sort: &str) -> Link {
        let link = self.shell.flows().with_some("state", state);
        link.with_some("name", &self.name).with_some("sort", sort)
    }

    fn further(&self) -> Option<Link> {
        Some(self.with(&self.state, &self.sort).with("cursor", self.list.next_cursor.as_ref()?))
    }

    fn states(&self) -> impl Iterator<Item = &'static str> {
        FlowState::ALL.iter().map(|state| state.as_str())
    }

    fn orders(&self) -> [(&'static str, &'static str); 2] {
        [("", "Newest first"), ("failing", "Failing first")]
    }

    fn is_bare(&self) -> bool {
        self.state.is_empty() && self.name.is_empty() && self.cursor.is_empty()
    }

    /// A sentence on how far was looked, where only some are wanted.
    fn looked(&self) -> Option<String> {
        let scanned = self.list.scanned.filter(|_| !self.state.is_empty() || !self.name.is_empty())?;
        let more = if self.list.truncated == Some(true) { ", and there are more" } else { "" };
        Some(format!("Looked at {} flows{more}.", words::grouped(scanned)))
    }
}

/// What a flow is called: its name, or a part of its id.
pub fn called(flow: &Flow) -> String {
    let id = || words::short(flow.id.to_string());
    flow.name.as_ref().map_or_else(id, words::line)
}

pub fn count(flow: &Flow, status: Status) -> u64 {
    flow.counts.get(status.as_str()).copied().unwrap_or_default()
}

/// Tasks that have ended, one way or another.
pub fn ended(flow: &Flow) -> u64 {
    Status::ALL.iter().filter(|status| status.is_terminal()).map(|status| count(flow, *status)).sum()
}

/// Tasks that ended badly.
pub fn bad(flow: &Flow) -> u64 {
    count(flow, Status::Failed) + count(flow, Status::Timeout)
}

/// How long it took, or takes so far.
pub fn took(flow: &Flow, shell: &Shell) -> String {
    let until = flow.finished_at.unwrap_or(shell.now);
    words::took(until.ms().saturating_sub(flow.created_at.ms()))
}

/// A piece of the bar that says how far a flow is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    pub status: Status,
    /// In thousandths of the whole.
    pub at: u64,
    pub wide: u64,
}

/// What has ended stands in front.
const ORDER: [Status; 8] = [
    Status::Completed,
    Status::Failed,
    Status::Timeout,
    Status::Cancelled,
    Status::Running,
    Status::Pending,
    Status::Scheduled,
    Status::Blocked,
];

/// A piece for each status that some of its tasks have.
pub fn pieces(flow: &Flow) -> Vec<Piece> {
    let whole = ORDER.iter().map(|status| count(flow, *status)).sum::<u64>().max(1);
    let mut before = 0;
    let mut pieces = Vec::new();
    for status in ORDER {
        let many = count(flow, status);
        let (at, end) = (before * 1_000 / whole, (before + many) * 1_000 / whole);
        before += many;
        if many > 0 {
            // One task of a hundred thousand is seen, too.
            pieces.push(Piece { status, at: at.min(996), wide: (end - at).max(4) });
        }
    }
    pieces
}

/// The same in words.
pub fn progress(flow: &Flow) -> String {
    let each = ORDER.iter().map(|status| (count(flow, *status), status)).filter(|(many, _)| *many > 0);
    let said: Vec<String> = each.map(|(many, status)| format!("{} {status}", words::grouped(many))).collect();
    if said.is_empty() { "no tasks".to_owned() } else { said.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flow(counts: &str) -> Flow {
        let text = format!(
            r#"{{"id":"01a1fc29-8a56-7000-8a14-c38b1cfc4000","state":"running","tasks":10,"edges":0,
                "counts":{counts},"created_at":"2026-01-01T00:00:00Z"}}"#
        );
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn a_bar_has_a_piece_for_each_status_and_what_has_ended_is_in_front() {
        let pieces = pieces(&flow(r#"{"completed":5,"failed":1,"blocked":4}"#));
        let said: Vec<(&str, u64, u64)> =
            pieces.iter().map(|piece| (piece.status.as_str(), piece.at, piece.wide)).collect();
        assert_eq!(said, [("completed", 0, 500), ("failed", 500, 100), ("blocked", 600, 400)]);
    }

    #[test]
    fn one_of_very_many_is_seen() {
        let pieces = pieces(&flow(r#"{"completed":99999,"failed":1}"#));
        assert!(pieces[1].wide >= 4 && pieces[1].at + pieces[1].wide <= 1_000, "{pieces:?}");
    }

    #[test]
    fn counts_are_summed() {
        let flow = flow(r#"{"completed":5,"timeout":2,"failed":1,"cancelled":1,"blocked":4}"#);
        assert_eq!((ended(&flow), bad(&flow)), (9, 3));
        assert_eq!(progress(&flow), "5 completed, 1 failed, 2 timeout, 1 cancelled, 4 blocked");
        assert_eq!(called(&flow), "c38b1cfc4");
    }
}
