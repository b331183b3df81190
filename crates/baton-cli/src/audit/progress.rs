//! What is being done, on standard error, where somebody watches.

use std::io::{self, IsTerminal, Write};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// So often at most.
const EVERY: Duration = Duration::from_millis(100);

/// One line that is written over.
pub(super) struct Bar {
    /// `None` where nobody watches.
    state: Option<Mutex<State>>,
}

struct State {
    told: Instant,
    what: &'static str,
    count: u64,
}

impl Bar {
    pub(super) fn new() -> Bar {
        let state = || State { told: now(), what: "", count: 0 };
        Bar { state: io::stderr().is_terminal().then(|| Mutex::new(state())) }
    }

    pub(super) fn tell(&self, what: &'static str, count: u64) {
        let Some(Ok(mut state)) = self.state.as_ref().map(Mutex::lock) else { return };
        state.count = if state.what == what { state.count + count } else { count };
        state.what = what;
        if state.told.elapsed() >= EVERY {
            state.told = now();
            let _ = write!(io::stderr(), "\r\x1b[K{what}: {}", state.count);
        }
    }

    /// Leaves nothing behind.
    pub(super) fn end(&self) {
        if self.state.is_some() {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}

fn now() -> Instant {
    #[expect(clippy::disallowed_methods, reason = "how often a line is written over")]
    Instant::now()
}
