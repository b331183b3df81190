//! The other end: what a worker does because a supervisor started it.
//!
//! It ends when its supervisor does, however that one ended. It holds the reading end of a pipe that the supervisor
//! never writes to, and on Linux it asks the kernel for SIGTERM besides; both lead to an orderly end. A thread of
//! its own sees to it that this end comes, whatever hangs. And it reports what it is doing, from another thread, so
//! that a handler which computes for minutes does not make it look dead.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use baton_core::{Boot, WorkerId};
use baton_service::metrics::{Metrics, resident_bytes};
use baton_service::signals::Shutdown;
use rustix::io::fcntl_dupfd_cloexec;

use super::predecessor::Predecessor;
use super::reports::{Fault, Report};
use crate::engine::Pulse;

/// So much longer than a drain an orderly end may take.
const END_AFTER_DRAIN: Duration = Duration::from_secs(10);

/// Between two reports of a worker that is ready, and of one that is not.
const EVERY: Duration = Duration::from_secs(1);
const EVERY_AT_FIRST: Duration = Duration::from_millis(50);

/// Metrics are long, and nobody looks at them more often: they go into each such report.
const METRICS_EVERY: u32 = 5;

/// The first descriptor that is none of stdin, stdout and stderr.
const BEHIND_STANDARD: i32 = 3;

/// How long the last report may take to be read.
const LAST: Duration = Duration::from_secs(1);

/// What a supervisor says to the worker that it starts.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Orders {
    /// The process of the supervisor
    #[arg(long = "supervised-by", value_name = "PROCESS", hide = true)]
    pub by: Option<u32>,
    /// The life to go on from, under its id
    #[arg(long = "as", value_name = "WORKER:BOOT", hide = true, requires = "by")]
    pub follow_on: Option<Predecessor>,
    /// How the life before this one ended
    #[arg(long, value_name = "END", hide = true, requires = "by")]
    pub after: Option<String>,
    #[arg(skip)]
    pipes: Option<Arc<Pipes>>,
}

impl Orders {
    /// Was this process started by a supervisor?
    pub fn is_supervised(&self) -> bool {
        self.by.is_some()
    }

    /// Keeps what the supervisor gave this process as stdin and stdout for itself alone: what else it prints, or what
    /// it starts, must not be taken for a report. To be called before anything is printed or started.
    pub fn take_pipes(&mut self) -> io::Result<()> {
        if self.is_supervised() && self.pipes.is_none() {
            self.pipes = Some(Arc::new(Pipes::take()?));
        }
        Ok(())
    }

    /// Says why it ends before it began. The supervisor tells people.
    pub fn confess(&self, why: &str) {
        if let Some(pipes) = &self.pipes {
            pipes.say(&Report { fault: Some(Fault::new(why)), ..Report::default() });
        }
    }

    /// Ties this process to its supervisor, and begins to report. To be called on the main thread.
    pub(crate) fn obey(
        &self,
        shutdown: &Shutdown,
        drain: Duration,
        metrics: Metrics,
    ) -> io::Result<Option<Reports>> {
        let Some(by) = self.by else { return Ok(None) };
        let pipes = self.pipes.clone().map_or_else(|| Pipes::take().map(Arc::new), Ok)?;
        die_with_parent()?;
        // It may have ended before the kernel was asked; then we belong to somebody else by now.
        let parent = rustix::process::getppid().map(|parent| parent.as_raw_nonzero().get().unsigned_abs());
        if parent != Some(by) {
            tracing::warn!(supervisor = by, "the supervisor has ended");
            shutdown.drain.cancel();
        }
        let (told, held) = (shutdown.drain.clone(), Arc::clone(&pipes));
        let hold = move || {
            hold_lifeline(&held.lifeline);
            told.cancel();
            // Nobody is left to end this process if it hangs.
            let (_never, silence) = channel::<()>();
            let _ = silence.recv_timeout(drain + END_AFTER_DRAIN);
            std::process::exit(1);
        };
        std::thread::Builder::new().name("baton-lifeline".to_owned()).spawn(hold)?;
        Reports::begin(metrics, pipes).map(Some)
    }
}

#[cfg(target_os = "linux")]
fn die_with_parent() -> io::Result<()> {
    Ok(rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::TERM))?)
}

#[cfg(not(target_os = "linux"))]
fn die_with_parent() -> io::Result<()> {
    Ok(())
}

/// Comes back when the other end is closed.
fn hold_lifeline(mut lifeline: impl Read) {
    let mut nothing = [0; 64];
    loop {
        match lifeline.read(&mut nothing) {
            Ok(0) => return,
            Err(error) if error.kind() != io::ErrorKind::Interrupted => return,
            Ok(_) | Err(_) => {}
        }
    }
}

/// The ways between a worker and its supervisor. What the worker starts does not inherit them.
#[derive(Debug)]
struct Pipes {
    lifeline: File,
    reports: Mutex<File>,
}

impl Pipes {
    /// Afterwards stdin is empty, and stdout is the log.
    fn take() -> io::Result<Pipes> {
        let own = |pipe: BorrowedFd<'_>| fcntl_dupfd_cloexec(pipe, BEHIND_STANDARD).map(File::from);
        let pipes =
            Pipes { lifeline: own(io::stdin().as_fd())?, reports: Mutex::new(own(io::stdout().as_fd())?) };
        rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
        rustix::stdio::dup2_stdout(io::stderr())?;
        Ok(pipes)
    }

    /// It may fail: the supervisor may be dead, and that is heard of elsewhere.
    fn say(&self, report: &Report) {
        let _ = report.write(&mut *self.reports.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// Who the worker is, once it is known.
#[derive(Clone)]
struct Identity {
    worker: WorkerId,
    boot: Boot,
    pulse: Pulse,
}

/// The reports of this process. Dropped, they end with one last report.
pub(crate) struct Reports {
    identity: Arc<Mutex<Option<Identity>>>,
    pipes: Arc<Pipes>,
    last: Option<Sender<Option<Fault>>>,
    written: Receiver<()>,
}

impl Reports {
    fn begin(metrics: Metrics, pipes: Arc<Pipes>) -> io::Result<Reports> {
        let identity = Arc::<Mutex<Option<Identity>>>::default();
        let ((last, asked), (tell, written)) = (channel(), channel());
        let (who, way) = (Arc::clone(&identity), Arc::clone(&pipes));
        let speak = move || {
            speak(&who, &asked, &metrics, &way);
            // Nobody may be waiting.
            let _ = tell.send(());
        };
        std::thread::Builder::new().name("baton-reports".to_owned()).spawn(speak)?;
        Ok(Reports { identity, pipes, last: Some(last), written })
    }

    /// Said before the worker claims anything: whoever takes its place must know whose tasks to take over, even if it
    /// dies in the next moment.
    pub(crate) fn introduce(&self, worker: WorkerId, boot: Boot, pulse: Pulse) {
        let identity = Identity { worker, boot, pulse };
        self.pipes.say(&of(Some(&identity)));
        *self.identity.lock().unwrap_or_else(PoisonError::into_inner) = Some(identity);
    }

    pub(crate) fn end(mut self, fault: Option<Fault>) {
        self.finish(fault);
    }

    fn finish(&mut self, fault: Option<Fault>) {
        if let Some(last) = self.last.take() {
            let _ = last.send(fault);
            // Nobody may read, and that must not keep us.
            let _ = self.written.recv_timeout(LAST);
        }
    }
}

impl Drop for Reports {
    fn drop(&mut self) {
        self.finish(None);
    }
}

fn speak(
    identity: &Mutex<Option<Identity>>,
    asked: &Receiver<Option<Fault>>,
    metrics: &Metrics,
    pipes: &Pipes,
) {
    let mut count: u32 = 0;
    let mut wait = Duration::ZERO;
    loop {
        let last = asked.recv_timeout(wait);
        let identity = identity.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut report = of(identity.as_ref());
        if !matches!(last, Err(RecvTimeoutError::Timeout)) {
            report.fault = last.ok().flatten();
            report.metrics = Some(rendered(metrics));
            return pipes.say(&report);
        }
        if report.ready {
            // The first time at once: it may be all that is ever heard.
            if count.is_multiple_of(METRICS_EVERY) {
                report.metrics = Some(rendered(metrics));
            }
            count = count.wrapping_add(1);
        }
        wait = if report.ready { EVERY } else { EVERY_AT_FIRST };
        pipes.say(&report);
    }
}

fn rendered(metrics: &Metrics) -> String {
    if let Some(bytes) = resident_bytes(None) {
        metrics::gauge!("baton_worker_rss_bytes").set(bytes as f64);
    }
    metrics.upkeep();
    metrics.render()
}

fn of(identity: Option<&Identity>) -> Report {
    let Some(Identity { worker, boot, pulse }) = identity else { return Report::default() };
    let answered = pulse.since_answer();
    Report {
        worker: Some(worker.to_string()),
        boot: Some(boot.to_string()),
        ready: answered.is_some(),
        answered_ms: answered.map(|since| since.as_millis() as u64),
        holds: pulse.holds(),
        done: pulse.done(),
        failed: pulse.failed(),
        ..Report::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lifeline_holds_through_whatever_is_written_to_it() {
        let (mut end, lifeline) = std::os::unix::net::UnixStream::pair().unwrap();
        let (tell, ended) = channel();
        std::thread::spawn(move || {
            hold_lifeline(lifeline);
            tell.send(()).unwrap();
        });
        io::Write::write_all(&mut end, &[b'x'; 1_000]).unwrap();
        assert!(ended.try_recv().is_err());
        drop(end);
        ended.recv().unwrap();
    }

    #[test]
    fn nobody_is_known_before_the_first_number() {
        assert_eq!(of(None), Report::default());
        let identity = Identity {
            worker: WorkerId::new("worker-001-default").unwrap(),
            boot: crate::draw_boot(),
            pulse: Pulse::default(),
        };
        let report = of(Some(&identity));
        assert_eq!((report.worker.as_deref(), report.ready), (Some("worker-001-default"), false));
    }
}
