//! The supervisor's word with Redis: it reports, and hears what its pool is to be.
//!
//! It runs beside the supervisor's loop, and both only look at what the other last said. However long Redis takes to
//! answer, a dead worker is replaced meanwhile.

use std::time::Duration;

use baton_core::pool::shares;
use baton_core::{PoolName, Refusal, SupervisorId};
use baton_service::Chain;
use baton_store::calls::pool::{Attend, Attendance, Attended};
use baton_store::calls::worker::Deregistered;
use baton_store::ticker::Recovery;
use baton_store::{Options as StoreOptions, Store};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::following::Wish;
use super::machine;
use super::predecessor::Predecessor;
use crate::engine::clock::jittered;
use crate::run::{self, RunError};

/// Between two reports.
const EVERY: Duration = Duration::from_secs(1);

/// How long taking leave may take: if it does not come through, a few seconds do the same.
const LEAVE: Duration = Duration::from_secs(2);

/// Fields of the supervisor's record.
pub(super) type Record = Vec<(&'static str, String)>;

/// What Redis answered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answer {
    pub(super) wish: Wish,
    pub(super) share: u64,
    /// Who was there before and is not now has surely ended.
    pub(super) sure: bool,
}

pub(super) struct Beat {
    pub(super) options: StoreOptions,
    pub(super) pool: PoolName,
    pub(super) supervisor: SupervisorId,
    pub(super) machine: String,
    pub(super) count: u64,
    pub(super) auto_start: bool,
    pub(super) record: watch::Receiver<Record>,
    pub(super) answers: watch::Sender<Option<Answer>>,
    /// Workers that are dead and have no successor.
    pub(super) dead: mpsc::UnboundedReceiver<Predecessor>,
    /// Attend no more.
    pub(super) leave: CancellationToken,
}

impl Beat {
    /// Attends until it is to leave. It fails only where this Redis cannot be used at all.
    pub(super) async fn run(mut self) -> Result<(), RunError> {
        let Some(store) = self.leave.run_until_cancelled(run::open(&self.options, true)).await else {
            return Ok(());
        };
        let store = store?;
        let recovery = tokio::spawn(tell_recovery(store.clone()));
        let leave = self.leave.clone();
        leave.run_until_cancelled(self.keep_attending(&store)).await;
        recovery.abort();
        match tokio::time::timeout(LEAVE, store.leave_pool(&self.pool, &self.supervisor)).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => tracing::debug!(%error, "did not take leave"),
            Err(_) => tracing::debug!("did not take leave in time"),
        }
        Ok(())
    }

    async fn keep_attending(&mut self, store: &Store) {
        let (mut first, mut well, mut dead) = (true, true, Vec::new());
        loop {
            let heard = self.attend(store, first).await;
            if heard.is_ok() {
                while let Ok(one) = self.dead.try_recv() {
                    dead.push(one);
                }
                take_leave_for(store, &mut dead).await;
            }
            first &= heard.is_err();
            let is_well = heard.is_ok();
            match heard {
                Ok(()) if !well => tracing::info!(pool = %self.pool, "Redis answers again"),
                // Once, and not each second of an outage.
                Err(error) if well => {
                    tracing::warn!(pool = %self.pool, error, "not heard by Redis; the workers stay as they are")
                }
                Ok(()) | Err(_) => {}
            }
            well = is_well;
            tokio::time::sleep(jittered(EVERY)).await;
        }
    }

    /// Once.
    async fn attend(&self, store: &Store, first: bool) -> Result<(), String> {
        let mut heard = self.ask(store, first).await?;
        let ghosts: Vec<SupervisorId> = ghosts(&heard, &self.machine).cloned().collect();
        for ghost in &ghosts {
            tracing::warn!(supervisor = %ghost, "a supervisor of this machine is dead; taking leave for it");
            if let Err(error) = store.leave_pool(&self.pool, ghost).await {
                tracing::debug!(%error, "did not take leave for it");
            }
        }
        heard.supervisors.retain(|one| !ghosts.contains(&one.id));
        let share = share(&heard, &self.supervisor);
        let wish = Wish { desired: heard.desired, running: heard.running, generation: heard.generation };
        self.answers.send_replace(Some(Answer { wish, share, sure: !ghosts.is_empty() }));
        Ok(())
    }

    async fn ask(&self, store: &Store, first: bool) -> Result<Attendance, String> {
        let report = self.record.borrow().clone();
        let attend = Attend {
            pool: &self.pool,
            supervisor: &self.supervisor,
            first,
            count: self.count,
            auto_start: self.auto_start,
            report: &report,
        };
        match store.attend(&attend).await {
            Ok(Attended::Heard(heard)) => Ok(heard),
            Ok(Attended::Refused(refused)) => Err(format!("refused: {}", refused.refusal)),
            Err(error) => Err(Chain(&error).to_string()),
        }
    }
}

/// Nobody should take the dead for living. Those that hold tasks are asked for again: their lease has to run out first.
async fn take_leave_for(store: &Store, dead: &mut Vec<Predecessor>) {
    for one in std::mem::take(dead) {
        let mut left = true;
        for shard in store.shards().all() {
            left &= match store.deregister(shard, &one.worker, &one.boot).await {
                Ok(Deregistered::Refused(refused)) => refused.refusal != Refusal::Conflict,
                Ok(Deregistered::Left) => true,
                Err(_) => false,
            };
        }
        if !left {
            dead.push(one);
        }
    }
}

/// What one supervisor keeps of what is wanted.
fn share(heard: &Attendance, own: &SupervisorId) -> u64 {
    if !heard.running {
        return 0;
    }
    let most: Vec<u64> = heard.supervisors.iter().map(|one| one.most).collect();
    let at = heard.supervisors.iter().position(|one| one.id == *own);
    at.and_then(|at| shares(heard.desired, &most).get(at).copied()).unwrap_or_default()
}

/// Supervisors of this machine whose process has surely ended. Nobody needs to wait for their lease.
fn ghosts<'a>(heard: &'a Attendance, machine: &str) -> impl Iterator<Item = &'a SupervisorId> {
    let here = heard.supervisors.iter().filter(move |one| !one.machine.is_empty() && one.machine == machine);
    here.filter(|one| machine::is_gone(&one.pid, &one.pid_start)).map(|one| &one.id)
}

/// Says what was due when this supervisor came: what a restart of everything leads to, by the clock of Redis.
async fn tell_recovery(store: Store) {
    match store.recover().await {
        Ok(Recovery::Done(done)) => {
            tracing::info!(reclaimed = done.reclaimed, matured = done.matured, "recovered")
        }
        Ok(Recovery::Refused(refused)) => tracing::warn!(refusal = %refused.refusal, "nothing was recovered"),
        Err(error) => tracing::debug!(%error, "nothing was recovered"),
    }
}

#[cfg(test)]
mod tests {
    use baton_store::calls::pool::Attendant;

    use super::*;

    fn heard(desired: u64, most: &[u64]) -> Attendance {
        let one = |(at, most): (usize, &u64)| Attendant {
            id: format!("host-{at}").parse().unwrap(),
            joined_ms: at as u64,
            most: *most,
            machine: String::new(),
            pid: String::new(),
            pid_start: String::new(),
        };
        let supervisors = most.iter().enumerate().map(one).collect();
        Attendance { now_ms: 1, desired, running: true, generation: 0, supervisors }
    }

    #[test]
    fn a_share_is_what_everyone_comes_to() {
        let five = heard(5, &[10, 10]);
        assert_eq!(["host-0", "host-1", "host-9"].map(|id| share(&five, &id.parse().unwrap())), [3, 2, 0]);
        let stopped = Attendance { running: false, ..five };
        assert_eq!(share(&stopped, &"host-0".parse().unwrap()), 0);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn the_dead_of_this_machine_are_ghosts_and_nobody_else_is() {
        let mut heard = heard(5, &[1, 1, 1]);
        let gone = i32::MAX.to_string();
        for (one, machine) in heard.supervisors.iter_mut().zip(["here", "there", ""]) {
            (one.machine, one.pid, one.pid_start) = (machine.to_owned(), gone.clone(), "1".to_owned());
        }
        let found = |machine| ghosts(&heard, machine).map(SupervisorId::to_string).collect::<Vec<_>>();
        assert_eq!((found("here"), found("")), (vec!["host-0".to_owned()], vec![]));
    }
}
