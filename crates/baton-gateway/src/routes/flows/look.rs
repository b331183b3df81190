//! Looks through the flows of all shards, newest first, for those that are wanted.

use std::collections::VecDeque;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use baton_auth::Action;
use baton_core::{FlowState, Shard, Status, limits};
use baton_store::calls::flow::ListFlows;
use baton_store::calls::task::{After, Order, Start};
use baton_store::record::flow::Flow as Record;
use futures_util::future::try_join_all;

use super::part;
use crate::app::App;
use crate::auth::Grant;
use crate::problem::Fail;

/// Flows at which one request looks.
const FLOWS_MAX: u64 = 2_000;
/// Tasks at which one request looks for what can be read of a page of flows; the last flow is looked at whole.
const TASKS_MAX: u64 = 20_000;

/// Which flows are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Wish {
    /// Empty: in any.
    pub(super) states: Vec<FlowState>,
    /// In small letters. Empty: of any name, or none.
    pub(super) name: String,
    /// Those that fail come first.
    pub(super) failing_first: bool,
}

impl Wish {
    pub(super) fn is_everything(&self) -> bool {
        self.states.is_empty() && self.name.is_empty()
    }

    fn takes_name(&self, flow: &Record) -> bool {
        let name = || flow.name.as_ref().map(|name| name.to_string().to_lowercase());
        self.name.is_empty() || name().is_some_and(|name| name.contains(&self.name))
    }

    fn takes(&self, flow: &Record, part: Part) -> bool {
        (self.states.is_empty() || self.states.contains(&flow.state))
            && match part {
                Part::All => true,
                Part::Failing => is_failing(flow),
                Part::Others => !is_failing(flow),
            }
    }
}

/// Something of it ended badly, or is held back by what did.
fn is_failing(flow: &Record) -> bool {
    let any = |status| flow.counts.get(&status).is_some_and(|count| *count > 0);
    any(Status::Failed) || any(Status::Timeout) || flow.state == FlowState::Held
}

/// Where those that fail come first, the list is walked twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    All,
    Failing,
    Others,
}

/// How far a list was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    part: Part,
    after: Option<After>,
}

impl Place {
    pub(super) fn first(wish: &Wish) -> Place {
        Place { part: if wish.failing_first { Part::Failing } else { Part::All }, after: None }
    }

    /// The beginning of what comes behind this part.
    fn next_part(self) -> Option<Place> {
        (self.part == Part::Failing).then_some(Place { part: Part::Others, after: None })
    }

    pub(super) fn write(self) -> String {
        let after = self.after.map(|after| after.to_string()).unwrap_or_default();
        let text = match self.part {
            Part::All => after,
            Part::Failing => format!("failing {after}"),
            Part::Others => format!("others {after}"),
        };
        URL_SAFE_NO_PAD.encode(text)
    }

    /// A cursor is good for lists in the order in which it was given.
    pub(super) fn read(cursor: &str, wish: &Wish) -> Option<Place> {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
        let (part, after) = match text.split_once(' ') {
            Some(("failing", after)) => (Part::Failing, after),
            Some(("others", after)) => (Part::Others, after),
            _ => (Part::All, text.as_str()),
        };
        let after = if after.is_empty() { None } else { Some(after.parse().ok()?) };
        (wish.failing_first == (part != Part::All)).then_some(Place { part, after })
    }
}

/// What a look has brought.
pub(super) struct Looked {
    pub(super) flows: Vec<Record>,
    pub(super) next: Option<Place>,
    /// How many flows were looked at.
    pub(super) scanned: u64,
    /// It ended because it had looked at so many.
    pub(super) truncated: bool,
    /// How many flows there are, wanted or not.
    pub(super) total: u64,
}

pub(super) async fn look(
    app: &App,
    grant: &Grant,
    wish: &Wish,
    limit: u64,
    mut place: Place,
) -> Result<Looked, Fail> {
    let reads_all = grant.reaches_all(Action::TasksRead);
    let plain = reads_all && wish.is_everything() && !wish.failing_first;
    let size = if plain { limit.min(limits::PAGE_MAX) } else { limits::PAGE_MAX };
    let mut looked = Looked { flows: Vec::new(), next: None, scanned: 0, truncated: false, total: 0 };
    let (mut sides, mut tasks_left) = (Sides::behind(app, place.after), TASKS_MAX);
    loop {
        let newest = sides.newest(app, size).await?;
        looked.total = sides.total();
        let Some(record) = newest else {
            let Some(next) = place.next_part() else { return Ok(looked) };
            (place, sides) = (next, Sides::behind(app, next.after));
            continue;
        };
        place.after = Some(After { score: record.created_ms, id: record.id.task(0) });
        looked.scanned += 1;
        if wish.takes_name(&record) {
            if !reads_all {
                tasks_left = tasks_left.saturating_sub(record.tasks.max(limits::PAGE_MAX));
            }
            let seen = part::of(app, grant, record).await?;
            looked.flows.extend(seen.filter(|flow| wish.takes(flow, place.part)));
        }
        let is_full = looked.flows.len() as u64 == limit;
        if is_full || looked.scanned >= FLOWS_MAX || tasks_left == 0 {
            looked.next = if sides.have_more() { Some(place) } else { place.next_part() };
            looked.truncated = !is_full && looked.next.is_some();
            return Ok(looked);
        }
    }
}

/// The flows of all shards behind a place. What was read of a shard is kept until its turn comes.
struct Sides(Vec<Side>);

/// Those of one shard, newest first.
struct Side {
    shard: Shard,
    at_hand: VecDeque<Record>,
    /// From where on there may be more.
    next: Option<Start>,
    /// How many flows the shard has.
    total: u64,
}

impl Sides {
    fn behind(app: &App, after: Option<After>) -> Sides {
        let next = Some(after.map_or(Start::default(), Start::After));
        let side = |shard| Side { shard, at_hand: VecDeque::new(), next, total: 0 };
        Sides(app.store.shards().all().map(side).collect())
    }

    fn total(&self) -> u64 {
        self.0.iter().map(|side| side.total).sum()
    }

    fn have_more(&self) -> bool {
        self.0.iter().any(|side| side.next.is_some() || !side.at_hand.is_empty())
    }

    /// The next of all; of a shard of which none is at hand so many are read.
    async fn newest(&mut self, app: &App, size: u64) -> Result<Option<Record>, Fail> {
        let empty = self.0.iter_mut().filter(|side| side.next.is_some() && side.at_hand.is_empty());
        try_join_all(empty.map(|side| side.fill(app, size))).await?;
        let first = |side: &&mut Side| side.at_hand.front().map(|flow| (flow.created_ms, flow.id));
        Ok(self.0.iter_mut().max_by_key(first).and_then(|side| side.at_hand.pop_front()))
    }
}

impl Side {
    async fn fill(&mut self, app: &App, size: u64) -> Result<(), Fail> {
        while let Some(start) = self.next.filter(|_| self.at_hand.is_empty()) {
            let list = ListFlows { order: Order::Down, start, limit: size };
            let page = app.store.list_flows(self.shard, list).await?;
            self.at_hand.extend(page.flows);
            self.next = page.next.map(Start::After);
            self.total = page.total;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_good_for_its_own_order() {
        let after = After { score: 7, id: "01a1fc29-8a56-7000-8a14-c38b1cfc4000".parse().unwrap() };
        let newest = Wish::default();
        let failing = Wish { failing_first: true, ..Wish::default() };
        for (part, wish, other) in [
            (Part::All, &newest, &failing),
            (Part::Failing, &failing, &newest),
            (Part::Others, &failing, &newest),
        ] {
            for after in [None, Some(after)] {
                let place = Place { part, after };
                assert_eq!(Place::read(&place.write(), wish), Some(place));
                assert_eq!(Place::read(&place.write(), other), None);
            }
        }
        assert_eq!(Place::read("nonsense", &newest), None);
    }
}
