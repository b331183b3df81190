//! Faces `lua/schedule/put.lua`. Repeatable: the same words again find what they wrote.

use baton_core::schedule::{Missed, Overlap, Timing};
use baton_core::{OpId, Principal, ScheduleName, limits};

use super::super::{Refused, between, bounded, digest};
use super::{Owner, Template};
use crate::error::Error;
use crate::reply::Reply;
use crate::run::Call;
use crate::store::Store;

/// What a schedule is to be.
#[derive(Clone, Debug)]
pub struct PutSchedule<'a> {
    pub name: &'a ScheduleName,
    /// Of an interval, only how long it is: it counts from when this is stored, or from where it did.
    pub timing: &'a Timing,
    pub missed: Missed,
    pub overlap: Overlap,
    pub task: &'a Template,
    pub begins: Begins,
    /// The version that it has; `None` for one that is to be new.
    pub version: Option<u64>,
    pub by: Option<&'a Principal>,
    /// Who owns it from now on.
    pub owner: Option<&'a Owner>,
    pub op: Option<&'a OpId>,
}

/// When it is due next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begins {
    /// As it was.
    AsBefore,
    AtMs(u64),
    /// So long from now, by Redis's clock; an interval counts from now.
    InMs(u64),
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SchedulePut {
    Created {
        version: u64,
        replayed: bool,
    },
    Changed {
        version: u64,
    },
    /// It was like this already.
    Same {
        version: u64,
        replayed: bool,
    },
    /// It has another version than the caller thinks.
    Stale {
        version: u64,
    },
    Refused(Refused),
}

impl Begins {
    fn word(self) -> String {
        match self {
            Begins::AsBefore => String::new(),
            Begins::AtMs(at) => at.to_string(),
            Begins::InMs(ms) => format!("+{ms}"),
        }
    }
}

/// What the record says, beside the payload: nothing of what is as usual.
fn fields(put: &PutSchedule<'_>) -> Vec<(&'static str, String)> {
    let mut fields = put.task.fields();
    match put.timing {
        Timing::Cron { cron, zone } => {
            fields.extend([("cron", cron.to_string()), ("zone", zone.to_string())]);
        }
        Timing::Every { every_ms, .. } => fields.push(("every_ms", every_ms.to_string())),
    }
    let policies = [("missed", put.missed.as_str()), ("overlap", put.overlap.as_str())];
    fields.extend(policies.map(|(name, word)| (name, word.to_owned())));
    fields
}

fn check(put: &PutSchedule<'_>) -> Result<(), Error> {
    if let Timing::Every { every_ms, .. } = put.timing {
        between("an interval", *every_ms, limits::SCHEDULE_EVERY_MS_MIN, limits::DELAY_MS_MAX)?;
    }
    bounded("a payload of a schedule", put.task.payload.len(), limits::SCHEDULE_PAYLOAD_BYTES_MAX)?;
    put.task.check()
}

impl Store {
    /// Makes a schedule, or changes it.
    pub async fn put_schedule(&self, put: &PutSchedule<'_>) -> Result<SchedulePut, Error> {
        check(put)?;
        let keys = self.keys(self.place_schedule(put.name))?;
        let mut names = vec![
            keys.meta(),
            keys.events(),
            keys.schedules(),
            keys.schedules_due(),
            keys.schedule(put.name),
            keys.schedules_owned(),
        ];
        names.extend(put.op.map(|op| keys.op(op)));
        let fields = fields(put);
        let words: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let words = [put.name.as_str().to_owned(), words.join("\n")];
        let parts = words.iter().map(String::as_bytes).chain([put.task.payload.as_slice()]);
        let mut call = Call::new("schedule/put", names);
        call.arg(self.now_argument()).arg(put.name.as_str()).arg(put.by.map_or("", Principal::as_str));
        call.arg(digest(parts)).optional(put.version).arg(put.begins.word());
        call.arg(put.task.payload.as_slice());
        for word in Owner::words(put.owner) {
            call.arg(word);
        }
        call.arg(fields.len());
        for (name, value) in fields {
            call.arg(name).arg(value);
        }
        read(self.run(&call).await?)
    }
}

fn read(mut reply: Reply) -> Result<SchedulePut, Error> {
    let replayed = match reply.text()?.as_str() {
        "put" => false,
        "replayed" => true,
        "stale" => return Ok(SchedulePut::Stale { version: reply.parse()? }),
        "refused" => return Ok(SchedulePut::Refused(Refused::read(&mut reply)?)),
        other => return Err(reply.fault(format!("it answered {other:?}"))),
    };
    let (how, version) = (reply.text()?, reply.parse()?);
    match how.as_str() {
        "created" => Ok(SchedulePut::Created { version, replayed }),
        "changed" => Ok(SchedulePut::Changed { version }),
        "same" => Ok(SchedulePut::Same { version, replayed }),
        other => Err(reply.fault(format!("it answered {other:?}"))),
    }
}

impl SchedulePut {
    /// The detail of a refusal for there being too many of them.
    pub const LIMIT: &'static str = "limit";
}
