//! Faces `lua/worker/renew.lua`. Repeatable: a deadline is only ever moved later.

use baton_core::{Boot, LeaseLength, Shard, TaskId, WorkerId, limits};

use super::super::{Gone, Pair, Refused, bounded, check_about, list_pairs, read_gone};
use super::direct::Directive;
use super::register::OURS;
use crate::error::Error;
use crate::run::Call;
use crate::store::Store;

/// A holder and what it believes to hold.
#[derive(Clone, Debug)]
pub struct Renew<'a> {
    pub worker: &'a WorkerId,
    pub boot: &'a Boot,
    /// The pairs the holder knows in this shard.
    pub holding: &'a [Pair],
    /// Renew only if the holder holds nothing else: the heartbeat of a single lease must not keep alive what its
    /// sender does not know.
    pub alone: bool,
    /// What of its record has changed: how many tasks it has done, and the like.
    pub about: &'a [(&'a str, String)],
}

/// What a holder learns when its lease is extended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Renewal {
    pub lease: LeaseLength,
    pub tick_ms: Option<u64>,
    pub directive: Option<Directive>,
    pub gone: Vec<Gone>,
    /// What it holds without having listed it: the next claim delivers it again.
    pub unknown: Vec<TaskId>,
}

/// The answer to a renewal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Renewed {
    Until(Renewal),
    Refused(Refused),
}

impl Store {
    /// Extends a lease, and answers where the picture of its holder differs from what is so.
    pub async fn renew(&self, shard: Shard, renew: &Renew<'_>) -> Result<Renewed, Error> {
        bounded("tasks held", renew.holding.len(), limits::HELD_TASKS_MAX)?;
        bounded("fields about a worker", renew.about.len(), 8)?;
        renew.about.iter().try_for_each(|(field, value)| check_about(field, value, &OURS))?;
        let keys = self.keys(shard)?;
        let held = keys.held(renew.worker, Some(renew.boot));
        let names = [keys.meta(), keys.events(), keys.leases(), keys.worker(renew.worker), held];
        let mut call = Call::new("worker/renew", names);
        call.arg(self.now_argument()).arg(renew.worker.as_str()).arg(renew.boot.as_str());
        call.arg(if renew.alone { "1" } else { "" }).arg(renew.about.len());
        for (field, value) in renew.about {
            call.arg(*field).arg(value.as_str());
        }
        call.arg(renew.holding.len());
        list_pairs(&mut call, renew.holding);
        let mut reply = self.run(&call).await?;
        match reply.text()?.as_str() {
            "renewed" => {}
            "refused" => return Ok(Renewed::Refused(Refused::read(&mut reply)?)),
            other => return Err(reply.fault(format!("it answered {other:?}"))),
        }
        let tick_ms = reply.optional()?;
        self.note_due(shard, tick_ms);
        let lease = LeaseLength::from_ms(reply.parse()?).map_err(|error| reply.fault(error.to_string()))?;
        let directive = reply.optional()?;
        let gone = read_gone(&mut reply)?;
        let unknown: usize = reply.parse()?;
        let unknown = (0..unknown).map(|_| reply.parse()).collect::<Result<Vec<_>, Error>>()?;
        Ok(Renewed::Until(Renewal { lease, tick_ms, directive, gone, unknown }))
    }
}
