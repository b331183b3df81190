//! Deliveries: each end of a task that a webhook wants to hear of waits for its receiver, once.
//!
//! All that the receiver is told of the event is in the words of the delivery: the stream may be trimmed before he takes it.

use baton_core::webhook::end_of;

use super::{BehindKey, Extra, Fact, Writes};
use crate::calls::webhook::Delivery;

pub(super) fn note(facts: &[Fact], extra: &Extra<'_>, writes: &mut Writes) {
    if extra.watches.is_empty() {
        return;
    }
    for fact in facts {
        let Some(end) = end_of(&fact.event) else { continue };
        for watch in extra.watches.iter().filter(|watch| watch.filter.wants(&fact.queue, &fact.kind, end)) {
            writes.deliver(BehindKey::deliveries(&watch.name), &watch.id, Delivery::words(fact));
        }
    }
}
