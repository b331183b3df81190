//! The ways in which the rules say no. Each code goes unchanged through Lua, JSON, logs and metrics.

use std::fmt;
use std::str::FromStr;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("read {0:?} as a refusal code")]
pub struct UnknownRefusal(String);

macro_rules! refusals {
    ($($name:ident = $code:literal: $advice:literal;)*) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Refusal { $(#[doc = $advice] $name),* }

        impl Refusal {
            pub const ALL: &[Refusal] = &[$(Refusal::$name),*];

            pub fn code(self) -> &'static str {
                match self { $(Refusal::$name => $code),* }
            }

            /// What happened, and what to do about it.
            pub fn advice(self) -> &'static str {
                match self { $(Refusal::$name => $advice),* }
            }
        }
    };
}

refusals! {
    UnknownTask = "unknown_task":
        "There is no such task: it was never submitted here, or its retention is over. Check the id.";
    UnknownFlow = "unknown_flow":
        "There is no such flow: it was never submitted here, or its retention is over. Check the id.";
    UnknownWorker = "unknown_worker":
        "No such worker is registered: register it, or claim with its id and boot.";
    UnknownPool = "unknown_pool":
        "There is no such pool: no supervisor ever attended to one of this name, and nobody gave it a size. Check the name.";
    UnknownSchedule = "unknown_schedule":
        "There is no such schedule: it was never made, or it was removed. Check the name.";
    UnknownKind = "unknown_kind":
        "Nothing is said of this kind, so what is usual holds for its tasks. Check the name.";
    UnknownOperation = "unknown_operation":
        "There is no such operation: it was never begun, or later ones have taken its place. Check the id.";
    UnknownWebhook = "unknown_webhook":
        "There is no such webhook: it was never made, or it was removed. Check the name.";
    NotRunning = "not_running":
        "The task is not running, so there is nothing to report about it. Read its status.";
    Fenced = "fenced":
        "You are not the holder of the task any more: somebody else is, or it was cancelled. Stop working on it.";
    Superseded = "superseded":
        "A later boot of this worker is current. Stop this process; its supervisor starts another.";
    LeaseLost = "lease_lost":
        "The lease expired and the tasks are being handed on. Cancel their handlers, report what you still can, then claim afresh.";
    Conflict = "conflict":
        "The task or worker is not in a state that allows this. The answer names the state it is in.";
    AlreadyFinished = "already_finished":
        "Another outcome of this run is recorded. The first one stands.";
    ParentsOpen = "parents_open":
        "A task that this one depends on has not completed. It becomes claimable by itself when the last one has.";
    DependencyMissing = "dependency_missing":
        "A parent does not exist: it was never submitted here, or its retention is over. Nothing can wait for it.";
    DependencyCycle = "dependency_cycle":
        "Tasks would wait for each other in a circle, so none of them could ever start. Leave out one of these edges.";
    CrossShardLink = "cross_shard_link":
        "The tasks live in different shards, and an edge holds within one. Submit tasks that depend on each other as one flow.";
    GraphTooLarge = "graph_too_large":
        "The graph around these tasks is too large to be searched for a cycle, so the edge is not taken. Submit it with the flow.";
    QueuePaused = "queue_paused":
        "The queue is paused. Resume it, or wait until somebody does.";
    LimitReached = "limit_reached":
        "As many tasks of this queue, or of this group in it, have started as its limits allow. Ask again when one has ended, or raise the limit.";
    DuplicateKey = "duplicate_key":
        "Another live task of this queue carries the same key. The answer names it.";
    IdempotencyMismatch = "idempotency_mismatch":
        "This idempotency key was used for another request. Use a new key for a new request.";
    SchemaTooNew = "schema_too_new":
        "A newer release of Baton owns this data. Upgrade this process.";
}

impl fmt::Display for Refusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.code())
    }
}

impl FromStr for Refusal {
    type Err = UnknownRefusal;

    fn from_str(code: &str) -> Result<Refusal, UnknownRefusal> {
        let known = Refusal::ALL.iter().find(|known| known.code() == code);
        known.copied().ok_or_else(|| UnknownRefusal(code.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_words_and_read_back() {
        for refusal in Refusal::ALL {
            let code = refusal.code();
            assert!(code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{code}");
            assert_eq!(code.parse(), Ok(*refusal));
            assert!(refusal.advice().ends_with('.'), "{code}");
        }
        assert!("nope".parse::<Refusal>().is_err());
    }
}
