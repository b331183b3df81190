//! A6: no claim came before the parents. Edges are gathered as tasks are met; when there are enough of them, the streams are read
//! for these children and their parents alone.

use std::collections::HashSet;

use baton_core::audit::rule::CLAIMED_EARLY;
use baton_core::audit::word;
use baton_core::gate::Gate;
use baton_core::{OnParentFailure, TaskId};

use super::Auditor;
use super::report::Finding;
use crate::calls::task::Sides;
use crate::error::Error;
use crate::event::StreamId;
use crate::families::quoted;

/// Edges of one reading of the streams.
pub(super) const EDGES_OF_PART: usize = 200_000;

/// Children whose claims are to be judged.
#[derive(Debug)]
pub(super) struct Edges {
    most: usize,
    count: usize,
    children: Vec<(TaskId, OnParentFailure, Vec<TaskId>)>,
}

impl Edges {
    pub(super) fn new(most: usize) -> Edges {
        Edges { most, count: 0, children: Vec::new() }
    }
}

impl Auditor<'_> {
    pub(super) async fn keep_edges(
        &mut self,
        child: TaskId,
        sides: &Sides,
        parents: Vec<TaskId>,
    ) -> Result<(), Error> {
        let policy = word(&sides.fields, "on_parent_failure").parse().unwrap_or_default();
        self.edges.count += parents.len();
        self.edges.children.push((child, policy, parents));
        if self.edges.count >= self.edges.most { self.judge_order().await } else { Ok(()) }
    }

    pub(super) async fn judge_order(&mut self) -> Result<(), Error> {
        let most = self.edges.most;
        let edges = std::mem::replace(&mut self.edges, Edges::new(most));
        if edges.children.is_empty() {
            return Ok(());
        }
        let mut gate: Gate<StreamId> = Gate::new();
        let mut wanted: HashSet<TaskId> = HashSet::new();
        for (child, policy, parents) in edges.children {
            wanted.insert(child);
            wanted.extend(&parents);
            gate.task(child, policy, parents);
        }
        for stream in self.streams.clone() {
            let end = stream.end(self.store).await?;
            let (wanted, progress) = (&wanted, self.progress);
            let gate = &mut gate;
            stream
                .read(self.store, StreamId::default(), end, &mut |id, entry| {
                    progress("compares with parents", 1);
                    // What cannot be read is told where lives are walked.
                    let Ok(entry) = entry else { return };
                    for (task, told, why) in entry.told().flatten() {
                        if wanted.contains(&task) {
                            gate.event(id, task, told.event, why);
                        }
                    }
                })
                .await?;
        }
        let judged = gate.finish();
        self.report.look("A6", judged.in_order);
        if judged.unknown > 0 {
            self.report.skip("A6", "parents whose beginning is not in the stream any more are not judged");
        }
        for early in judged.out_of_order {
            let Some(stream) = self.stream_of(early.child) else { continue };
            let (key, at) = (stream.key.clone(), early.claim);
            let expected = format!("its parent {} to let it go before {at}", early.parent);
            let wrong = CLAIMED_EARLY.broken(expected, "it was claimed then");
            let mut finding = Finding::of(wrong, early.child.to_string(), vec![key.clone()]);
            finding.line = format!("redis-cli XRANGE {} {at} {at}", quoted(&key));
            self.find(finding);
        }
        Ok(())
    }
}
