//! Faces `lua/task/log.lua`. A repeat after a lost answer appends its lines again: the one call that is at least once.
//! A log line decides nothing, and a line twice is better than a line lost.

use std::fmt;

use baton_core::{Fence, TaskId, WorkerId, limits};

use super::super::{Refused, bounded};
use crate::error::Error;
use crate::run::Call;
use crate::store::Store;

/// How much a line matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    Debug,
    Info,
    Warning,
    Error,
    Critical,
}

impl fmt::Display for Level {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Level::Debug => "debug",
            Level::Info => "info",
            Level::Warning => "warning",
            Level::Error => "error",
            Level::Critical => "critical",
        })
    }
}

/// One line that a handler wrote.
#[derive(Clone, Debug)]
pub struct Line<'a> {
    pub level: Level,
    pub text: &'a [u8],
}

/// Lines for the log of a running task.
#[derive(Clone, Debug)]
pub struct Append<'a> {
    pub task: TaskId,
    pub worker: &'a WorkerId,
    pub fence: Fence,
    pub lines: &'a [Line<'a>],
}

/// The answer to lines for a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Appended {
    /// How many lines the task's log has had so far; the oldest may be gone.
    Lines(u64),
    Refused(Refused),
}

impl Store {
    /// Appends lines to the log of a running task. Repeated after a lost answer, it appends them again.
    pub async fn append_log(&self, append: &Append<'_>) -> Result<Appended, Error> {
        bounded("log lines of one call", append.lines.len(), limits::LOG_CALL_LINES_MAX)?;
        let lengths = append.lines.iter().map(|line| line.text.len());
        lengths
            .into_iter()
            .try_for_each(|length| bounded("a log line", length, limits::LOG_LINE_BYTES_MAX))?;
        let keys = self.keys(append.task.shard())?;
        let names = [keys.meta(), keys.events(), keys.task(append.task), keys.task_log(append.task)];
        let mut call = Call::new("task/log", names);
        call.arg(self.now_argument()).arg(append.worker.as_str()).arg(append.fence.0).arg(append.lines.len());
        for line in append.lines {
            call.arg(line.level.to_string()).arg(line.text);
        }
        let mut reply = self.run(&call).await?;
        match reply.text()?.as_str() {
            "appended" => Ok(Appended::Lines(reply.parse()?)),
            "refused" => Ok(Appended::Refused(Refused::read(&mut reply)?)),
            other => Err(reply.fault(format!("it answered {other:?}"))),
        }
    }
}
