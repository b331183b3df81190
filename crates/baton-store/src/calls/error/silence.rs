//! Faces `lua/error/silence.lua`. Repeatable: the same words again say the same, a moment later.

use baton_core::{Fingerprint, Principal, Refusal, Shard, limits};

use super::super::{Refused, between, bounded};
use crate::error::Error;
use crate::run::Call;
use crate::store::Store;

/// Which group is to draw no attention, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct SilenceError<'a> {
    pub fingerprint: Fingerprint,
    /// `None`: until it is taken back.
    pub for_ms: Option<u64>,
    pub by: Option<&'a Principal>,
    pub reason: &'a str,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Silenced {
    Done,
    /// A newer release owns the data.
    Refused(Refused),
}

/// The answer to taking it back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unsilenced {
    Done,
    /// It was not silenced.
    Same,
    Refused(Refused),
}

enum Answer {
    Silenced,
    Lifted(bool),
    Refused(Refused),
}

impl SilenceError<'_> {
    pub fn check(&self) -> Result<(), Error> {
        bounded("a reason", self.reason.len(), limits::REASON_BYTES_MAX)?;
        let for_ms = self.for_ms.unwrap_or(limits::SILENCE_MS_MIN);
        between("for_ms", for_ms, limits::SILENCE_MS_MIN, limits::SILENCE_MS_MAX)
    }
}

impl Store {
    /// Leaves a group of failures out of what asks for attention. What was said of it before is forgotten, and where there are too
    /// many, the oldest one.
    pub async fn silence_error(&self, silence: &SilenceError<'_>) -> Result<Silenced, Error> {
        silence.check()?;
        match self.put_silence(silence, silence.for_ms).await? {
            Answer::Silenced => Ok(Silenced::Done),
            Answer::Refused(refused) => Ok(Silenced::Refused(refused)),
            Answer::Lifted(_) => Err(Error::fault("error/silence", "it took back what it was to do")),
        }
    }

    /// Takes that back.
    pub async fn unsilence_error(&self, fingerprint: Fingerprint) -> Result<Unsilenced, Error> {
        let silence = SilenceError { fingerprint, for_ms: None, by: None, reason: "" };
        match self.put_silence(&silence, Some(0)).await? {
            Answer::Lifted(true) => Ok(Unsilenced::Done),
            Answer::Lifted(false) => Ok(Unsilenced::Same),
            Answer::Refused(refused) => Ok(Unsilenced::Refused(refused)),
            Answer::Silenced => Err(Error::fault("error/silence", "it did what it was to take back")),
        }
    }

    async fn put_silence(&self, silence: &SilenceError<'_>, for_ms: Option<u64>) -> Result<Answer, Error> {
        let keys = self.keys(Shard::FIRST)?;
        let mut call = Call::new("error/silence", [keys.meta(), keys.silences()]);
        call.arg(self.now_argument()).arg(silence.fingerprint.to_string()).optional(for_ms);
        call.arg(silence.by.map_or("", Principal::as_str)).arg(silence.reason);
        let mut reply = self.run(&call).await?;
        match reply.text()?.as_str() {
            "silenced" => Ok(Answer::Silenced),
            "lifted" => Ok(Answer::Lifted(reply.flag()?)),
            "refused" => {
                let refused = Refused::read(&mut reply)?;
                match refused.refusal {
                    Refusal::SchemaTooNew => Ok(Answer::Refused(refused)),
                    other => Err(reply.fault(format!("it refused: {other}"))),
                }
            }
            other => Err(reply.fault(format!("it answered {other:?}"))),
        }
    }
}
