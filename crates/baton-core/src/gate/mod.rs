//! A6, the gate, from what is known afterwards: did ever a claim come before the parents of the task had let it go?
//!
//! It is told which edges there are now, and then, in the order of the stream, what happened. An edge that no `link` or
//! `block` names has been there since the child was submitted. An edge begins open, unless its parent has completed by
//! then, and the first completion of the parent after that lets the child go for good: whatever the parent does later
//! blocks nobody again. Where the child's policy is `run`, any end of the parent does. A claim in between is out of order.
//!
//! Edges lie within a shard, and so within a stream: the streams of several shards can be told one after the other. What
//! is kept is some numbers per task and per edge.
//!
//! One thing cannot be seen in one reading: an edge that was there at submit, and was unlinked later, is heard of only
//! when it goes. It is then judged by the parent's first completion, as though the parent had not completed before the
//! child was submitted, been rerun, and been waited for once more.

mod edge;
#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};

use crate::flow::OnParentFailure;
use crate::id::TaskId;
use crate::lifecycle::Move;

use edge::{Edge, Ends, Verdict};

/// Judges claims. A position, `P`, is whatever the caller wants to be told of a claim: the id of an entry, a time.
#[derive(Clone, Debug)]
pub struct Gate<P> {
    tasks: HashMap<TaskId, Task<P>>,
    /// How many events have been told.
    now: u64,
    in_order: u64,
    broken: Vec<(u64, OutOfOrder<P>)>,
}

/// A claim that came before a parent had let the child go; of several under one edge the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfOrder<P> {
    pub child: TaskId,
    pub parent: TaskId,
    pub claim: P,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement<P> {
    /// In the order of the claims.
    pub out_of_order: Vec<OutOfOrder<P>>,
    /// Edges whose child was claimed after its parent had let it go. An audit that saw none has proved nothing.
    pub in_order: u64,
    /// Edges of which nothing can be said: the beginning of the parent is not in the stream any more, or the child is
    /// gone, and with it what it does when a parent fails.
    pub unknown: u64,
}

#[derive(Clone, Debug)]
struct Task<P> {
    /// None as long as only events have told of it.
    policy: Option<OnParentFailure>,
    submitted: bool,
    ends: Ends,
    first_claim: Option<(u64, P)>,
    /// By parent: the edges that are there now as far as has been told.
    edges: BTreeMap<TaskId, Edge<P>>,
    /// Is there an edge that no claim has met yet?
    unmet: bool,
}

impl<P> Default for Task<P> {
    fn default() -> Self {
        let (policy, edges) = (None, BTreeMap::new());
        Task { policy, submitted: false, ends: Ends::default(), first_claim: None, edges, unmet: false }
    }
}

impl<P> Default for Gate<P> {
    fn default() -> Self {
        Gate { tasks: HashMap::new(), now: 0, in_order: 0, broken: Vec::new() }
    }
}

impl<P: Copy> Gate<P> {
    pub fn new() -> Gate<P> {
        Gate::default()
    }

    /// A task as it is now. All of them are told before the first event.
    pub fn task(&mut self, id: TaskId, policy: OnParentFailure, parents: impl IntoIterator<Item = TaskId>) {
        let task = self.tasks.entry(id).or_default();
        task.policy = Some(policy);
        task.edges.extend(parents.into_iter().map(|parent| (parent, Edge::assumed())));
        task.unmet = !task.edges.is_empty();
    }

    /// What happened next: an event, and the why that stands with it.
    pub fn event(&mut self, position: P, id: TaskId, event: &str, why: &str) {
        self.now += 1;
        match event {
            "submit" => self.submit(id),
            "link" => self.link(id, named("parent=", why)),
            // An `unlink` names one task only, so either word means it.
            "unlink" => self.unlink(id, named("unlinked=", why).or_else(|| named("parent=", why))),
            word => {
                // Other words, `progress` say, are no moves and open or close nothing.
                if let Ok(step) = word.parse() {
                    self.step(position, id, step, why);
                }
            }
        }
    }

    pub fn finish(mut self) -> Judgement<P> {
        let edges: Vec<(TaskId, TaskId, Edge<P>)> = self
            .tasks
            .iter_mut()
            .flat_map(|(child, task)| {
                let edges = std::mem::take(&mut task.edges);
                edges.into_iter().map(|(parent, edge)| (*child, parent, edge))
            })
            .collect();
        for (child, parent, edge) in edges {
            self.close(child, parent, &edge);
        }
        let tasks = &self.tasks;
        let can_be_judged = |found: &OutOfOrder<P>| {
            let child = tasks.get(&found.child).is_some_and(|child| child.policy.is_some());
            child && tasks.get(&found.parent).is_some_and(|parent| parent.submitted)
        };
        let all = self.broken.len();
        self.broken.retain(|(_, found)| can_be_judged(found));
        self.broken.sort_by_key(|(at, found)| (*at, found.parent));
        let out_of_order: Vec<OutOfOrder<P>> = self.broken.into_iter().map(|(_, found)| found).collect();
        let unknown = (all - out_of_order.len()) as u64;
        Judgement { out_of_order, in_order: self.in_order, unknown }
    }

    fn step(&mut self, position: P, id: TaskId, step: Move, why: &str) {
        let now = self.now;
        match step {
            Move::Claim => self.claim(position, id),
            Move::Complete => self.tasks.entry(id).or_default().ends.complete(now),
            Move::Fail | Move::TimeOut | Move::Cancel => {
                self.tasks.entry(id).or_default().ends.end_otherwise(now);
            }
            Move::Rerun => self.tasks.entry(id).or_default().ends.begin_again(),
            Move::Block => self.link(id, named("parent=", why)),
            // With `parent=` it tells of a parent that has let the child go; the edge stays.
            Move::Unblock => self.unlink(id, named("unlinked=", why)),
            Move::Mature | Move::RejectClaim | Move::Retry | Move::Promote | Move::Release => {}
            // Who takes a running task over has not passed the gate.
            Move::TakeOver | Move::Reclaim => {}
        }
    }

    fn ends(&self, id: TaskId) -> Ends {
        self.tasks.get(&id).map(|task| task.ends).unwrap_or_default()
    }

    /// The edges it has now, unless a link is told of later, begin here.
    fn submit(&mut self, id: TaskId) {
        let mut edges = std::mem::take(&mut self.tasks.entry(id).or_default().edges);
        let policy = self.policy(id);
        for (parent, edge) in &mut edges {
            edge.begin(self.now, self.ends(*parent), policy);
        }
        let task = self.tasks.entry(id).or_default();
        (task.edges, task.submitted) = (edges, true);
    }

    fn policy(&self, id: TaskId) -> OnParentFailure {
        self.tasks.get(&id).and_then(|task| task.policy).unwrap_or_default()
    }

    fn claim(&mut self, position: P, id: TaskId) {
        let now = self.now;
        let task = self.tasks.entry(id).or_default();
        task.first_claim.get_or_insert((now, position));
        // A task with ten thousand parents and a thousand attempts is looked through once.
        if !std::mem::take(&mut task.unmet) {
            return;
        }
        let mut edges = std::mem::take(&mut task.edges);
        let policy = self.policy(id);
        for (parent, edge) in &mut edges {
            edge.meet((now, position), self.ends(*parent), policy);
        }
        self.tasks.entry(id).or_default().edges = edges;
    }

    fn link(&mut self, child: TaskId, parent: Option<TaskId>) {
        let Some(parent) = parent else { return };
        let edge = Edge::linked(self.now, self.ends(parent), self.policy(child));
        let task = self.tasks.entry(child).or_default();
        task.unmet = true;
        // An edge that was only assumed until now was not there: what claims before it met is no matter.
        if let Some(earlier) = task.edges.insert(parent, edge).filter(|earlier| !earlier.is_assumed()) {
            self.close(child, parent, &earlier);
        }
    }

    fn unlink(&mut self, child: TaskId, parent: Option<TaskId>) {
        let Some(parent) = parent else { return };
        let task = self.tasks.entry(child).or_default();
        let first_claim = task.first_claim;
        let edge = task.edges.remove(&parent).unwrap_or_else(|| {
            let mut unheard_of = Edge::assumed();
            if let Some(claim) = first_claim {
                unheard_of.meet(claim, self.ends(parent).until(claim.0), self.policy(child));
            }
            unheard_of
        });
        self.close(child, parent, &edge);
    }

    /// What was found of an edge stands, as it is there no more or nothing more is told.
    fn close(&mut self, child: TaskId, parent: TaskId, edge: &Edge<P>) {
        match edge.verdict() {
            Some(Verdict::InOrder) => self.in_order += 1,
            Some(Verdict::Broken(at, claim)) => {
                self.broken.push((at, OutOfOrder { child, parent, claim }));
            }
            None => {}
        }
    }
}

/// The task that a why names behind such a word.
fn named(word: &str, why: &str) -> Option<TaskId> {
    why.split(' ').find_map(|part| part.strip_prefix(word))?.parse().ok()
}
