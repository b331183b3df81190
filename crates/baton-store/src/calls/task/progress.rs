//! Faces `lua/task/progress.lua`. Repeatable: the same note twice is one note.

use baton_core::{Fence, Refusal, Shard, TaskId, Version, WorkerId, limits};

use super::super::{Refused, bounded};
use crate::error::Error;
use crate::run::Call;
use crate::store::Store;

/// How far a task is, in at most 64 bytes: `0.40 typesetting`.
#[derive(Clone, Debug)]
pub struct Note<'a> {
    pub task: TaskId,
    pub fence: Fence,
    pub progress: &'a str,
}

/// What became of one note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Noted {
    At(Version),
    Refused(Refusal),
}

impl Note<'_> {
    fn check(&self) -> Result<(), Error> {
        if self.progress.is_empty() || self.progress.chars().any(char::is_control) {
            return Err(Error::invalid("progress", "it is one line of text"));
        }
        bounded("progress", self.progress.len(), limits::PROGRESS_BYTES_MAX)
    }
}

impl Store {
    /// Notes how far running tasks of one worker are, in the order of the notes.
    pub async fn note_progress(
        &self,
        shard: Shard,
        worker: &WorkerId,
        notes: &[Note<'_>],
    ) -> Result<Result<Vec<Noted>, Refused>, Error> {
        bounded("notes of one call", notes.len(), limits::SETTLE_TASKS_MAX)?;
        notes.iter().try_for_each(Note::check)?;
        let keys = self.keys(shard)?;
        let mut call = Call::new("task/progress", [keys.meta(), keys.events()]);
        call.arg(self.now_argument()).arg(worker.as_str()).arg(notes.len());
        for note in notes {
            call.arg(note.task.to_string()).arg(note.fence.0).arg(note.progress);
        }
        let mut reply = self.run(&call).await?;
        match reply.text()?.as_str() {
            "noted" => {}
            "refused" => return Ok(Err(Refused::read(&mut reply)?)),
            other => return Err(reply.fault(format!("it answered {other:?}"))),
        }
        let each = notes.iter().map(|_| match reply.text()?.as_str() {
            "noted" => Ok(Noted::At(reply.parse()?)),
            "refused" => Ok(Noted::Refused(reply.parse()?)),
            other => Err(reply.fault(format!("it answered {other:?} of a note"))),
        });
        Ok(Ok(each.collect::<Result<Vec<_>, _>>()?))
    }
}
