//! Faces `lua/worker/direct.lua`. Repeatable: the same directive twice is one.

use std::fmt;
use std::str::FromStr;

use baton_core::{Principal, Shard, WorkerId};

use super::super::Refused;
use crate::error::Error;
use crate::run::Call;
use crate::store::Store;

/// What a worker is told with its next renewal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Directive {
    /// Claim no more; finish what you hold.
    Quiet,
    /// Finish or give back what you hold, and end.
    Stop,
}

impl fmt::Display for Directive {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Directive::Quiet => "quiet",
            Directive::Stop => "stop",
        })
    }
}

impl FromStr for Directive {
    type Err = Error;

    fn from_str(word: &str) -> Result<Directive, Error> {
        match word {
            "quiet" => Ok(Directive::Quiet),
            "stop" => Ok(Directive::Stop),
            other => Err(Error::invalid("a directive", format!("{other:?} is none"))),
        }
    }
}

/// The answer to a directive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Directed {
    Done { before: Option<Directive> },
    Refused(Refused),
}

impl Store {
    /// `None` lets the worker go on.
    pub async fn direct(
        &self,
        shard: Shard,
        worker: &WorkerId,
        directive: Option<Directive>,
        by: Option<&Principal>,
    ) -> Result<Directed, Error> {
        let keys = self.keys(shard)?;
        let mut call = Call::new("worker/direct", [keys.meta(), keys.events(), keys.worker(worker)]);
        call.arg(worker.as_str());
        call.optional(directive.map(|directive| directive.to_string())).arg(by.map_or("", Principal::as_str));
        let mut reply = self.run(&call).await?;
        match reply.text()?.as_str() {
            "directed" => Ok(Directed::Done { before: reply.optional()? }),
            "refused" => Ok(Directed::Refused(Refused::read(&mut reply)?)),
            other => Err(reply.fault(format!("it answered {other:?}"))),
        }
    }
}
