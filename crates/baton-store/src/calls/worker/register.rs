//! Faces `lua/worker/register.lua`. Repeatable: the boot that is current already only refreshes its record.

use baton_core::{Boot, LeaseLength, Shard, WorkerId, limits};

use super::super::{Refused, bounded, check_about};
use crate::error::Error;
use crate::run::Call;
use crate::store::Store;

/// A worker and the boot that is to be its current one.
#[derive(Clone, Debug)]
pub struct Register<'a> {
    pub worker: &'a WorkerId,
    pub boot: &'a Boot,
    /// The boot that this one follows, as read before; a register that comes late names the wrong one and is refused.
    pub expects: Option<&'a Boot>,
    pub lease: LeaseLength,
    /// What people want to know of a worker: kind, host, pid, slots, version, labels.
    pub about: &'a [(&'a str, &'a str)],
}

/// The answer to a registration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Registered {
    Current { lease: LeaseLength, taken_over: u64, tick_ms: Option<u64> },
    Refused(Refused),
}

/// Fields of the record that are not the worker's to say.
pub(super) const OURS: [&str; 6] = ["boot", "past", "lease_ms", "registered_ms", "seen_ms", "directive"];

impl Store {
    /// Makes a boot the current one of its worker. It takes over what the boot before it held.
    pub async fn register(&self, shard: Shard, register: &Register<'_>) -> Result<Registered, Error> {
        bounded("fields about a worker", register.about.len(), 32)?;
        register.about.iter().try_for_each(|(field, value)| check_about(field, value, &OURS))?;
        let bytes = register.about.iter().map(|(_, value)| value.len()).sum();
        bounded("bytes about a worker", bytes, limits::ABOUT_ALL_BYTES_MAX)?;
        let keys = self.keys(shard)?;
        let held = keys.held(register.worker, Some(register.boot));
        let names =
            [keys.meta(), keys.events(), keys.leases(), keys.workers(), keys.worker(register.worker), held];
        let mut call = Call::new("worker/register", names);
        call.arg(self.now_argument()).arg(register.worker.as_str()).arg(register.boot.as_str());
        call.arg(register.expects.map_or("", Boot::as_str))
            .arg(register.lease.ms())
            .arg(register.about.len());
        for (field, value) in register.about {
            call.arg(*field).arg(*value);
        }
        let mut reply = self.run(&call).await?;
        match reply.text()?.as_str() {
            "registered" => {
                let tick_ms = reply.optional()?;
                self.note_due(shard, tick_ms);
                let lease = LeaseLength::from_ms(reply.parse()?);
                let lease = lease.map_err(|error| reply.fault(error.to_string()))?;
                Ok(Registered::Current { tick_ms, lease, taken_over: reply.parse()? })
            }
            "refused" => Ok(Registered::Refused(Refused::read(&mut reply)?)),
            other => Err(reply.fault(format!("it answered {other:?}"))),
        }
    }
}
