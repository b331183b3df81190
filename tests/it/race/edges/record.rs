//! What was answered to whom and when, and the judge of it: no claim came after a link and before the end of its parent.
//!
//! Times are the numbers of a counter that everybody draws from before a call and after its answer. So of two calls the
//! judge knows the order where one was answered before the other was sent, and accuses nobody where it does not.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use baton_core::gate::{Gate, Judgement};
use baton_core::{OnParentFailure, Shard, TaskId};
use baton_store::Store;
use baton_store::event::{Entry, StreamId};

/// From before a call to after its answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    began: u64,
    ended: u64,
}

#[derive(Clone, Copy, Debug)]
struct Held {
    claim: Span,
    /// When its holder set out to say how it ended.
    given_up: Option<u64>,
}

#[derive(Debug, Default)]
pub(super) struct Record {
    clock: AtomicU64,
    said: Mutex<Said>,
}

/// What was hit, and how often.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Hits {
    /// Links that came before any claim: the child was blocked.
    pub(super) linked: usize,
    /// Links that were refused, as the child ran or had ended.
    pub(super) too_late: usize,
    /// Claims of one task that were refused, as its parents were open.
    pub(super) refused: usize,
}

#[derive(Debug, Default)]
struct Said {
    /// Links that were answered, and left the edge open: parent and child.
    links: Vec<(Span, TaskId, TaskId)>,
    claims: BTreeMap<TaskId, Vec<Held>>,
    /// When the first report that ends a task was sent.
    ends: BTreeMap<TaskId, u64>,
    hits: Hits,
}

impl Record {
    pub(super) fn now(&self) -> u64 {
        self.clock.fetch_add(1, Ordering::SeqCst)
    }

    /// A call that was sent then has its answer now.
    pub(super) fn since(&self, began: u64) -> Span {
        Span { began, ended: self.now() }
    }

    fn change<T>(&self, change: impl FnOnce(&mut Said) -> T) -> T {
        change(&mut self.said.lock().expect("no panic while it is written"))
    }

    pub(super) fn linked(&self, span: Span, parent: TaskId, child: TaskId) {
        self.change(|said| {
            said.links.push((span, parent, child));
            said.hits.linked += 1;
        });
    }

    pub(super) fn link_too_late(&self) {
        self.change(|said| said.hits.too_late += 1);
    }

    pub(super) fn claim_refused(&self) {
        self.change(|said| said.hits.refused += 1);
    }

    pub(super) fn claimed(&self, claim: Span, task: TaskId) {
        self.change(|said| said.claims.entry(task).or_default().push(Held { claim, given_up: None }));
    }

    /// Says so before the report of its end is sent.
    pub(super) fn ends(&self, task: TaskId) {
        let now = self.now();
        self.change(|said| {
            said.ends.entry(task).or_insert(now);
            if let Some(held) = said.claims.get_mut(&task).and_then(|claims| claims.last_mut()) {
                held.given_up.get_or_insert(now);
            }
        });
    }

    pub(super) fn hits(&self) -> Hits {
        self.change(|said| said.hits)
    }

    /// Tasks that were claimed otherwise than once.
    pub(super) fn not_claimed_once(&self, tasks: &[TaskId]) -> Vec<TaskId> {
        let times = |said: &Said, task| said.claims.get(task).map_or(0, Vec::len);
        self.change(|said| tasks.iter().filter(|task| times(said, task) != 1).copied().collect())
    }

    /// Children that were claimed while a parent was open, by the answers alone.
    pub(super) fn out_of_order(&self) -> Vec<(TaskId, TaskId)> {
        self.change(|said| {
            let claims = |child| said.claims.get(child).into_iter().flatten();
            let broken = said.links.iter().filter(|(link, parent, child)| {
                let open = |claim: &Span| said.ends.get(parent).is_none_or(|end| *end > claim.ended);
                claims(child).any(|held| held.came_after(*link) && open(&held.claim))
            });
            broken.map(|(_, parent, child)| (*parent, *child)).collect()
        })
    }
}

impl Held {
    /// A link that was answered met its child at rest: a claim that was not given up by then came after it.
    fn came_after(&self, link: Span) -> bool {
        self.claim.began > link.ended || self.given_up.is_none_or(|up| up > link.ended)
    }
}

/// The same judgement by the event stream alone. None of these tasks had parents when they were submitted, but for those
/// that are named with one.
pub(super) async fn judge_stream(store: &Store, tasks: &[(TaskId, Option<TaskId>)]) -> Judgement<StreamId> {
    let mut gate = Gate::new();
    for (task, parent) in tasks {
        gate.task(*task, OnParentFailure::default(), *parent);
    }
    for entry in read_stream(store).await {
        for told in &entry.tasks {
            gate.event(entry.id, told.task, &entry.event, told.why.as_deref().unwrap_or_default());
        }
    }
    gate.finish()
}

/// Everything that was told, from the beginning.
pub(super) async fn read_stream(store: &Store) -> Vec<Entry> {
    let mut all: Vec<Entry> = Vec::new();
    loop {
        let after = all.last().map(|entry| entry.id);
        let page = store.events(Shard::FIRST, after, 500).await.expect("readable events");
        if page.is_empty() {
            return all;
        }
        all.extend(page);
    }
}
