//! An export, read line by line. Whatever it holds, nothing of a bad line is written, and its number is told.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use anyhow::{Context, Result, anyhow};
use baton_core::{Shard, TaskId};
use baton_store::Store;
use baton_store::carry::{Carried, Origin, ShardSum};

use super::line::{End, Line};
use crate::exit::{Exit, Stop};

/// A task with its payload, result and log has less, however it is written.
const LINE_BYTES_MAX: u64 = 256 * 1024 * 1024;

pub(super) struct Lines {
    from: Box<dyn BufRead>,
    store: Store,
    origin: Origin,
    /// Lines that were read.
    number: u64,
    tasks: u64,
    known: Known,
    end: Option<End>,
}

/// Tasks that came, and those that are parents, each with one of its children.
#[derive(Default)]
struct Known {
    tasks: HashSet<TaskId>,
    parents: HashMap<TaskId, TaskId>,
}

impl Lines {
    /// Reads the first line.
    pub(super) fn open(file: &Path, store: &Store) -> Result<Lines> {
        let from: Box<dyn BufRead> = match file == Path::new("-") {
            true => Box::new(BufReader::new(std::io::stdin())),
            false => {
                let opened =
                    File::open(file).with_context(|| format!("failed to read {}", file.display()))?;
                Box::new(BufReader::with_capacity(256 * 1024, opened))
            }
        };
        let nothing = Origin {
            namespace: String::new(),
            schema: 0,
            shards: 0,
            store_id: String::new(),
            exported_ms: 0,
        };
        let mut lines = Lines {
            from,
            store: store.clone(),
            origin: nothing,
            number: 0,
            tasks: 0,
            known: Known::default(),
            end: None,
        };
        lines.origin = match lines.line()? {
            Some(Line::BatonExport(header)) => {
                let origin = header.origin().map_err(|error| lines.refused(&error))?;
                origin.check(store).map_err(|error| lines.refused(&error.into()))?;
                origin
            }
            _ => return Err(lines.refused(&anyhow!("an export begins with a line `baton_export`"))),
        };
        Ok(lines)
    }

    pub(super) fn origin(&self) -> &Origin {
        &self.origin
    }

    pub(super) fn count(&self) -> u64 {
        self.number
    }

    /// What the next line holds; `None` behind the last.
    pub(super) fn next(&mut self) -> Result<Option<Carried>> {
        let line = self.line()?;
        if self.end.is_some() {
            return match line {
                None => Ok(None),
                Some(_) => Err(self.refused(&anyhow!("something stands behind the last line"))),
            };
        }
        let carried = match line {
            None => return Err(self.refused(&anyhow!("it ends without its last line: it is not whole"))),
            Some(Line::BatonExport(_)) => return Err(self.refused(&anyhow!("another export begins here"))),
            Some(Line::End(end)) => {
                self.check_end(&end).map_err(|error| self.refused(&error))?;
                self.end = Some(end);
                return self.next();
            }
            Some(Line::Key(key)) => key.carried(),
            Some(Line::Task(task)) => {
                self.tasks += 1;
                task.carried()
            }
        };
        let carried = carried.map_err(|error| self.refused(&error))?;
        carried.check(&self.store).map_err(|error| self.refused(&error.into()))?;
        if let Carried::Task(task) = &carried {
            self.known.tasks.insert(task.id);
            self.known.parents.extend(task.parents.iter().map(|edge| (edge.parent, task.id)));
        }
        Ok(Some(carried))
    }

    fn check_end(&self, end: &End) -> Result<()> {
        if (end.lines, end.tasks) != (self.number, self.tasks) {
            let (lines, tasks) = (self.number, self.tasks);
            return Err(anyhow!(
                "it says {} lines and {} tasks, and there are {lines} and {tasks}",
                end.lines,
                end.tasks
            ));
        }
        end.sums().map(|_| ())
    }

    /// What the last line says of each shard.
    pub(super) fn sums(&self) -> Result<Vec<ShardSum>> {
        self.end.as_ref().map_or_else(|| Err(anyhow!("it has no last line")), End::sums)
    }

    /// In a shard in which nothing happened meanwhile no parent is missing.
    pub(super) fn check_parents(&self) -> Result<()> {
        let still: Vec<Shard> = self.sums()?.iter().filter(|sum| sum.still).map(|sum| sum.shard).collect();
        let Known { tasks, parents } = &self.known;
        let missing =
            parents.iter().filter(|(parent, _)| still.contains(&parent.shard()) && !tasks.contains(parent));
        match missing.min() {
            Some((parent, child)) => {
                Err(self.refused(&anyhow!("the parent {parent} of {child} did not come along")))
            }
            None => Ok(()),
        }
    }

    fn line(&mut self) -> Result<Option<Line>> {
        let mut bytes = Vec::new();
        let read = (&mut self.from).take(LINE_BYTES_MAX).read_until(b'\n', &mut bytes);
        let read = read.with_context(|| format!("failed to read line {}", self.number + 1))?;
        if read == 0 {
            return Ok(None);
        }
        self.number += 1;
        if bytes.last() != Some(&b'\n') {
            let why = if read as u64 == LINE_BYTES_MAX { "it is too long" } else { "it is cut off" };
            return Err(self.refused(&anyhow!("{why}")));
        }
        serde_json::from_slice(&bytes).map(Some).map_err(|error| self.refused(&error.into()))
    }

    fn refused(&self, error: &anyhow::Error) -> anyhow::Error {
        Stop::new(Exit::Usage, format!("line {}: {error:#}", self.number.max(1))).into()
    }
}
