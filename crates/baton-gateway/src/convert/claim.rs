//! What a claim brought, and what a holder must stop.

use std::collections::BTreeMap;

use baton_api::lease::{Gone, Pair};
use baton_api::worker::{Claimed, ParentEnd};
use baton_api::{Json, Timestamp};
use baton_core::Shard;
use baton_store::calls;
use baton_store::calls::task::Grant;
use baton_store::calls::task::{Parent, Parents};

pub(crate) fn claimed(grant: Grant, lease_expires_ms: u64) -> Claimed {
    Claimed {
        id: grant.task,
        kind: grant.kind,
        queue: grant.queue,
        payload: Json::of_stored(&grant.payload),
        fence: grant.fence.0,
        attempt: grant.attempt,
        max_attempts: grant.max_attempts,
        crashes: grant.crashes,
        priority: grant.priority.get(),
        timeout_ms: grant.timeout_ms,
        lease_expires_at: Timestamp::from_ms(lease_expires_ms),
        redelivered: grant.redelivered,
        solo: grant.solo,
        traceparent: grant.traceparent,
        parents: BTreeMap::new(),
        parents_truncated: false,
    }
}

/// The same, with what its parents resulted in.
pub(crate) fn with_parents(claimed: Claimed, parents: &Parents) -> Claimed {
    let each = parents.named().map(|(name, parent)| (name, end(parent))).collect();
    Claimed { parents: each, parents_truncated: parents.truncated, ..claimed }
}

fn end(parent: &Parent) -> ParentEnd {
    let result = parent.result.as_deref().map(Json::of_stored);
    ParentEnd { id: parent.id, status: parent.status, result }
}

pub(crate) fn gone(gone: calls::Gone) -> Gone {
    Gone { task: gone.task, fence: gone.fence, why: gone.why }
}

/// Those of the listed pairs that lie in this shard.
pub(crate) fn pairs_of(shard: Shard, holding: &[Pair]) -> Vec<calls::Pair> {
    let here = holding.iter().filter(|pair| pair.task.shard() == shard);
    here.map(|pair| calls::Pair { task: pair.task, fence: pair.fence, timeout_ms: None }).collect()
}
