//! A3, A4, A5, A7: lives as the streams tell them, against the tasks. A part of all tasks at a time, so that it never takes more
//! memory than that part.
//!
//! A live fleet goes on meanwhile. The stream is read first, then the tasks: one that is further than the stream was read is
//! compared when the rest of the stream, read last, comes to the version at which the task was seen.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use baton_core::TaskId;
use baton_core::audit::life::Walk;
use baton_core::audit::rule::{NEVER_SUBMITTED, UNREADABLE, VANISHED};
use baton_core::audit::{Fields, number};

use super::Auditor;
use super::report::Finding;
use super::stream::Stream;
use crate::error::Error;
use crate::event::StreamId;
use crate::families::quoted;

/// Events of one part of the tasks: each task has one at least.
pub(super) const EVENTS_OF_PART: u64 = 250_000;

/// A share of all tasks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Share {
    pub(super) part: u64,
    pub(super) parts: u64,
}

impl Share {
    pub(super) fn has(self, task: TaskId) -> bool {
        let mut hasher = DefaultHasher::new();
        task.hash(&mut hasher);
        hasher.finish() % self.parts == self.part
    }
}

#[derive(Debug, Default)]
pub(super) struct Life {
    pub(super) walk: Walk,
    /// The task was seen.
    met: bool,
    /// As it was seen at a version that the walk has not come to.
    later: Option<Box<Fields>>,
}

#[derive(Debug, Default)]
pub(super) struct Lives {
    pub(super) of: HashMap<TaskId, Life>,
    looked_at: HashSet<TaskId>,
}

impl Lives {
    /// Whether it was not looked at before: while a server makes room for its keys, a scan may name one twice.
    pub(super) fn is_new(&mut self, task: TaskId) -> bool {
        self.looked_at.insert(task)
    }
}

impl Auditor<'_> {
    /// Walks the lives of a share on, through one stream.
    pub(super) async fn walk(
        &mut self,
        share: Share,
        lives: &mut Lives,
        stream: &Stream,
        after: StreamId,
        until: StreamId,
    ) -> Result<(), Error> {
        let store = self.store;
        let mut wrong = Vec::new();
        let (mut events, mut entries) = (0, 0_u64);
        let progress = self.progress;
        stream
            .read(store, after, until, &mut |id, entry| {
                entries += 1;
                if entries % 1_000 == 0 {
                    progress("reads the stream", 1_000);
                }
                let entry = match entry {
                    Ok(entry) => entry,
                    Err(text) => return wrong.push((text.clone(), id, UNREADABLE.broken("text", text))),
                };
                for told in entry.told() {
                    match told {
                        Ok((task, told, _)) if share.has(task) => {
                            events += 1;
                            let life = lives.of.entry(task).or_default();
                            if life.is_at_later() {
                                let later = life.later.take().unwrap_or_default();
                                wrong.extend(
                                    life.walk
                                        .compare(&later)
                                        .into_iter()
                                        .map(|one| (task.to_string(), id, one)),
                                );
                            }
                            let found = life.walk.step(told, !stream.whole);
                            wrong.extend(found.into_iter().map(|one| (task.to_string(), id, one)));
                        }
                        Ok(_) => {}
                        Err(text) if share.part == 0 => {
                            wrong.push((
                                text.clone(),
                                id,
                                UNREADABLE.broken("version, fence and attempts", text),
                            ));
                        }
                        Err(_) => {}
                    }
                }
            })
            .await?;
        self.report.events += events;
        for (subject, id, wrong) in wrong {
            let mut finding = Finding::of(wrong, subject, vec![stream.key.clone()]);
            finding.line = format!("redis-cli XRANGE {} {id} {id}", quoted(&stream.key));
            self.find(finding);
        }
        Ok(())
    }

    /// A task as it is now, against its life.
    pub(super) fn meet(&mut self, lives: &mut Lives, task: TaskId, fields: &Fields) {
        let Some(stream) = self.stream_of(task) else { return };
        let is_due = stream.has_all_since(number(fields, "created_ms").unwrap_or_default());
        if !lives.of.contains_key(&task) && !is_due {
            return;
        }
        let life = lives.of.entry(task).or_default();
        life.met = true;
        let version = number(fields, "version").unwrap_or_default();
        if version > life.walk.version() {
            life.later = Some(Box::new(fields.clone()));
            return;
        }
        let wrong = life.walk.compare(fields);
        self.tell_task(task, wrong);
    }

    /// Reads what has come since, and judges what is left.
    pub(super) async fn settle_lives(&mut self, share: Share, lives: &mut Lives) -> Result<(), Error> {
        let mut ends = Vec::new();
        for stream in self.streams.clone() {
            let end = stream.end(self.store).await?;
            self.walk(share, lives, &stream, stream.last, end).await?;
            ends.push((stream, end));
        }
        self.look_again().await?;
        let mut late = Vec::new();
        for (task, life) in &mut lives.of {
            if let Some(later) = life.later.take() {
                let created_ms = number(&later, "created_ms").unwrap_or_default();
                late.push((*task, life.walk.version(), created_ms, life.walk.compare(&later)));
            }
        }
        for (task, version, created_ms, wrong) in late {
            // What the stream had of it may have been trimmed before it was read.
            if version == 0 && !self.stream_of(task).is_some_and(|stream| stream.has_all_since(created_ms)) {
                continue;
            }
            if version == 0 {
                let wrong = NEVER_SUBMITTED.broken("a submission in the stream", "none");
                self.tell_task(task, vec![wrong]);
            } else {
                self.tell_task(task, wrong);
            }
        }
        let gone = self.not_there(lives).await?;
        if gone.is_empty() {
            return Ok(());
        }
        // What went since the stream was read went by being pruned.
        for (stream, end) in ends {
            let now = stream.end(self.store).await?;
            self.walk(share, lives, &stream, end, now).await?;
        }
        for task in gone {
            if lives.of.get(&task).is_some_and(|life| !life.walk.is_pruned()) {
                self.tell_task(task, vec![VANISHED.broken("the task, or that it was pruned", "neither")]);
            }
        }
        Ok(())
    }

    async fn look_again(&mut self) -> Result<(), Error> {
        for stream in &mut self.streams {
            stream.look_again(self.store).await?;
        }
        Ok(())
    }

    /// Those of which the stream tells, that were not met, were not pruned, and are not there.
    async fn not_there(&self, lives: &Lives) -> Result<Vec<TaskId>, Error> {
        let unmet: Vec<TaskId> = lives
            .of
            .iter()
            .filter(|(_, life)| !life.met && !life.walk.is_pruned())
            .map(|(task, _)| *task)
            .collect();
        self.missing(&unmet).await
    }
}

impl Life {
    fn is_at_later(&self) -> bool {
        let later = self.later.as_ref().and_then(|later| number(later, "version"));
        later.is_some_and(|version| version == self.walk.version())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_that_is_named_twice_is_looked_at_once() {
        let (one, other): (TaskId, TaskId) = (
            "01a20300-d6e9-7000-bd0f-f7215355d000".parse().unwrap(),
            "01a20300-d6e9-7000-bd0f-f7215355d001".parse().unwrap(),
        );
        let mut lives = Lives::default();
        assert_eq!([one, other, one].map(|task| lives.is_new(task)), [true, true, false]);
    }
}
