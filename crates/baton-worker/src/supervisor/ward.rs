//! The supervisor's loop. Everything that touches processes happens here, in the future that `main` waits for: one
//! place that starts, signals and reaps, so that no signal ever meets a number that has changed its owner.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::sync::Arc;
use std::time::Duration;

use baton_core::SupervisorId;
use baton_service::metrics::{Metrics, resident_bytes};
use baton_service::signals::Shutdown;
use baton_service::{admin as listener, notify};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::SUPERVISED;
use super::admin::{Board, Supervisor};
use super::attend::{Answer, Beat, Record};
use super::clock::Awake;
use super::crew::{Crew, Tally};
use super::end::{Exit, Verdict};
use super::following::{Following, Heard};
use super::machine;
use super::predecessor::Predecessor;
use super::process::{Event, Process, Program};
use super::reports::Report;
use super::seat::{Action, LifeId, Next};
use super::settings::Settings;
use super::strangers::Strangers;
use crate::config::Config;
use crate::handlers::guard::this_program;
use crate::run::RunError;

/// Turns are taken at least this often, and so often while something is left of dead workers.
const TURN: Duration = Duration::from_secs(1);
const TURN_WHILE_CLEARING: Duration = Duration::from_millis(50);

/// Strangers are looked for after each death, and this often whatever happens.
const SWEEP_MS: u64 = 5_000;

/// And so long at short intervals. Then something is stuck in the kernel.
const CLEARING_MS: u64 = 5_000;

/// An answer of Redis that is older does not say that Redis can be reached.
const HEARD_LATELY_MS: u64 = 5_000;

/// The service manager is told that we are ready after this long even where Redis is away: that is no failure of ours.
const READY_AFTER_MS: u64 = 5_000;

/// Reports that wait to be read.
const EVENTS: usize = 256;

/// Supervises until `shutdown` says otherwise. To be awaited by `main` itself and not in a task: the kernel tells a
/// worker when the thread that started it ends, which must be one that lives as long as the process.
///
/// `arguments` make this program a worker; the supervisor adds what it has to say itself.
pub async fn run(
    config: Config,
    arguments: &[&str],
    metrics: Metrics,
    shutdown: Shutdown,
) -> Result<(), RunError> {
    config.warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
    let settings = &config.supervisor;
    let (record, written) = watch::channel(Record::new());
    let (answers, heard) = watch::channel(None);
    let (leave, board) = (CancellationToken::new(), Board::default());
    let _admin = match config.admin_listen {
        Some(address) => {
            let inspect = Arc::new(Supervisor { board: board.clone(), metrics });
            let serve = listener::serve(address, inspect).await;
            Some(serve.map_err(|source| RunError::Admin { address, source })?)
        }
        None => None,
    };
    let mut ward = Ward::new(settings, arguments, board, record).map_err(RunError::Supervise)?;
    ward.publish();
    let beat = Beat {
        options: config.store.clone(),
        pool: settings.pool.clone(),
        supervisor: ward.id.clone(),
        machine: ward.machine.clone(),
        count: settings.count,
        auto_start: settings.auto_start,
        record: written,
        answers,
        dead: ward.buried(),
        leave: leave.clone(),
    };
    tracing::info!(
        supervisor = %ward.id, pool = %settings.pool, version = env!("CARGO_PKG_VERSION"), "supervising"
    );
    let mut beat = tokio::spawn(beat.run());
    let failure = ward.keep(heard, &mut beat, &shutdown).await;
    leave.cancel();
    if failure.is_none() {
        // It has a limit of its own.
        let _ = beat.await;
    }
    tracing::info!(supervisor = %ward.id, "ended");
    failure.map_or(Ok(()), Err)
}

/// Everything that the loop holds.
struct Ward {
    id: SupervisorId,
    machine: String,
    pool: String,
    program: Program,
    crew: Crew,
    following: Following,
    clock: Awake,
    now_ms: u64,
    processes: BTreeMap<LifeId, Process>,
    strangers: Option<Strangers>,
    /// Nothing is left of workers that died.
    clear: bool,
    /// By then it should be so; what is left afterwards holds nobody up.
    clear_by_ms: u64,
    sweep_ms: u64,
    health_every_ms: u64,
    health_ms: u64,
    heard_ms: Option<u64>,
    told_ready: bool,
    told_status: String,
    events: mpsc::Sender<Event>,
    inbox: mpsc::Receiver<Event>,
    /// The part of the record that does not change.
    identity: Record,
    record: watch::Sender<Record>,
    /// To those who take leave for workers.
    dead: mpsc::UnboundedSender<Predecessor>,
    board: Board,
}

impl Ward {
    fn new(
        settings: &Settings,
        arguments: &[&str],
        board: Board,
        record: watch::Sender<Record>,
    ) -> std::io::Result<Ward> {
        let (file, id) = (this_program()?, draw_id()?);
        let mut environment = settings.environment.0.clone();
        environment.push((SUPERVISED, id.to_string()));
        let program = Program {
            name: std::env::current_exe().unwrap_or_else(|_| file.clone()).into_os_string(),
            file,
            arguments: arguments.iter().map(OsString::from).collect(),
            hidden: Settings::hidden(),
            environment,
        };
        let strangers = Some(Strangers::adopt(&id)?);
        Ok(Ward { strangers, ..Ward::of(settings, id, program, board, record) })
    }

    /// One that looks after its own workers only.
    fn of(
        settings: &Settings,
        id: SupervisorId,
        program: Program,
        board: Board,
        record: watch::Sender<Record>,
    ) -> Ward {
        let (events, inbox) = mpsc::channel(EVENTS);
        let (dead, _nobody) = mpsc::unbounded_channel();
        let machine = machine::name();
        Ward {
            id,
            identity: identity(&machine),
            machine,
            pool: settings.pool.to_string(),
            program,
            crew: Crew::new(settings.rules.clone()),
            following: Following::default(),
            clock: Awake::new(),
            now_ms: 0,
            processes: BTreeMap::new(),
            strangers: None,
            clear: true,
            clear_by_ms: 0,
            sweep_ms: SWEEP_MS,
            health_every_ms: settings.health_every.as_millis() as u64,
            health_ms: 0,
            heard_ms: None,
            told_ready: false,
            told_status: String::new(),
            events,
            inbox,
            record,
            dead,
            board,
        }
    }

    /// Those for whom leave is to be taken, from now on.
    fn buried(&mut self) -> mpsc::UnboundedReceiver<Predecessor> {
        let (dead, buried) = mpsc::unbounded_channel();
        self.dead = dead;
        buried
    }

    /// Until everyone has ended, because somebody asked for it or because Redis cannot be used at all.
    async fn keep(
        &mut self,
        mut answers: watch::Receiver<Option<Answer>>,
        beat: &mut JoinHandle<Result<(), RunError>>,
        shutdown: &Shutdown,
    ) -> Option<RunError> {
        let (mut draining, mut hurried, mut failure) = (false, false, None);
        loop {
            let wait = self.wait();
            tokio::select! {
                Some(event) = self.inbox.recv() => self.take(event),
                Ok(()) = answers.changed() => {
                    let answer = *answers.borrow_and_update();
                    answer.into_iter().for_each(|answer| self.follow(answer));
                }
                ended = &mut *beat, if failure.is_none() => {
                    failure = Some(ended.map_or_else(|_| Some(RunError::Beat), Result::err).unwrap_or(RunError::Beat));
                }
                () = shutdown.drain.cancelled(), if !draining => {}
                () = shutdown.now.cancelled(), if !hurried => {}
                () = tokio::time::sleep(wait) => {}
            }
            self.catch_up();
            if !draining && (failure.is_some() || shutdown.drain.is_cancelled()) {
                draining = true;
                notify::stopping();
                self.board.drain();
                self.crew.stop();
            }
            self.turn();
            if draining && !hurried && shutdown.now.is_cancelled() {
                hurried = true;
                let actions = self.crew.hurry(self.now_ms);
                self.perform(actions);
            }
            if draining && self.crew.is_empty() && (self.clear || self.now_ms >= self.clear_by_ms) {
                return failure;
            }
        }
    }

    /// Until the next turn, if nothing happens before.
    fn wait(&self) -> Duration {
        let clearing = !self.clear && self.now_ms < self.clear_by_ms;
        let longest = if clearing { TURN_WHILE_CLEARING } else { TURN };
        let longest = notify::watchdog().map_or(longest, |every| longest.min(every));
        let next = self.crew.next_ms(self.now_ms, self.clear);
        next.map_or(longest, |next| longest.min(Duration::from_millis(next - self.now_ms)))
    }

    /// What has been said already counts before anyone is taken for silent.
    fn catch_up(&mut self) {
        self.now_ms = self.clock.now_ms();
        while let Ok(event) = self.inbox.try_recv() {
            self.take(event);
        }
    }

    fn follow(&mut self, Answer { wish, share, sure }: Answer) {
        let Heard { share, anew } = self.following.hear(wish, share, sure);
        self.heard_ms = Some(self.now_ms);
        self.board.heard();
        if wish.is_empty() {
            self.crew.forget();
        }
        if anew {
            tracing::info!(pool = self.pool, "beginning anew");
            self.crew.begin_anew(self.now_ms);
        }
        self.crew.follow(share);
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::Said(life, report) => self.hear(life, report),
            Event::Ended(life) => self.end(life),
        }
    }

    fn hear(&mut self, life: LifeId, mut report: Report) {
        if let Some(metrics) = report.metrics.take() {
            self.board.take(life, &metrics);
        }
        let lately = self.heard_ms.is_some_and(|heard| self.now_ms < heard + HEARD_LATELY_MS);
        let action = self.crew.hear(life, self.now_ms, report, lately);
        self.perform(action);
    }

    fn end(&mut self, life: LifeId) {
        let Some(process) = self.processes.remove(&life) else { return };
        let pid = process.pid.number();
        let exit = process.reap();
        (self.clear, self.sweep_ms) = (false, self.now_ms);
        self.clear_by_ms = self.now_ms + CLEARING_MS;
        self.ended(life, Some(pid), &exit);
    }

    fn ended(&mut self, life: LifeId, pid: Option<i32>, exit: &Exit) {
        self.board.end(life);
        let from = self.crew.name_of(life).cloned();
        let worker = from.as_ref().map(|from| from.worker.to_string()).unwrap_or_default();
        let chance = f64::from(getrandom::u32().unwrap_or_default()) / f64::from(u32::MAX);
        let Some((next, verdict)) = self.crew.ended(life, self.now_ms, exit, chance) else { return };
        let Verdict { failure, label, .. } = verdict;
        let end = exit.to_string();
        match next {
            Next::GaveUp => {
                let reason = self.crew.reason().unwrap_or_default();
                tracing::error!(worker, pid, end, reason, "a worker died; its place is given up");
            }
            Next::Again if failure => {
                tracing::warn!(worker, pid, end, why = label, "a worker died; another one follows")
            }
            Next::Again => {
                tracing::info!(worker, pid, end, why = label, "a worker ended; another one follows")
            }
            Next::Remove => tracing::info!(worker, pid, end, "a worker ended"),
        }
        // One that left in order is not there any more, and who has a successor is replaced by it.
        if let (Next::GaveUp | Next::Remove, Some(from)) = (&next, from) {
            let _ = self.dead.send(from);
        }
        if next == Next::Again {
            let labels = [("pool", self.pool.clone()), ("reason", label.to_owned())];
            metrics::counter!("baton_worker_restarts_total", &labels).increment(1);
        }
    }

    /// One round: look at processes, decide, act, and say how things are.
    fn turn(&mut self) {
        self.now_ms = self.clock.now_ms();
        if self.now_ms >= self.sweep_ms {
            self.sweep_ms = self.now_ms + SWEEP_MS;
            let ours = self.processes.values().map(|process| process.pid);
            self.clear = self.strangers.as_mut().is_none_or(|strangers| strangers.sweep(self.now_ms, ours));
            if !self.clear {
                self.sweep_ms = self.now_ms;
            }
        }
        if self.now_ms >= self.health_ms {
            self.health_ms = self.now_ms + self.health_every_ms;
            self.weigh();
        }
        let actions = self.crew.step(self.now_ms, self.clear);
        self.perform(actions);
        self.publish();
        self.tell_manager();
    }

    fn weigh(&mut self) {
        let weights: Vec<(LifeId, u64)> = self
            .processes
            .iter()
            .filter_map(|(life, process)| Some((*life, resident_bytes(Some(process.pid.number()))?)))
            .collect();
        for (life, rss) in weights {
            let action = self.crew.weigh(life, self.now_ms, rss);
            self.perform(action);
        }
    }

    fn perform(&mut self, actions: impl IntoIterator<Item = Action>) {
        for action in actions {
            match action {
                Action::Start { life, from, after } => {
                    let (from, after) = (from.as_ref(), after.as_deref());
                    match Process::start(&self.program, life, from, after, &self.events) {
                        Ok(process) => {
                            tracing::debug!(pid = process.pid.number(), ?from, after, "started a worker");
                            self.processes.insert(life, process);
                        }
                        Err(error) => self.ended(life, None, &Exit::CannotStart(error.to_string())),
                    }
                }
                Action::Terminate(life) => self.processes.get(&life).into_iter().for_each(Process::terminate),
                Action::Kill(life) => {
                    if let Some(process) = self.processes.get(&life) {
                        tracing::warn!(pid = process.pid.number(), "killing a worker");
                        process.kill();
                    }
                }
            }
        }
    }

    /// For Redis, and for probes.
    fn publish(&mut self) {
        let Tally { live, starting, draining, gave_up } = self.crew.tally();
        let share = self.crew.wanted();
        self.board.show(share, live);
        let fields = [
            ("most", self.crew.most().to_string()),
            ("share", share.to_string()),
            ("live", live.to_string()),
            ("starting", starting.to_string()),
            ("draining", draining.to_string()),
            ("gave_up", gave_up.to_string()),
            ("restarts", self.crew.restarts().to_string()),
            ("reason", self.crew.reason().unwrap_or_default().to_owned()),
            ("state", self.crew.state().to_owned()),
        ];
        self.record.send_replace(self.identity.iter().cloned().chain(fields).collect());
    }

    fn tell_manager(&mut self) {
        if !self.told_ready && (self.heard_ms.is_some() || self.now_ms >= READY_AFTER_MS) {
            self.told_ready = true;
            notify::ready();
        }
        if notify::watchdog().is_some() {
            notify::alive();
        }
        let status = format!(
            "{} of {} workers ready, {}",
            self.crew.tally().live,
            self.crew.wanted(),
            self.crew.state()
        );
        if status != self.told_status {
            notify::status(&status);
            self.told_status = status;
        }
    }
}

fn identity(machine: &str) -> Record {
    let own = std::process::id();
    vec![
        ("host", rustix::system::uname().nodename().to_string_lossy().into_owned()),
        ("machine", machine.to_owned()),
        ("pid", own.to_string()),
        ("pid_start", machine::start_of(own).unwrap_or_default()),
        ("version", env!("CARGO_PKG_VERSION").to_owned()),
    ]
}

/// The host, so that people know where to look, and chance, because a host may have several.
fn draw_id() -> std::io::Result<SupervisorId> {
    let chance = getrandom::u32().map_err(std::io::Error::other)?;
    let host = rustix::system::uname().nodename().to_string_lossy().to_lowercase();
    let host: String =
        host.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' }).collect();
    let host: String = host.trim_matches('-').chars().take(40).collect();
    let host = if host.is_empty() { "host".to_owned() } else { host };
    SupervisorId::new(&format!("{host}-{chance:08x}")).map_err(std::io::Error::other)
}

#[cfg(test)]
#[path = "ward_tests.rs"]
mod tests;
