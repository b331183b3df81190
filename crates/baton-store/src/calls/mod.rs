//! One typed call per script: `calls/task/claim.rs` faces `lua/task/claim.lua`, in the same words.
//!
//! Every call may be repeated, word for word, when its outcome is not known; each module says why.

pub mod error;
pub mod flow;
pub mod gateway;
pub mod kind;
pub mod namespace;
pub mod operation;
pub mod pool;
pub mod queue;
pub mod schedule;
pub mod series;
pub mod shard;
pub mod task;
pub mod token;
pub mod trail;
pub mod webhook;
pub mod worker;

use baton_core::{Refusal, Status, Version, limits};

use crate::error::Error;
use crate::reply::Reply;
use crate::run::Call;

/// The rules say no to the whole call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    pub refusal: Refusal,
    /// What there is to say beside the code: a status, a boot, an id.
    pub detail: Option<String>,
}

impl Refused {
    pub(crate) fn read(reply: &mut Reply) -> Result<Refused, Error> {
        Ok(Refused { refusal: reply.parse()?, detail: reply.optional()? })
    }
}

/// A word that a worker or a supervisor says of itself; some are not its to say.
fn check_about(field: &str, value: &str, ours: &[&str]) -> Result<(), Error> {
    let word = !field.is_empty()
        && field.len() <= 64
        && field.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    if !word || ours.contains(&field) {
        return Err(Error::invalid("what is said of oneself", format!("{field:?} cannot be a field of it")));
    }
    bounded("a value of what is said of oneself", value.len(), limits::ABOUT_BYTES_MAX)
}

/// A task that a holder believes to hold, and the fence under which it got it. Claims and renewals list such pairs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pair {
    pub task: baton_core::TaskId,
    pub fence: baton_core::Fence,
    /// As the claim answered it; `None` if it is not at hand, which costs the script a look.
    pub timeout_ms: Option<u64>,
}

/// A pair that the holder lists and does not hold: stop working on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gone {
    pub task: baton_core::TaskId,
    pub fence: baton_core::Fence,
    /// The status it is in now, or the code that a report of it would be refused with.
    pub why: String,
}

fn read_gone(reply: &mut Reply) -> Result<Vec<Gone>, Error> {
    let size: usize = reply.parse()?;
    (0..size).map(|_| Ok(Gone { task: reply.parse()?, fence: reply.parse()?, why: reply.text()? })).collect()
}

fn list_pairs(call: &mut Call, pairs: &[Pair]) {
    for pair in pairs {
        call.arg(pair.task.to_string()).arg(pair.fence.0).optional(pair.timeout_ms);
    }
}

/// What an operator's call did to one task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operated {
    Moved { status: Status, version: Version },
    Refused { refusal: Refusal, status: Option<Status> },
}

/// The answer to an operator's call on many tasks, in the order in which they were named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answered {
    Tasks { each: Vec<Operated>, replayed: bool },
    Refused(Refused),
}

fn read_operated(mut reply: Reply, tag: &str) -> Result<Answered, Error> {
    let replayed = match reply.text()?.as_str() {
        "replayed" => true,
        "refused" => return Ok(Answered::Refused(Refused::read(&mut reply)?)),
        said if said == tag => false,
        other => return Err(reply.fault(format!("it answered {other:?}"))),
    };
    let mut each = Vec::new();
    while !reply.is_empty() {
        each.push(match reply.text()?.as_str() {
            "refused" => Operated::Refused { refusal: reply.parse()?, status: reply.optional()? },
            said if said == tag => Operated::Moved { status: reply.parse()?, version: reply.parse()? },
            other => return Err(reply.fault(format!("it answered {other:?} of a task"))),
        });
    }
    Ok(Answered::Tasks { each, replayed })
}

/// A short text that names what a call asked for, so that a repeat under the same op id can be told from another one.
pub(crate) fn digest<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut hash = sha1_smol::Sha1::new();
    for part in parts {
        hash.update(&(part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let mut text = hash.digest().to_string();
    text.truncate(16);
    text
}

/// How long a call is remembered. A key that the caller sent is his to repeat for a day; one that was drawn serves the
/// retries of this call.
fn keep_ms(op: Option<&baton_core::OpId>) -> u64 {
    if op.is_some() { limits::OP_RETENTION_MS } else { limits::OPERATE_RETENTION_MS }
}

fn between(field: &'static str, value: u64, min: u64, max: u64) -> Result<(), Error> {
    if (min..=max).contains(&value) {
        Ok(())
    } else {
        Err(Error::invalid(field, format!("{value} is not between {min} and {max}")))
    }
}

pub(crate) fn bounded(field: &'static str, size: usize, max: u64) -> Result<(), Error> {
    if size as u64 <= max { Ok(()) } else { Err(Error::invalid(field, format!("{size} is more than {max}"))) }
}

/// A page that begins at a rank: neither empty nor endless, and not beyond what a list can hold.
fn page(first: u64, limit: u64) -> Result<(), Error> {
    bounded("a page", limit as usize, baton_core::limits::PAGE_MAX)?;
    match limit {
        0 => Err(Error::invalid("a page", "it has no room")),
        _ => bounded("the beginning of a page", first as usize, u64::from(u32::MAX)),
    }
}

impl crate::store::Store {
    /// The frame of an operator's call on many tasks; `what` is its one further argument.
    fn operator_call(
        &self,
        script: &'static str,
        shard: baton_core::Shard,
        tasks: &[baton_core::TaskId],
        by: Option<&baton_core::Principal>,
        op: Option<&baton_core::OpId>,
        what: &str,
    ) -> Result<Call, Error> {
        bounded("tasks of one call", tasks.len(), limits::OPERATE_TASKS_MAX)?;
        if tasks.iter().any(|task| task.shard() != shard) {
            return Err(Error::invalid("tasks", "they are of several shards"));
        }
        let names: Vec<String> = tasks.iter().map(ToString::to_string).collect();
        let parts = [script, what].into_iter().chain(names.iter().map(String::as_str)).map(str::as_bytes);
        let keys = self.keys(shard)?;
        let drawn = self.draw_op();
        let mut call = Call::new(script, [keys.meta(), keys.events(), keys.op(op.unwrap_or(&drawn))]);
        call.arg(self.now_argument()).arg(digest(parts));
        call.arg(by.map_or("", baton_core::Principal::as_str)).arg(what).arg(keep_ms(op)).arg(tasks.len());
        for name in &names {
            call.arg(name);
        }
        Ok(call)
    }
}
