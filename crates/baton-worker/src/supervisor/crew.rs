//! All seats of a supervisor: how many there are to be, who starts, who ends, and what became of each.

use super::end::{Exit, Verdict, Why};
use super::predecessor::Predecessor;
use super::reports::{Report, cut};
use super::rules::Rules;
use super::seat::{Action, LifeId, Next, Seat, Stage};

/// Why the supervisor is degraded, as it stands in its record.
const REASON_BYTES_MAX: usize = 256;

/// Seats, by what they are about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) live: u64,
    /// Those that are to start, and those that are not ready yet.
    pub(super) starting: u64,
    pub(super) draining: u64,
    pub(super) gave_up: u64,
}

#[derive(Clone, Debug)]
pub(super) struct Crew {
    rules: Rules,
    seats: Vec<Seat>,
    share: u64,
    /// What this host still offers, once seats gave up.
    cap: Option<u64>,
    stopping: bool,
    lives: LifeId,
    /// Failures that were followed by another life.
    restarts: u64,
}

impl Crew {
    pub(super) fn new(rules: Rules) -> Crew {
        Crew { rules, seats: Vec::new(), share: 0, cap: None, stopping: false, lives: 0, restarts: 0 }
    }

    /// The share is this large from now on.
    pub(super) fn follow(&mut self, share: u64) {
        self.share = share;
    }

    /// Somebody says that it is worth another try.
    pub(super) fn begin_anew(&mut self, now_ms: u64) {
        self.cap = None;
        self.seats.iter_mut().for_each(|seat| seat.begin_anew(now_ms));
    }

    /// The pool wants no workers at all, so nobody waits for those that gave up.
    pub(super) fn forget(&mut self) {
        self.cap = None;
        self.seats.retain(|seat| !matches!(seat.stage, Stage::GaveUp { .. }));
    }

    /// Everyone is to end.
    pub(super) fn stop(&mut self) {
        self.stopping = true;
    }

    /// And now.
    pub(super) fn hurry(&mut self, now_ms: u64) -> Vec<Action> {
        self.seats.iter_mut().filter_map(|seat| seat.hurry(now_ms)).collect()
    }

    /// `attended`: did we hear from Redis lately ourselves?
    pub(super) fn hear(
        &mut self,
        life: LifeId,
        now_ms: u64,
        report: Report,
        attended: bool,
    ) -> Option<Action> {
        let rules = &self.rules;
        of(&mut self.seats, life)?.hear(rules, now_ms, report, attended)
    }

    pub(super) fn weigh(&mut self, life: LifeId, now_ms: u64, rss_bytes: u64) -> Option<Action> {
        let rules = &self.rules;
        of(&mut self.seats, life)?.weigh(rules, now_ms, rss_bytes)
    }

    /// A process is gone. What came of it, unless nobody waited for it.
    pub(super) fn ended(
        &mut self,
        life: LifeId,
        now_ms: u64,
        exit: &Exit,
        chance: f64,
    ) -> Option<(Next, Verdict)> {
        let willing = self.willing();
        let at = self.seats.iter().position(|seat| seat.life().is_some_and(|one| one.id == life))?;
        let (next, verdict) = self.seats[at].ended(&self.rules, now_ms, exit, chance);
        match next {
            Next::Remove => drop(self.seats.swap_remove(at)),
            Next::GaveUp => self.cap = Some(self.cap.unwrap_or(willing).min(willing).saturating_sub(1)),
            Next::Again => self.restarts += u64::from(verdict.failure),
        }
        Some((next, verdict))
    }

    /// What is to be done now. `clear`: nothing is left of processes that ended.
    pub(super) fn step(&mut self, now_ms: u64, clear: bool) -> Vec<Action> {
        let rules = self.rules.clone();
        let mut actions: Vec<Action> =
            self.seats.iter_mut().filter_map(|seat| seat.tick(&rules, now_ms)).collect();
        self.size(now_ms, &mut actions);
        self.recycle(now_ms, &mut actions);
        self.start(now_ms, clear, &mut actions);
        actions
    }

    /// As many seats as there are to be.
    fn size(&mut self, now_ms: u64, actions: &mut Vec<Action>) {
        let (wanted, willing) = (self.wanted(), self.willing());
        for _ in willing..wanted {
            self.seats.push(Seat::new(now_ms));
        }
        let mut willing: Vec<usize> =
            (0..self.seats.len()).filter(|at| self.seats[*at].is_willing()).collect();
        willing.sort_by_key(|at| cost_of_loss(&self.seats[*at]));
        willing.truncate(willing.len().saturating_sub(wanted as usize));
        actions.extend(willing.iter().filter_map(|at| self.seats[*at].end(Why::Surplus, now_ms)));
        willing.retain(|at| self.seats[*at].life().is_none());
        // From the end, so that the places before stay where they are.
        willing.sort_unstable_by(|a, b| b.cmp(a));
        willing.into_iter().for_each(|at| drop(self.seats.remove(at)));
    }

    /// A quarter of the workers at a time, so that the pool stays at work.
    fn recycle(&mut self, now_ms: u64, actions: &mut Vec<Action>) {
        let under_way = |seat: &&Seat| {
            let ending = seat.life().and_then(|life| life.ending);
            ending.is_some_and(|ending| ending.why == Why::Recycle)
        };
        let at_once = (self.seats.len() / 4).max(1);
        let room = at_once.saturating_sub(self.seats.iter().filter(under_way).count());
        let full = |seat: &&mut Seat| seat.life().is_some_and(|life| life.full && life.ending.is_none());
        let full = self.seats.iter_mut().filter(full).take(room);
        actions.extend(full.filter_map(|seat| seat.end(Why::Recycle, now_ms)));
    }

    fn start(&mut self, now_ms: u64, clear: bool, actions: &mut Vec<Action>) {
        let starts =
            |seat: &&Seat| seat.life().is_some_and(|life| life.ready_ms.is_none() && life.ending.is_none());
        let room = self.rules.starting_max.saturating_sub(self.seats.iter().filter(starts).count());
        for seat in self.seats.iter_mut().filter(|seat| seat.is_due(now_ms, clear)).take(room) {
            self.lives += 1;
            actions.push(seat.start(self.lives, now_ms));
        }
    }

    /// When something is to be done, if nothing happens before. What is due already waits for something to happen:
    /// for another one to be ready.
    pub(super) fn next_ms(&self, now_ms: u64, clear: bool) -> Option<u64> {
        let times = self.seats.iter().filter_map(|seat| seat.next_ms(&self.rules, clear));
        times.filter(|next| *next > now_ms).min()
    }

    /// The worker that lives this life.
    pub(super) fn name_of(&self, life: LifeId) -> Option<&Predecessor> {
        let seat = self.seats.iter().find(|seat| seat.life().is_some_and(|one| one.id == life))?;
        seat.worker.as_ref()
    }

    fn willing(&self) -> u64 {
        self.seats.iter().filter(|seat| seat.is_willing()).count() as u64
    }

    /// How many workers there are to be.
    pub(super) fn wanted(&self) -> u64 {
        self.share.min(self.most())
    }

    /// How many workers this host offers to run.
    pub(super) fn most(&self) -> u64 {
        if self.stopping { 0 } else { self.cap.unwrap_or(u64::MAX).min(self.rules.max_count) }
    }

    pub(super) fn restarts(&self) -> u64 {
        self.restarts
    }

    /// Has everyone ended?
    pub(super) fn is_empty(&self) -> bool {
        self.seats.iter().all(|seat| seat.life().is_none())
    }

    pub(super) fn tally(&self) -> Tally {
        let mut tally = Tally::default();
        for seat in &self.seats {
            let count = match &seat.stage {
                Stage::GaveUp { .. } => &mut tally.gave_up,
                Stage::Living(life) if life.ending.is_some() => &mut tally.draining,
                Stage::Living(life) if life.ready_ms.is_some() => &mut tally.live,
                Stage::Living(_) | Stage::Vacant { .. } => &mut tally.starting,
            };
            *count += 1;
        }
        tally
    }

    /// Why seats gave up.
    pub(super) fn reason(&self) -> Option<&str> {
        self.seats.iter().find_map(|seat| match &seat.stage {
            Stage::GaveUp { reason } => Some(cut(reason, REASON_BYTES_MAX)),
            Stage::Vacant { .. } | Stage::Living(_) => None,
        })
    }

    /// One word for all of it.
    pub(super) fn state(&self) -> &'static str {
        let Tally { live, starting, draining, gave_up } = self.tally();
        if self.stopping {
            "draining"
        } else if gave_up > 0 {
            "degraded"
        } else if starting > 0 || draining > 0 || live != self.wanted() {
            "converging"
        } else {
            "steady"
        }
    }
}

fn of(seats: &mut [Seat], life: LifeId) -> Option<&mut Seat> {
    seats.iter_mut().find(|seat| seat.life().is_some_and(|one| one.id == life))
}

/// Surplus seats go in this order: empty ones, those that end anyway, those that are not ready, idle ones, busy ones;
/// of equals the youngest.
fn cost_of_loss(seat: &Seat) -> (u8, std::cmp::Reverse<LifeId>) {
    match seat.life() {
        None => (0, std::cmp::Reverse(0)),
        Some(life) => {
            let rank = match (life.ending, life.ready_ms, life.holds) {
                (Some(_), _, _) => 1,
                (None, None, _) => 2,
                (None, Some(_), 0) => 3,
                (None, Some(_), _) => 4,
            };
            (rank, std::cmp::Reverse(life.id))
        }
    }
}

#[cfg(test)]
#[path = "crew_tests.rs"]
mod tests;
