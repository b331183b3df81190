//! How deep queues are, of those that have series of their own. What is written down is not what followed from the piece but
//! what there is: events do not tell which status a task left. So it is the script that looks, when it writes.

use std::collections::BTreeSet;

use super::{BehindKey, Extra, Fact, Writes};

pub(super) fn note(facts: &[Fact], extra: &Extra<'_>, writes: &mut Writes) {
    let named: BTreeSet<_> = facts.iter().map(|fact| &fact.queue).collect();
    for queue in named.intersection(&extra.queues.iter().collect()) {
        writes.look(BehindKey::depths(), queue);
    }
}
