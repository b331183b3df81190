//! What a program finds in its environment. Nothing gets there by itself: a worker's own holds its credentials.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::Path;

use jiff::Unit;

use super::super::clock;
use crate::handler::Run;
use crate::supervisor::SUPERVISED;

/// Where programs are looked for, unless a `PATH` is set.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// What is taken over from a worker's environment where nobody says otherwise: where programs are, in which language
/// they speak, in which time zone they think, and who ends what they leave behind. Not `HOME`, which is the work directory: what a program leaves there
/// is nobody's.
const USUAL: [&str; 5] = ["PATH", "LANG", "LC_ALL", "TZ", SUPERVISED];

/// The names and values that every run of a program gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Environment(BTreeMap<OsString, OsString>);

impl Default for Environment {
    /// A standard `PATH` and nothing else.
    fn default() -> Environment {
        Environment(BTreeMap::new()).set("PATH", PATH)
    }
}

impl Environment {
    /// `PATH`, `LANG`, `LC_ALL` and `TZ` of this process, the supervisor that it has, and these names as far as they are set. Only a `main` asks.
    pub fn of_this_process(more: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Environment {
        let names = USUAL.iter().map(OsString::from);
        let more: Vec<OsString> = more.into_iter().map(|name| name.as_ref().to_owned()).collect();
        names.chain(more).fold(Environment::default(), |environment, name| {
            #[expect(clippy::disallowed_methods, reason = "called by a main, and by nobody else")]
            let value = std::env::var_os(&name);
            match value {
                Some(value) => environment.set(name, value),
                None => environment,
            }
        })
    }

    #[must_use]
    pub fn set(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Environment {
        self.0.insert(name.into(), value.into());
        self
    }

    /// All of it for one run. What Baton says of the task cannot be overridden.
    pub(super) fn of_run(&self, run: &Run, directory: &Path) -> BTreeMap<OsString, OsString> {
        let mut all: BTreeMap<OsString, OsString> =
            ["HOME", "TMPDIR"].map(|name| (name.into(), directory.into())).into();
        all.extend(self.0.clone());
        all.extend(said_by_baton(run).map(|(name, value)| (name.into(), value.into())));
        all.insert("BATON_WORKDIR".into(), directory.into());
        if let Some(context) = &run.grant.traceparent {
            all.insert("TRACEPARENT".into(), context.into());
        }
        all
    }
}

fn said_by_baton(run: &Run) -> [(&'static str, String); 8] {
    let grant = &run.grant;
    let deadline = clock::wall_at(run.deadline);
    [
        ("BATON_TASK_ID", grant.task.to_string()),
        ("BATON_KIND", grant.kind.to_string()),
        ("BATON_QUEUE", grant.queue.to_string()),
        ("BATON_ATTEMPT", grant.attempt.to_string()),
        ("BATON_MAX_ATTEMPTS", grant.max_attempts.to_string()),
        ("BATON_FENCE", grant.fence.0.to_string()),
        ("BATON_WORKER", run.worker.to_string()),
        ("BATON_DEADLINE", format!("{:.3}", deadline.round(Unit::Millisecond).unwrap_or(deadline))),
    ]
}
