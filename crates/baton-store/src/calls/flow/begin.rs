//! Faces `lua/flow/begin.lua`. Repeatable: the call is remembered by its op id, so a repeat gets the first answer.

use std::fmt;
use std::str::FromStr;

use baton_core::{FlowId, OpId, Principal};

use super::super::task::check_reason;
use super::super::{Refused, digest, keep_ms};
use crate::error::Error;
use crate::run::Call;
use crate::store::Store;

/// What is done with a whole flow, a piece at a time, by whoever passes ends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// It was just submitted, and its tasks come into their places.
    LayOut,
    /// What has not ended is cancelled.
    Cancel,
    /// What failed, timed out or was cancelled is rerun.
    Rerun,
}

impl Work {
    pub fn as_str(self) -> &'static str {
        match self {
            Work::LayOut => "lay_out",
            Work::Cancel => "cancel",
            Work::Rerun => "rerun",
        }
    }
}

impl fmt::Display for Work {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

impl FromStr for Work {
    type Err = Error;

    fn from_str(word: &str) -> Result<Work, Error> {
        let known = [Work::LayOut, Work::Cancel, Work::Rerun].into_iter().find(|work| work.as_str() == word);
        known.ok_or_else(|| Error::invalid("what is done with a flow", format!("{word:?} is unknown")))
    }
}

/// A whole flow to be cancelled or rerun.
#[derive(Clone, Debug)]
pub struct Begin<'a> {
    pub flow: FlowId,
    pub by: Option<&'a Principal>,
    pub reason: &'a str,
    /// The caller's idempotency key; without one, one is drawn for the retries of this call.
    pub op: Option<&'a OpId>,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begun {
    /// So many tasks it may concern.
    Tasks {
        concerned: u64,
        replayed: bool,
    },
    Refused(Refused),
}

impl Store {
    /// Begins to cancel what has not ended of a flow. It goes on to the end whoever ends meanwhile.
    pub async fn cancel_flow(&self, begin: &Begin<'_>) -> Result<Begun, Error> {
        self.begin(begin, Work::Cancel).await
    }

    /// Begins to rerun what ended otherwise than well in a flow.
    pub async fn rerun_flow(&self, begin: &Begin<'_>) -> Result<Begun, Error> {
        self.begin(begin, Work::Rerun).await
    }

    async fn begin(&self, begin: &Begin<'_>, work: Work) -> Result<Begun, Error> {
        check_reason(begin.reason)?;
        let keys = self.keys(begin.flow.shard())?;
        let flow = begin.flow.to_string();
        let drawn = self.draw_op();
        let op = keys.op(begin.op.unwrap_or(&drawn));
        let names = [
            keys.meta(),
            keys.events(),
            op,
            keys.flow(begin.flow),
            keys.flow_tasks(begin.flow),
            keys.cascades(),
        ];
        let mut call = Call::new("flow/begin", names);
        let asked = digest(["flow/begin", work.as_str(), &flow, begin.reason].map(str::as_bytes));
        call.arg(self.now_argument())
            .arg(asked)
            .arg(begin.by.map_or("", Principal::as_str))
            .arg(begin.reason);
        call.arg(keep_ms(begin.op)).arg(flow).arg(work.as_str());
        let mut reply = self.run(&call).await?;
        let replayed = match reply.text()?.as_str() {
            "begun" => false,
            "replayed" => true,
            "refused" => return Ok(Begun::Refused(Refused::read(&mut reply)?)),
            other => return Err(reply.fault(format!("it answered {other:?}"))),
        };
        let concerned = reply.parse()?;
        self.cascade_soon(begin.flow.shard());
        Ok(Begun::Tasks { concerned, replayed })
    }
}
