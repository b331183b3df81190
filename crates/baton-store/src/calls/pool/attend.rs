//! Faces `lua/pool/attend.lua`. Repeatable: a repeat reports and hears the same.

use baton_core::{PoolName, Shard, SupervisorId, limits};

use super::super::{Refused, bounded, check_about};
use crate::error::Error;
use crate::reply::Reply;
use crate::run::Call;
use crate::store::Store;

/// The heartbeat of a supervisor.
#[derive(Clone, Debug)]
pub struct Attend<'a> {
    pub pool: &'a PoolName,
    pub supervisor: &'a SupervisorId,
    /// It begins: a pool that nobody has set by hand takes the size that is configured here.
    pub first: bool,
    /// How large a pool is that nobody has set.
    pub count: u64,
    /// Whether such a pool runs from the beginning.
    pub auto_start: bool,
    /// What it has to say; `most`, `machine`, `pid` and `pid_start` are for the others.
    pub report: &'a [(&'a str, String)],
}

/// What a supervisor hears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attendance {
    /// Redis's clock.
    pub now_ms: u64,
    /// How many workers the pool is to have.
    pub desired: u64,
    pub running: bool,
    /// Rises when what gave up is to begin anew.
    pub generation: u64,
    /// Who attends now, the caller included, the earliest first.
    pub supervisors: Vec<Attendant>,
}

/// One supervisor, as the others need to know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attendant {
    pub id: SupervisorId,
    pub joined_ms: u64,
    /// How many workers it could have.
    pub most: u64,
    pub machine: String,
    pub pid: String,
    pub pid_start: String,
}

/// The answer to a heartbeat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attended {
    Heard(Attendance),
    Refused(Refused),
}

/// Fields of the report that are not the supervisor's to say.
const OURS: [&str; 3] = ["pool", "seen_ms", "joined_ms"];

impl Store {
    /// Reports, and hears what the pool is to be and who else attends to it.
    pub async fn attend(&self, attend: &Attend<'_>) -> Result<Attended, Error> {
        bounded("fields of a report", attend.report.len(), 32)?;
        attend.report.iter().try_for_each(|(field, value)| check_about(field, value, &OURS))?;
        bounded("workers of a pool", attend.count as usize, limits::POOL_WORKERS_MAX)?;
        let keys = self.keys(Shard::FIRST)?;
        let names = [
            keys.meta(),
            keys.events(),
            keys.pools(),
            keys.pool(attend.pool),
            keys.pool_supervisors(attend.pool),
            keys.supervisor(attend.supervisor),
        ];
        let flag = |yes: bool| if yes { "1" } else { "" };
        let mut call = Call::new("pool/attend", names);
        call.arg(self.now_argument()).arg(attend.pool.as_str()).arg(attend.supervisor.as_str());
        call.arg(flag(attend.first)).arg(attend.count).arg(flag(attend.auto_start)).arg(attend.report.len());
        for (field, value) in attend.report {
            call.arg(*field).arg(value.as_str());
        }
        let mut reply = self.run(&call).await?;
        match reply.text()?.as_str() {
            "heard" => Ok(Attended::Heard(read(&mut reply)?)),
            "refused" => Ok(Attended::Refused(Refused::read(&mut reply)?)),
            other => Err(reply.fault(format!("it answered {other:?}"))),
        }
    }
}

fn read(reply: &mut Reply) -> Result<Attendance, Error> {
    let (now_ms, desired) = (reply.parse()?, reply.parse()?);
    let (running, generation) = (reply.text()? == "1", reply.parse()?);
    let mut supervisors = Vec::new();
    while !reply.is_empty() {
        supervisors.push(Attendant {
            id: reply.parse()?,
            joined_ms: reply.optional()?.unwrap_or_default(),
            most: reply.optional()?.unwrap_or_default(),
            machine: reply.text()?,
            pid: reply.text()?,
            pid_start: reply.text()?,
        });
    }
    supervisors.sort_by(|one, other| (one.joined_ms, &one.id).cmp(&(other.joined_ms, &other.id)));
    Ok(Attendance { now_ms, desired, running, generation, supervisors })
}
