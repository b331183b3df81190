//! What the server answers, by the rules of the protocol.

use baton::api::lease::{Beaten, Gone, Outcome, Pair};
use baton::api::worker::{Alive, Claim, Claimed, Claims, Heartbeat, Left, Register, Registered};
use baton::{Fence, Status, TaskId, Timestamp};
use baton_core::Code;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use super::play::{Call, Play, Standing, Task};

/// An answer before it is sent.
#[derive(Debug)]
pub(super) enum Answer {
    Body(u16, Box<RawValue>),
    /// 204.
    Nothing,
    Problem(Code),
    /// Trouble that a case makes.
    Refused {
        status: u16,
        code: &'static str,
        after_s: Option<u64>,
    },
}

const WORKER: &str = "worker-001-conformance";
/// A run may take so long.
const TIMEOUT_MS: u64 = 900_000;

impl Play {
    pub(super) fn register(&mut self, asked: &Register) -> Answer {
        let boot = asked.boot.clone().or_else(|| "0123456789abcdef".parse().ok());
        let id = asked.worker_id.clone().or_else(|| WORKER.parse().ok());
        let (Some(boot), Some(id)) = (boot, id) else { return Answer::Problem(Code::Internal) };
        self.registered = Some(asked.clone());
        let renew_every_ms = self.renew_every_ms();
        body(201, &Registered { id, boot, lease_ms: self.lease_ms, renew_every_ms, taken_over: 0 })
    }

    /// `None`: there is nothing to give yet.
    pub(super) fn claim(&mut self, asked: &Claim, now_ms: u64) -> Option<Answer> {
        if self.lease_is_over && !asked.holding.is_empty() {
            return Some(Answer::Problem(Code::LeaseLost));
        }
        self.lease_is_over = false;
        let gone = self.gone(&asked.holding);
        let room = asked.max.unwrap_or(1) as usize;
        let is_listed = |task: &Task| asked.holding.iter().any(|pair| pair.task == task.id);
        let again = self.tasks.iter().filter(|task| task.standing == Standing::Held && !is_listed(task));
        let mut given: Vec<Claimed> = again.map(|task| self.claimed(task, true, now_ms)).collect();
        let offered: Vec<usize> = (0..self.tasks.len())
            .filter(|at| self.tasks[*at].standing == Standing::Offered)
            .take(room.saturating_sub(given.len()))
            .collect();
        for at in offered {
            self.tasks[at].standing = Standing::Held;
            given.push(self.claimed(&self.tasks[at], false, now_ms));
        }
        for task in self.tasks.iter_mut().filter(|task| given.iter().any(|one| one.id == task.id)) {
            task.given += 1;
        }
        if given.is_empty() && gone.is_empty() {
            return None;
        }
        if asked.max.is_none() {
            return given.first().map(|one| body(200, one));
        }
        Some(body(
            200,
            &Claims {
                tasks: given,
                lease_expires_at: self.lease_ends(now_ms),
                renew_every_ms: self.renew_every_ms(),
                gone,
                solo_waiting: false,
            },
        ))
    }

    fn claimed(&self, task: &Task, redelivered: bool, now_ms: u64) -> Claimed {
        let queue = self.registered.as_ref().and_then(|worker| worker.queues.first().cloned());
        Claimed {
            id: task.id,
            kind: task.kind.parse().unwrap_or_else(|_| unreachable!("kinds of cases are kinds")),
            queue: queue.unwrap_or_default(),
            payload: task.payload.clone(),
            fence: task.fence.0,
            attempt: 0,
            max_attempts: 5,
            crashes: 0,
            priority: 5,
            timeout_ms: TIMEOUT_MS,
            lease_expires_at: self.lease_ends(now_ms),
            redelivered,
            solo: false,
            traceparent: None,
            parents: Default::default(),
            parents_truncated: false,
        }
    }

    pub(super) fn heartbeat(&mut self, asked: &Heartbeat, now_ms: u64) -> Answer {
        if self.lease_is_over {
            return Answer::Problem(Code::LeaseLost);
        }
        let is_listed = |task: &Task| asked.holding.iter().any(|pair| pair.task == task.id);
        let unlisted = self.tasks.iter().filter(|task| task.standing == Standing::Held && !is_listed(task));
        let unknown = unlisted.map(|task| task.id).collect();
        body(
            200,
            &Alive {
                lease_expires_at: self.lease_ends(now_ms),
                renew_every_ms: self.renew_every_ms(),
                gone: self.gone(&asked.holding),
                unknown,
                directives: self.directives.clone(),
            },
        )
    }

    /// The heartbeat of one lease.
    pub(super) fn beat(&mut self, id: TaskId, fence: Fence, now_ms: u64) -> Answer {
        if self.lease_is_over {
            return Answer::Problem(Code::LeaseLost);
        }
        match self.refused(id, fence) {
            Some(code) => Answer::Problem(code),
            None => body(
                200,
                &Beaten { lease_expires_at: self.lease_ends(now_ms), renew_every_ms: self.renew_every_ms() },
            ),
        }
    }

    /// A report. The same again gets the same answer.
    pub(super) fn report(&mut self, call: Call, id: TaskId, fence: Fence, said: &[u8]) -> Answer {
        let Some(task) = self.tasks.iter_mut().find(|task| task.id == id) else {
            return Answer::Problem(Code::UnknownTask);
        };
        let replayed = task.standing == Standing::Ended(call, said.to_vec());
        if !replayed {
            match task.standing {
                Standing::Held if task.fence == fence => {}
                Standing::Ended(..) => return Answer::Problem(Code::AlreadyFinished),
                _ => return Answer::Problem(Code::Fenced),
            }
            task.standing = Standing::Ended(call, said.to_vec());
        }
        let status = match call {
            Call::Complete => Status::Completed,
            Call::Fail => Status::Failed,
            _ => Status::Scheduled,
        };
        body(200, &Outcome { id, status, version: 3, replayed })
    }

    /// Progress and logs: only of what is held.
    pub(super) fn note(&mut self, id: TaskId, fence: Fence) -> Answer {
        match self.refused(id, fence) {
            Some(code) => Answer::Problem(code),
            None => body(200, &serde_json::json!({ "id": id.to_string(), "appended": 1, "version": 2 })),
        }
    }

    pub(super) fn leave(&mut self) -> Answer {
        let held = self.tasks.iter_mut().filter(|task| task.standing == Standing::Held);
        let released = held.map(|task| task.standing = Standing::Offered).count() as u64;
        body(200, &Left { released })
    }

    fn refused(&self, id: TaskId, fence: Fence) -> Option<Code> {
        match self.task(id) {
            None => Some(Code::UnknownTask),
            Some(task) if task.standing == Standing::Held && task.fence == fence => None,
            Some(task) if matches!(task.standing, Standing::Ended(..)) => Some(Code::AlreadyFinished),
            Some(_) => Some(Code::Fenced),
        }
    }

    /// Listed, and not held.
    fn gone(&self, holding: &[Pair]) -> Vec<Gone> {
        let why = |pair: &Pair| match self.task(pair.task).map(|task| &task.standing) {
            Some(Standing::Held) => None,
            Some(Standing::Cancelled) => Some("cancelled"),
            Some(Standing::Ended(Call::Complete, _)) => Some("completed"),
            Some(Standing::Ended(Call::Fail, _)) => Some("failed"),
            _ => Some("fenced"),
        };
        let gone =
            |pair: &Pair| Some(Gone { task: pair.task, fence: pair.fence, why: why(pair)?.to_owned() });
        holding.iter().filter_map(gone).collect()
    }

    fn lease_ends(&self, now_ms: u64) -> Timestamp {
        Timestamp::from_ms(now_ms.saturating_add_signed(self.clock_s * 1_000) + self.lease_ms)
    }
}

fn body(status: u16, value: &impl Serialize) -> Answer {
    match to_raw_value(value) {
        Ok(body) => Answer::Body(status, body),
        Err(_) => Answer::Problem(Code::Internal),
    }
}
