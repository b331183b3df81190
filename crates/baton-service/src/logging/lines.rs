//! The way of log lines to stderr: over a queue with a limit, and a thread of its own.
//!
//! A pipe that nobody reads, a reader that died, a full disk: none of it may hold up or end a process that has work to
//! do. A line for which there is no room, or which cannot be written, is lost, and counted.

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, Write};
use std::sync::mpsc::channel;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use tracing_subscriber::fmt::MakeWriter;

/// What waits to be written takes so much memory at most.
const WAITING_BYTES_MAX: usize = 1 << 20;

/// How long the end of a process waits for it.
const LAST: Duration = Duration::from_secs(1);

#[derive(Debug, Default)]
struct Queue {
    lines: VecDeque<Vec<u8>>,
    bytes: usize,
    /// The thread has one in its hands.
    writing: bool,
}

#[derive(Debug, Default)]
struct Shared {
    queue: Mutex<Queue>,
    changed: Condvar,
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// False where there is no room.
    fn put(&self, line: &[u8]) -> bool {
        let mut queue = self.queue();
        if queue.bytes + line.len() > WAITING_BYTES_MAX {
            return false;
        }
        queue.bytes += line.len();
        queue.lines.push_back(line.to_vec());
        drop(queue);
        self.changed.notify_all();
        true
    }

    fn take(&self) -> Vec<u8> {
        let mut queue = self.queue();
        loop {
            if let Some(line) = queue.lines.pop_front() {
                queue.bytes -= line.len();
                queue.writing = true;
                return line;
            }
            queue.writing = false;
            self.changed.notify_all();
            queue = self.changed.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// Takes lines, and never waits.
#[derive(Clone, Debug)]
pub(super) struct Lines(Arc<Shared>);

impl Lines {
    /// To this, as long as the process lives.
    pub(super) fn to(mut out: impl Write + Send + 'static) -> io::Result<Lines> {
        let lines = Lines(Arc::default());
        let shared = Arc::clone(&lines.0);
        let write = move || {
            loop {
                let line = shared.take();
                if out.write_all(&line).and_then(|()| out.flush()).is_err() {
                    lost();
                }
            }
        };
        thread::Builder::new().name("baton-log".to_owned()).spawn(write)?;
        Ok(lines)
    }

    pub(super) fn tail(&self) -> Tail {
        Tail(Arc::clone(&self.0))
    }
}

fn lost() {
    metrics::counter!("baton_log_lines_lost_total").increment(1);
}

/// A line comes in one piece.
impl Write for Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if !self.0.put(line) {
            lost();
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Lines;

    fn make_writer(&'a self) -> Lines {
        self.clone()
    }
}

/// Held by a `main` to its end: dropped, it waits until the last lines are written, a second at most.
#[must_use = "the last lines would be lost"]
#[derive(Debug)]
pub struct Tail(Arc<Shared>);

impl Drop for Tail {
    fn drop(&mut self) {
        let unwritten = |queue: &mut Queue| queue.writing || !queue.lines.is_empty();
        drop(self.0.changed.wait_timeout_while(self.0.queue(), LAST, unwritten));
    }
}

/// Says to stderr, as it is, why a process ends. Where that cannot be written within a second it is lost.
pub fn say_last(words: &dyn fmt::Display) {
    let words = format!("{words}\n");
    let (tell, told) = channel();
    let write = move || {
        let _ = io::stderr().write_all(words.as_bytes());
        let _ = tell.send(());
    };
    if thread::Builder::new().spawn(write).is_ok() {
        let _ = told.recv_timeout(LAST);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender};

    use super::*;

    /// Says what it is given, and goes on when it is told to.
    struct Gate {
        given: Sender<Vec<u8>>,
        open: Receiver<()>,
    }

    impl Write for Gate {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _ = self.given.send(bytes.to_vec());
            self.open.recv().map_err(io::Error::other)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn gated() -> (Lines, Receiver<Vec<u8>>, Sender<()>) {
        let ((given, seen), (go, open)) = (channel(), channel());
        (Lines::to(Gate { given, open }).unwrap(), seen, go)
    }

    #[test]
    fn whoever_logs_never_waits_and_memory_has_a_limit() {
        let (mut lines, seen, go) = gated();
        let long = vec![b'x'; WAITING_BYTES_MAX / 4];
        for _ in 0..100 {
            lines.write_all(&long).unwrap();
        }
        // One may be in the thread's hands already.
        let waiting = lines.0.queue().lines.len();
        assert!((3..=4).contains(&waiting), "{waiting}");
        lines.write_all(&[0; WAITING_BYTES_MAX]).unwrap();
        for _ in 0..=waiting {
            go.send(()).unwrap();
        }
        drop(lines.tail());
        assert!(seen.try_iter().all(|line| line == long));
    }

    #[test]
    fn the_end_waits_for_the_last_lines_but_not_for_ever() {
        let (mut lines, seen, go) = gated();
        lines.write_all(b"one\n").unwrap();
        lines.write_all(b"two\n").unwrap();
        for _ in 0..2 {
            go.send(()).unwrap();
        }
        drop(lines.tail());
        assert_eq!(seen.try_iter().collect::<Vec<_>>(), [b"one\n", b"two\n"]);
        lines.write_all(b"nobody reads this\n").unwrap();
        drop(lines.tail());
    }

    #[test]
    fn what_cannot_be_written_ends_nothing() {
        let (mut lines, seen, go) = gated();
        drop(go);
        for line in [&b"one\n"[..], b"two\n"] {
            lines.write_all(line).unwrap();
        }
        drop(lines.tail());
        assert_eq!(seen.try_iter().count(), 2, "it goes on after an error");
    }
}
