//! What each move does to a task, told once more.

use baton_core::{Boot, Fence, Status};
use baton_store::calls::task::Outcome;
use baton_testkit::Life;

use super::model::{Last, Task};

/// How a failed attempt goes on.
pub(super) enum Next {
    Ended,
    Retries,
}

impl Task {
    fn enter(&mut self, status: Status, now_ms: u64) {
        self.status = status;
        self.version += 1;
        self.progress = None;
        if !matches!(status, Status::Scheduled | Status::Blocked) {
            self.run_at_ms = 0;
        }
        if status == Status::Pending {
            self.pending_ms = Some(now_ms);
        }
        if status.is_terminal() {
            self.finished_ms = now_ms;
        }
    }

    fn next_fence(&self, now_ms: u64) -> u64 {
        Fence::next(Fence(self.fence), now_ms * 1_000).0
    }

    pub(super) fn claim(&mut self, life: &Life, now_ms: u64) {
        self.fence = self.next_fence(now_ms);
        self.run = Some((life.clone(), now_ms));
        self.last = Last::Nothing;
        self.enter(Status::Running, now_ms);
    }

    pub(super) fn mature(&mut self, now_ms: u64) {
        self.enter(Status::Pending, now_ms);
    }

    /// It has to wait for a parent, whatever it was about to do.
    pub(super) fn block(&mut self, now_ms: u64) {
        self.enter(Status::Blocked, now_ms);
    }

    pub(super) fn unblock(&mut self, now_ms: u64) {
        let to = if self.run_at_ms > now_ms { Status::Scheduled } else { Status::Pending };
        self.enter(to, now_ms);
    }

    pub(super) fn complete(&mut self, result: &[u8], now_ms: u64) {
        self.result = result.to_vec();
        self.error.clear();
        self.reason.clear();
        self.enter(Status::Completed, now_ms);
    }

    pub(super) fn release(&mut self, delay_ms: Option<u64>, now_ms: u64) {
        match delay_ms {
            Some(delay) => {
                self.run_at_ms = now_ms + delay;
                self.enter(Status::Scheduled, now_ms);
            }
            None => self.enter(Status::Pending, now_ms),
        }
    }

    /// Burns an attempt; a retry's time is for the caller to set.
    pub(super) fn fail(
        &mut self,
        error: &[u8],
        reason: &str,
        end: Status,
        for_good: bool,
        now_ms: u64,
    ) -> Next {
        self.attempt += 1;
        self.error = error.to_vec();
        self.reason = reason.to_owned();
        if for_good || self.attempt >= self.spec.max_attempts {
            self.enter(end, now_ms);
            return Next::Ended;
        }
        self.enter(Status::Scheduled, now_ms);
        Next::Retries
    }

    /// Counts a crash: back to its queue, or the end.
    pub(super) fn crash(&mut self, now_ms: u64) {
        self.crashes += 1;
        self.last = Last::Done;
        if self.crashes < self.spec.max_crashes {
            self.enter(Status::Pending, now_ms);
        } else {
            self.reason = "poison".to_owned();
            self.enter(Status::Failed, now_ms);
        }
    }

    /// The next boot of its worker goes on with it, unless it must live its last life alone. Answers whether it does.
    pub(super) fn take_over(&mut self, boot: &Boot, now_ms: u64) -> bool {
        if self.crashes + 2 >= self.spec.max_crashes {
            self.crash(now_ms);
            return false;
        }
        self.crashes += 1;
        self.fence = self.next_fence(now_ms);
        if let Some((life, started_ms)) = &mut self.run {
            life.boot = boot.clone();
            *started_ms = now_ms;
        }
        self.enter(Status::Running, now_ms);
        true
    }

    pub(super) fn cancel(&mut self, reason: &str, now_ms: u64) {
        if self.status == Status::Running {
            self.last = Last::Done;
        }
        self.reason = reason.to_owned();
        self.enter(Status::Cancelled, now_ms);
    }

    pub(super) fn rerun(&mut self, is_blocked: bool, now_ms: u64) {
        (self.attempt, self.crashes) = (0, 0);
        self.finished_by = None;
        self.result.clear();
        self.error.clear();
        self.reason.clear();
        self.last = Last::Done;
        let to = if is_blocked { Status::Blocked } else { Status::Pending };
        self.enter(to, now_ms);
    }

    /// Is `outcome` what was reported of the last run?
    pub(super) fn was_reported(&self, outcome: &Outcome) -> Option<bool> {
        match &self.last {
            Last::Reported(known) => Some(known == outcome),
            Last::Nothing | Last::Done => None,
        }
    }
}
