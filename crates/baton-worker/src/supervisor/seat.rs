//! One place of a supervisor's share, and the lives that are lived in it one after another.
//!
//! ```text
//!            start                    ready, reports
//!  vacant ──────────► living ──────────────────────────► living, proved
//!    ▲                  │ told to end: surplus, recycle, memory, silent, deaf
//!    │                  ▼
//!    ├───────────── ended ── surplus ──────────────────► no seat any more
//!    │                  │
//!    │                  └──── too many failures in a row ─► gave up ── begun anew ─► vacant
//!    └── after a wait
//! ```
//!
//! The next life goes on under the name of the one before it: registering under that name takes over at once what
//! the dead one held. Nothing here does anything; it says what is to be done.

use super::backoff::wait_ms;
use super::end::{Exit, Verdict, Why, judge};
use super::predecessor::Predecessor;
use super::reports::{Fault, Report};
use super::rules::Rules;

/// One life of a worker: one process. No two have the same number.
pub(super) type LifeId = u64;

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Start {
        life: LifeId,
        /// The one to go on from.
        from: Option<Predecessor>,
        /// How the life before it ended, if it was not asked to.
        after: Option<String>,
    },
    /// SIGTERM: the first asks to end, the second to end now.
    Terminate(LifeId),
    /// SIGKILL, to the whole group.
    Kill(LifeId),
}

#[derive(Clone, Debug)]
pub(super) struct Seat {
    /// The worker that lives here, or lived here last.
    pub(super) worker: Option<Predecessor>,
    after: Option<String>,
    /// Lives in a row that did not prove themselves, and how many of them failed.
    unproven: u32,
    failures: u64,
    pub(super) stage: Stage,
}

#[derive(Clone, Debug)]
pub(super) enum Stage {
    Vacant {
        due_ms: u64,
        /// Not before then, while something of the last life is still there.
        clear_ms: u64,
    },
    Living(Life),
    GaveUp {
        reason: String,
    },
}

#[derive(Clone, Debug)]
pub(super) struct Life {
    pub(super) id: LifeId,
    heard_ms: u64,
    /// It said who it is.
    named: bool,
    /// Since when a claim of it has come through.
    pub(super) ready_ms: Option<u64>,
    pub(super) holds: u64,
    proved: bool,
    /// It has done its share of tasks.
    pub(super) full: bool,
    pub(super) ending: Option<Ending>,
    fault: Option<Fault>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ending {
    pub(super) why: Why,
    told: Told,
    told_ms: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    Once,
    Twice,
    Killed,
}

/// What an end came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Another life, after a wait.
    Again,
    /// It was one too many.
    Remove,
    GaveUp,
}

impl Seat {
    pub(super) fn new(now_ms: u64) -> Seat {
        let stage = Stage::Vacant { due_ms: now_ms, clear_ms: now_ms };
        Seat { worker: None, after: None, unproven: 0, failures: 0, stage }
    }

    /// Does it stand for a worker that there is or will be?
    pub(super) fn is_willing(&self) -> bool {
        match &self.stage {
            Stage::Vacant { .. } => true,
            Stage::Living(life) => life.ending.is_none_or(|ending| ending.why != Why::Surplus),
            Stage::GaveUp { .. } => false,
        }
    }

    pub(super) fn life(&self) -> Option<&Life> {
        match &self.stage {
            Stage::Living(life) => Some(life),
            Stage::Vacant { .. } | Stage::GaveUp { .. } => None,
        }
    }

    fn life_mut(&mut self) -> Option<&mut Life> {
        match &mut self.stage {
            Stage::Living(life) => Some(life),
            Stage::Vacant { .. } | Stage::GaveUp { .. } => None,
        }
    }

    /// What has failed counts no more.
    pub(super) fn begin_anew(&mut self, now_ms: u64) {
        (self.unproven, self.failures) = (0, 0);
        match &mut self.stage {
            Stage::Vacant { due_ms, .. } => *due_ms = now_ms,
            stage @ Stage::GaveUp { .. } => *stage = Stage::Vacant { due_ms: now_ms, clear_ms: now_ms },
            Stage::Living(_) => {}
        }
    }

    /// May a life begin now?
    pub(super) fn is_due(&self, now_ms: u64, clear: bool) -> bool {
        matches!(self.stage, Stage::Vacant { due_ms, clear_ms } if now_ms >= due_ms && (clear || now_ms >= clear_ms))
    }

    pub(super) fn start(&mut self, id: LifeId, now_ms: u64) -> Action {
        self.stage = Stage::Living(Life {
            id,
            heard_ms: now_ms,
            named: false,
            ready_ms: None,
            holds: 0,
            proved: false,
            full: false,
            ending: None,
            fault: None,
        });
        Action::Start { life: id, from: self.worker.clone(), after: self.after.take() }
    }

    /// Takes in what the worker says.
    pub(super) fn hear(
        &mut self,
        rules: &Rules,
        now_ms: u64,
        report: Report,
        attended: bool,
    ) -> Option<Action> {
        let name = report.name();
        let life = self.life_mut()?;
        // A life has one name from its first word on.
        let is_new = name.is_some() && !std::mem::replace(&mut life.named, true);
        if is_new {
            self.worker = name;
        }
        let life = self.life_mut()?;
        life.heard_ms = now_ms;
        life.holds = report.holds;
        // The first one knows best; what a program says as it ends repeats it.
        life.fault = life.fault.take().or(report.fault);
        if report.ready {
            life.ready_ms.get_or_insert(now_ms);
        }
        let settled = report.done.saturating_add(report.failed);
        life.full = rules.recycle_after_tasks > 0 && settled >= rules.recycle_after_tasks;
        let deaf = report.answered_ms.is_some_and(|silence| attended && silence >= rules.deaf_ms);
        if settled > 0 {
            self.prove();
        }
        if deaf { self.end(Why::Deaf, now_ms) } else { None }
    }

    fn prove(&mut self) {
        (self.unproven, self.failures) = (0, 0);
        if let Some(life) = self.life_mut() {
            life.proved = true;
        }
    }

    /// Takes in how much memory the process has.
    pub(super) fn weigh(&mut self, rules: &Rules, now_ms: u64, rss_bytes: u64) -> Option<Action> {
        match rules.max_rss_bytes {
            0 => None,
            max if rss_bytes > max.saturating_mul(2) => self.end(Why::Overgrown, now_ms),
            max if rss_bytes > max => self.end(Why::Memory, now_ms),
            _ => None,
        }
    }

    /// Tells the worker to end. Whoever was asked to already is asked again only with more force.
    pub(super) fn end(&mut self, why: Why, now_ms: u64) -> Option<Action> {
        let life = self.life_mut()?;
        let id = life.id;
        match &mut life.ending {
            Some(ending) if why.is_violent() && ending.told != Told::Killed => {
                // What we asked for before stays the reason, or a surplus worker would be replaced.
                *ending = Ending { told: Told::Killed, told_ms: now_ms, ..*ending };
                Some(Action::Kill(id))
            }
            Some(ending) => {
                if why == Why::Surplus {
                    ending.why = why;
                }
                None
            }
            none => {
                let told = if why.is_violent() { Told::Killed } else { Told::Once };
                *none = Some(Ending { why, told, told_ms: now_ms });
                Some(if why.is_violent() { Action::Kill(id) } else { Action::Terminate(id) })
            }
        }
    }

    /// One that was asked to end is asked for the second time.
    pub(super) fn hurry(&mut self, now_ms: u64) -> Option<Action> {
        let life = self.life_mut()?;
        let ending = life.ending.as_mut().filter(|ending| ending.told == Told::Once)?;
        (ending.told, ending.told_ms) = (Told::Twice, now_ms);
        Some(Action::Terminate(life.id))
    }

    /// What time asks for.
    pub(super) fn tick(&mut self, rules: &Rules, now_ms: u64) -> Option<Action> {
        let life = self.life()?;
        if !life.proved && life.ready_ms.is_some_and(|ready| now_ms >= ready + rules.proof_ms) {
            self.prove();
        }
        let Life { id, heard_ms, ending, .. } = self.life()?;
        let (id, silent) = (*id, now_ms >= heard_ms + rules.silent_ms);
        match *ending {
            // One that ends may have nothing to say.
            None if silent => self.end(Why::Silent, now_ms),
            Some(Ending { told: Told::Once, told_ms, .. })
                if now_ms >= told_ms + rules.drain_ms + rules.patience_ms =>
            {
                self.hurry(now_ms)
            }
            Some(Ending { told: Told::Twice, told_ms, .. }) if now_ms >= told_ms + rules.patience_ms => {
                let ending = self.life_mut()?.ending.as_mut()?;
                (ending.told, ending.told_ms) = (Told::Killed, now_ms);
                Some(Action::Kill(id))
            }
            _ => None,
        }
    }

    /// When time next asks for something.
    pub(super) fn next_ms(&self, rules: &Rules, clear: bool) -> Option<u64> {
        match &self.stage {
            Stage::Vacant { due_ms, clear_ms } => Some(if clear { *due_ms } else { *due_ms.max(clear_ms) }),
            Stage::Living(Life { heard_ms, ending, .. }) => match ending {
                None => Some(heard_ms + rules.silent_ms),
                Some(Ending { told: Told::Once, told_ms, .. }) => {
                    Some(told_ms + rules.drain_ms + rules.patience_ms)
                }
                Some(Ending { told: Told::Twice, told_ms, .. }) => Some(told_ms + rules.patience_ms),
                Some(Ending { told: Told::Killed, .. }) => None,
            },
            Stage::GaveUp { .. } => None,
        }
    }

    /// The process is gone.
    pub(super) fn ended(&mut self, rules: &Rules, now_ms: u64, exit: &Exit, chance: f64) -> (Next, Verdict) {
        let (proved, was_ready, asked, fault) = match &mut self.stage {
            Stage::Living(life) => {
                let asked = life.ending.map(|ending| ending.why);
                (life.proved, life.ready_ms.is_some(), asked, life.fault.take())
            }
            Stage::Vacant { .. } | Stage::GaveUp { .. } => (false, false, None, None),
        };
        let mut verdict = judge(exit, asked, fault.as_ref());
        // One that was ready could be configured: some handler has ended it in these words.
        verdict.hopeless &= !was_ready;
        if asked == Some(Why::Surplus) {
            return (Next::Remove, verdict);
        }
        // Where every life is too large at once, a larger limit is what is missing, and not another life.
        verdict.failure |= asked == Some(Why::Memory) && !proved;
        if !verdict.keeps_name {
            self.worker = None;
        }
        self.after = (verdict.failure && self.worker.is_some()).then(|| verdict.text.clone());
        if !proved {
            self.unproven = self.unproven.saturating_add(1);
            self.failures += u64::from(verdict.failure);
        }
        let told = fault.map(|fault| fault.text).filter(|text| !text.is_empty());
        if self.gives_up(rules, &verdict) {
            let reason =
                told.map_or_else(|| verdict.text.clone(), |told| format!("{}: {told}", verdict.text));
            self.stage = Stage::GaveUp { reason };
            return (Next::GaveUp, verdict);
        }
        let planned = asked.is_some() && !verdict.failure;
        let wait_ms = if planned { 0 } else { wait_ms(self.unproven, chance) };
        self.stage = Stage::Vacant { due_ms: now_ms + wait_ms, clear_ms: now_ms + rules.clearing_ms };
        (Next::Again, verdict)
    }

    fn gives_up(&self, rules: &Rules, verdict: &Verdict) -> bool {
        let exhausted = self.failures >= rules.max_restarts.max(1);
        verdict.failure && (exhausted || verdict.hopeless || !rules.restart_on_failure)
    }
}
