//! Faces `lua/task/log_read.lua`. It only reads.

use baton_core::{TaskId, limits};

use super::super::bounded;
use crate::error::Error;
use crate::run::Call;
use crate::store::Store;

/// One line of a log, as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// Its place in the log, and its time: ask for the next page after it.
    pub id: String,
    pub level: String,
    pub attempt: u64,
    pub text: Vec<u8>,
}

impl Store {
    /// A page of a task's log, from the beginning or after a line read before.
    pub async fn read_log(
        &self,
        task: TaskId,
        after: Option<&str>,
        limit: u64,
    ) -> Result<Vec<LogLine>, Error> {
        bounded("a page", limit as usize, limits::SCAN_MAX)?;
        let keys = self.keys(task.shard())?;
        let mut call = Call::new("task/log_read", [keys.meta(), keys.task_log(task)]);
        call.arg(stream_id(after)?).arg(limit);
        let mut reply = self.run(&call).await?;
        match reply.text()?.as_str() {
            "log" => {}
            other => return Err(reply.fault(format!("it answered {other:?}"))),
        }
        let mut lines = Vec::new();
        while !reply.is_empty() {
            lines.push(LogLine {
                id: reply.text()?,
                level: reply.text()?,
                attempt: reply.parse()?,
                text: reply.bytes()?,
            });
        }
        Ok(lines)
    }
}

/// A place in a stream comes back from clients, so it is checked.
pub(crate) fn stream_id(place: Option<&str>) -> Result<&str, Error> {
    let number = |text: &str| {
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<u64>().ok().filter(|_| digits)
    };
    match place {
        None => Ok(""),
        Some(place) => match place.split_once('-').map(|(ms, sequence)| (number(ms), number(sequence))) {
            // After the last place of all Redis knows none.
            Some((Some(ms), Some(sequence))) if ms.min(sequence) < u64::MAX => Ok(place),
            _ => Err(Error::invalid("a place in a stream", "it looks like 1763682345123-0")),
        },
    }
}
