//! Faces `lua/namespace/import.lua`. Repeatable: an import knows itself by its name.

use super::super::Refused;
use crate::error::Error;
use crate::run::Call;
use crate::store::Store;

/// What an import says of a namespace or a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Begin,
    /// In the place of an import that came to nothing.
    Over,
    End,
}

impl Step {
    fn as_str(self) -> &'static str {
        match self {
            Step::Begin => "begin",
            Step::Over => "over",
            Step::End => "end",
        }
    }
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stepped {
    Begun { store_id: String },
    Whole,
    Refused(Refused),
}

impl Store {
    /// `meta` is the record of the namespace, or of a shard.
    pub(crate) async fn import_step(
        &self,
        meta: String,
        step: Step,
        import: &str,
        store_id: &str,
    ) -> Result<Stepped, Error> {
        let mut call = Call::new("namespace/import", [meta]);
        call.arg(self.now_argument()).arg(step.as_str()).arg(import).arg(self.shards().get()).arg(store_id);
        let mut reply = self.run(&call).await?;
        match reply.text()?.as_str() {
            "begun" => Ok(Stepped::Begun { store_id: reply.text()? }),
            "whole" => Ok(Stepped::Whole),
            "refused" => Ok(Stepped::Refused(Refused::read(&mut reply)?)),
            other => Err(reply.fault(format!("it answered {other:?}"))),
        }
    }
}
