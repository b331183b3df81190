//! Faces `lua/task/settle.lua`. Repeatable: the same report of the same worker and fence gets the recorded answer, and
//! the claim that rides along is repeatable as a claim is.

use baton_core::{Boot, Fence, QueueName, Refusal, Shard, Status, TaskId, Version, WorkerId, limits};

use super::super::{Pair, Refused, bounded, digest, list_pairs};
use super::claim::{Claimed, order_word, queue_keys, read_grants};
use crate::error::Error;
use crate::reply::Reply;
use crate::run::Call;
use crate::store::Store;

/// How a run ended, in the words of its holder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Complete {
        result: Vec<u8>,
    },
    /// Another attempt, if any are left. `retry_in_ms` overrides the backoff.
    Fail {
        error: Vec<u8>,
        reason: String,
        retry_in_ms: Option<u64>,
    },
    /// No further attempt would help.
    FailForGood {
        error: Vec<u8>,
        reason: String,
    },
    /// The run went over its time and was ended.
    TimeOut {
        error: Vec<u8>,
    },
    /// Given back: now, or not before some time. Burns no attempt.
    Release {
        reason: String,
        delay_ms: Option<u64>,
    },
}

/// How one run ended, shown with the fence it had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    pub task: TaskId,
    pub fence: Fence,
    pub outcome: Outcome,
}

/// Reports of one holder in one shard, and on request a claim in the same trip.
#[derive(Clone, Debug)]
pub struct Settle<'a> {
    pub worker: &'a WorkerId,
    /// `None` when only worker and fence are known, as over HTTP; then nothing can be claimed.
    pub boot: Option<&'a Boot>,
    pub reports: &'a [Report],
    pub claim: Option<Next<'a>>,
}

/// The claim that rides along with reports.
#[derive(Clone, Copy, Debug)]
pub struct Next<'a> {
    pub queues: &'a [QueueName],
    /// Empty the queues in their order; else by priority and age over all of them.
    pub in_order: bool,
    pub max: u64,
    /// What the holder knows beside the reported tasks.
    pub holding: &'a [Pair],
}

/// What became of one report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settled {
    Now {
        status: Status,
        version: Version,
    },
    /// It had been reported before, in the same words.
    Recorded {
        status: Status,
        version: Version,
    },
    Refused {
        refusal: Refusal,
        status: Option<Status>,
    },
}

/// The answer to reports, in their order, and to the claim that came with them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SettleAnswer {
    Reports { each: Vec<Settled>, claimed: Option<Claimed> },
    Refused(Refused),
}

struct Words<'a> {
    verb: &'static str,
    reason: &'a str,
    wait_ms: Option<u64>,
    body: &'a [u8],
}

impl Outcome {
    fn words(&self) -> Words<'_> {
        match self {
            Outcome::Complete { result } => {
                Words { verb: "complete", reason: "", wait_ms: None, body: result }
            }
            Outcome::Fail { error, reason, retry_in_ms } => {
                Words { verb: "fail", reason, wait_ms: *retry_in_ms, body: error }
            }
            Outcome::FailForGood { error, reason } => {
                Words { verb: "fail_for_good", reason, wait_ms: None, body: error }
            }
            Outcome::TimeOut { error } => {
                Words { verb: "time_out", reason: "timeout", wait_ms: None, body: error }
            }
            Outcome::Release { reason, delay_ms } => {
                Words { verb: "release", reason, wait_ms: *delay_ms, body: b"" }
            }
        }
    }

    /// By it a repeat is told from a different second outcome. Empty where the verb says all.
    fn digest(&self) -> String {
        let Words { reason, wait_ms, body, .. } = self.words();
        if reason.is_empty() && wait_ms.is_none() && body.is_empty() {
            return String::new();
        }
        let wait = wait_ms.map_or(String::new(), |wait| wait.to_string());
        digest([reason.as_bytes(), wait.as_bytes(), body])
    }

    fn check(&self) -> Result<(), Error> {
        let Words { verb, reason, wait_ms, body } = self.words();
        let max = if verb == "complete" { limits::RESULT_BYTES_MAX } else { limits::ERROR_BYTES_MAX };
        bounded(if verb == "complete" { "a result" } else { "an error" }, body.len(), max)?;
        check_reason(reason)?;
        bounded("a delay in ms", wait_ms.unwrap_or_default() as usize, limits::DELAY_MS_MAX)
    }
}

/// A reason goes into histories and events, a line each.
pub(in crate::calls) fn check_reason(reason: &str) -> Result<(), Error> {
    bounded("a reason", reason.len(), limits::REASON_BYTES_MAX)?;
    match reason.chars().find(|character| character.is_control()) {
        Some(character) => Err(Error::invalid("a reason", format!("it has the character {character:?}"))),
        None => Ok(()),
    }
}

impl Settle<'_> {
    fn check(&self) -> Result<(), Error> {
        bounded("reports of one call", self.reports.len(), limits::SETTLE_TASKS_MAX)?;
        let bytes = self.reports.iter().map(|report| report.outcome.words().body.len()).sum();
        bounded("results and errors of one call", bytes, limits::CALL_BYTES_MAX)?;
        self.reports.iter().try_for_each(|report| report.outcome.check())?;
        let Some(next) = &self.claim else { return Ok(()) };
        if self.boot.is_none() {
            return Err(Error::invalid("a claim", "it names no boot"));
        }
        bounded("tasks of one claim", next.max as usize, limits::CLAIM_TASKS_MAX)?;
        bounded("queues of one claim", next.queues.len(), limits::CLAIM_QUEUES_MAX)?;
        bounded("tasks held", next.holding.len(), limits::HELD_TASKS_MAX)
    }
}

impl Store {
    /// Records how runs ended, and claims the next tasks in the same trip if that is asked for.
    pub async fn settle(&self, shard: Shard, settle: &Settle<'_>) -> Result<SettleAnswer, Error> {
        settle.check()?;
        let keys = self.keys(shard)?;
        let mut names = vec![keys.meta(), keys.events(), keys.leases(), keys.worker(settle.worker)];
        names.push(keys.held(settle.worker, settle.boot));
        names.extend(settle.claim.iter().flat_map(|next| queue_keys(keys, next.queues)));
        let mut call = Call::new("task/settle", names);
        let holding = settle.claim.map_or(&[][..], |next| next.holding);
        call.arg(self.now_argument()).arg(settle.worker.as_str()).arg(settle.boot.map_or("", Boot::as_str));
        call.optional(settle.claim.map(|next| next.max));
        call.arg(order_word(settle.claim.is_some_and(|next| next.in_order)));
        call.arg(settle.reports.len()).arg(holding.len());
        for report in settle.reports {
            let Words { verb, reason, wait_ms, body } = report.outcome.words();
            call.arg(report.task.to_string()).arg(report.fence.0).arg(verb);
            match report.outcome.digest() {
                digest if digest.is_empty() => call.arg("0"),
                digest => call.arg("4").arg(digest).arg(reason).optional(wait_ms).arg(body),
            };
        }
        list_pairs(&mut call, holding);
        let (answer, tick_ms) = read_answer(self.run(&call).await?, settle)?;
        self.note_due(shard, tick_ms);
        Ok(answer)
    }
}

/// The answer, and when the shard wants to be ticked next.
fn read_answer(mut reply: Reply, settle: &Settle<'_>) -> Result<(SettleAnswer, Option<u64>), Error> {
    match reply.text()?.as_str() {
        "settled" => {}
        "refused" => return Ok((SettleAnswer::Refused(Refused::read(&mut reply)?), None)),
        other => return Err(reply.fault(format!("it answered {other:?}"))),
    }
    let tick_ms = reply.optional()?;
    let each = settle.reports.iter().map(|_| read_settled(&mut reply)).collect::<Result<Vec<_>, _>>()?;
    let claimed = match settle.claim {
        Some(_) => Some(read_claimed(&mut reply, tick_ms)?),
        None => None,
    };
    Ok((SettleAnswer::Reports { each, claimed }, tick_ms))
}

fn read_settled(reply: &mut Reply) -> Result<Settled, Error> {
    Ok(match reply.text()?.as_str() {
        "settled" => Settled::Now { status: reply.parse()?, version: reply.parse()? },
        "recorded" => Settled::Recorded { status: reply.parse()?, version: reply.parse()? },
        "refused" => Settled::Refused { refusal: reply.parse()?, status: reply.optional()? },
        other => return Err(reply.fault(format!("it answered {other:?} of a report"))),
    })
}

fn read_claimed(reply: &mut Reply, tick_ms: Option<u64>) -> Result<Claimed, Error> {
    match reply.text()?.as_str() {
        "claimed" => Ok(Claimed::Tasks(read_grants(reply, tick_ms)?)),
        "refused" => Ok(Claimed::Refused(Refused::read(reply)?)),
        other => Err(reply.fault(format!("it answered {other:?} of the claim"))),
    }
}
