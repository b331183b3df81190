//! Operations and the trail, as they are shown.

use baton_api::Timestamp;
use baton_api::operation::{Operation, TrailEntry};
use baton_store::calls::operation::Operation as Stored;
use baton_store::calls::trail::Entry;

pub(crate) fn operation(stored: Stored) -> Operation {
    let refused: u64 = stored.counts.refused.values().sum();
    let left = |expected: u64| expected.saturating_sub(stored.counts.done + refused);
    Operation {
        action: stored.act,
        state: stored.state,
        // One of a newer release, perhaps: it is shown by those that can read it.
        filter: stored.filter.and_then(|text| serde_json::from_str(&text).ok()),
        priority: stored.priority.map(|priority| i64::from(priority.get())),
        reason: Some(stored.reason).filter(|reason| !reason.is_empty()),
        expected: stored.expected,
        matched: stored.matched,
        done: stored.counts.done,
        left: stored.expected.map(left).filter(|_| !stored.state.is_over()),
        refused: stored.counts.refused.iter().map(|(code, count)| (code.to_string(), *count)).collect(),
        unread: stored.counts.unread,
        created_at: Timestamp::from_ms(stored.created_ms),
        created_by: stored.created_by,
        changed_at: stored.changed_ms.map(Timestamp::from_ms),
        cancelled_by: stored.cancelled_by,
        ended_at: stored.ended_ms.map(Timestamp::from_ms),
        id: stored.id,
    }
}

pub(crate) fn entry(stored: Entry) -> TrailEntry {
    TrailEntry {
        id: stored.id.to_string(),
        at: Timestamp::from_ms(stored.id.ms),
        action: stored.action,
        by: stored.by,
        address: stored.address,
        subject: stored.subject,
        outcome: stored.outcome,
        count: stored.count,
        why: stored.why,
        request_id: stored.request,
    }
}
