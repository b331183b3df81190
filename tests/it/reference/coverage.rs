//! How often each answer, refusal and move was seen: a random test that hits nothing proves nothing.

use std::collections::BTreeMap;

use baton_store::calls::flow::{Begun, FlowAnswer, Work};
use baton_store::calls::queue::Paused;
use baton_store::calls::shard::Ticked;
use baton_store::calls::task::{
    Claimed, Linked, Noted, SettleAnswer, Settled, SubmitAnswer, Submitted, Unlinked,
};
use baton_store::calls::worker::{Deregistered, Registered, Renewed};
use baton_store::calls::{Answered, Operated, Refused};
use baton_testkit::Snapshot;
use baton_testkit::snapshot::Content;

use super::request::{Answer, Operator, Request};

#[derive(Debug, Default)]
pub(super) struct Coverage(pub BTreeMap<String, u64>);

/// What each half of the run must have met. No world is so large that a search for a cycle ends before it has found one.
const EXPECTED: &[(&str, &str)] = &[
    ("submit", "created existing duplicate duplicate_key replayed idempotency_mismatch schema_too_new"),
    ("submit", "dependency_missing unknown_flow blocked cancelled"),
    ("link", "open held closed replayed unknown_task dependency_missing conflict dependency_cycle"),
    ("link", "cross_shard_link idempotency_mismatch schema_too_new"),
    ("unlink", "removed nothing replayed unknown_task idempotency_mismatch schema_too_new"),
    ("flow", "created replayed idempotency_mismatch schema_too_new"),
    ("cancel of a flow", "begun nothing replayed idempotency_mismatch unknown_flow conflict schema_too_new"),
    ("rerun of a flow", "begun nothing replayed idempotency_mismatch unknown_flow conflict schema_too_new"),
    ("cascade", "nothing_left some_left"),
    ("claim", "granted redelivered nothing solo_waiting superseded lease_lost conflict schema_too_new"),
    ("claim of one", "granted unknown_task already_finished parents_open queue_paused conflict"),
    ("renew", "kept gone unknown unknown_worker superseded lease_lost conflict schema_too_new"),
    ("settle", "now recorded unknown_task fenced already_finished schema_too_new"),
    ("settle and claim", "granted redelivered unknown_worker superseded lease_lost conflict"),
    ("progress", "noted unknown_task fenced not_running schema_too_new"),
    ("cancel", "moved unknown_task already_finished replayed idempotency_mismatch schema_too_new"),
    ("rerun", "moved unknown_task conflict duplicate_key replayed idempotency_mismatch schema_too_new"),
    ("promote", "moved unknown_task conflict already_finished replayed idempotency_mismatch"),
    ("reprioritise", "moved unknown_task already_finished replayed idempotency_mismatch"),
    ("queue", "paused resumed"),
    ("register", "current takeover superseded lease_lost conflict schema_too_new"),
    ("deregister", "left unknown_worker superseded conflict"),
    ("tick", "worked early reaped matured pruned cascades schema_too_new"),
    ("event", "submit mature claim claim_rejected complete retry promote fail time_out release takeover"),
    ("event", "block unblock link unlink"),
    ("event", "reclaim cancel rerun reprioritise progress prune register deregister pause resume stall"),
];

impl Coverage {
    fn hit(&mut self, call: &str, what: impl std::fmt::Display) {
        *self.0.entry(format!("{call}: {what}")).or_default() += 1;
    }

    fn refused(&mut self, call: &str, refused: &Refused) {
        self.hit(call, refused.refusal);
    }

    pub(super) fn note(&mut self, request: &Request, answer: &Answer) {
        match answer {
            Answer::Submit(SubmitAnswer::Refused(no)) => self.refused("submit", no),
            Answer::Submit(SubmitAnswer::Tasks { replayed: true, .. }) => self.hit("submit", "replayed"),
            Answer::Submit(SubmitAnswer::Tasks { each, .. }) => each.iter().for_each(|one| match one {
                Submitted::Created { status, .. } => {
                    self.hit("submit", "created");
                    self.hit("submit", status);
                }
                Submitted::Existing { .. } => self.hit("submit", "existing"),
                Submitted::Duplicate { .. } => self.hit("submit", "duplicate"),
                Submitted::Cached { .. } => self.hit("submit", "cached"),
                Submitted::Refused { refusal, .. } => self.hit("submit", refusal),
            }),
            Answer::Claim(claimed) => match request {
                Request::Claim { only: Some(_), .. } => self.claimed("claim of one", claimed),
                _ => self.claimed("claim", claimed),
            },
            Answer::Renew(Renewed::Refused(no)) => self.refused("renew", no),
            Answer::Renew(Renewed::Until(renewal)) => {
                self.hit("renew", "kept");
                renewal.gone.iter().for_each(|_| self.hit("renew", "gone"));
                renewal.unknown.iter().for_each(|_| self.hit("renew", "unknown"));
            }
            Answer::Settle(SettleAnswer::Refused(no)) => self.refused("settle", no),
            Answer::Settle(SettleAnswer::Reports { each, claimed }) => {
                each.iter().for_each(|one| match one {
                    Settled::Now { .. } => self.hit("settle", "now"),
                    Settled::Recorded { .. } => self.hit("settle", "recorded"),
                    Settled::Refused { refusal, .. } => self.hit("settle", refusal),
                });
                if let Some(claimed) = claimed {
                    self.claimed("settle and claim", claimed);
                }
            }
            Answer::Progress(Err(no)) => self.refused("progress", no),
            Answer::Progress(Ok(each)) => each.iter().for_each(|one| match one {
                Noted::At(_) => self.hit("progress", "noted"),
                Noted::Refused(refusal) => self.hit("progress", refusal),
            }),
            Answer::Operate(answered) => self.operated(verb(request), answered),
            Answer::Link(_) | Answer::Unlink(_) => self.edge(answer),
            Answer::Flow(answer) => self.flow(answer),
            Answer::Begin(begun) => self.begun(verb(request), begun),
            Answer::Cascade(left) => {
                self.hit("cascade", if *left { "some_left" } else { "nothing_left" });
            }
            Answer::Pause(Paused::Since(_)) => self.hit("queue", "paused"),
            Answer::Pause(Paused::Resumed) => self.hit("queue", "resumed"),
            Answer::Pause(Paused::Refused(no)) => self.refused("queue", no),
            Answer::Register(Registered::Refused(no)) => self.refused("register", no),
            Answer::Register(Registered::Current { taken_over, .. }) => {
                let what = if *taken_over > 0 { "takeover" } else { "current" };
                self.hit("register", what);
            }
            Answer::Deregister(Deregistered::Left) => self.hit("deregister", "left"),
            Answer::Deregister(Deregistered::Refused(no)) => self.refused("deregister", no),
            Answer::Tick(Ticked::Early { .. }) => self.hit("tick", "early"),
            Answer::Tick(Ticked::Refused(no)) => self.refused("tick", no),
            Answer::Tick(Ticked::Worked { reaped, matured, pruned, cascades, .. }) => {
                self.hit("tick", "worked");
                if *cascades {
                    self.hit("tick", "cascades");
                }
                for (what, count) in [("reaped", reaped), ("matured", matured), ("pruned", pruned)] {
                    (0..*count).for_each(|_| self.hit("tick", what));
                }
            }
        }
    }

    fn edge(&mut self, answer: &Answer) {
        match answer {
            Answer::Link(Linked::Edge { replayed: true, .. }) => self.hit("link", "replayed"),
            Answer::Link(Linked::Edge { state, .. }) => self.hit("link", state),
            Answer::Link(Linked::Refused(no)) => self.refused("link", no),
            Answer::Unlink(Unlinked::Edge { replayed: true, .. }) => self.hit("unlink", "replayed"),
            Answer::Unlink(Unlinked::Edge { was_there, .. }) => {
                self.hit("unlink", if *was_there { "removed" } else { "nothing" });
            }
            Answer::Unlink(Unlinked::Refused(no)) => self.refused("unlink", no),
            _ => {}
        }
    }

    fn flow(&mut self, answer: &FlowAnswer) {
        match answer {
            FlowAnswer::Created { .. } => self.hit("flow", "created"),
            FlowAnswer::Replayed { .. } => self.hit("flow", "replayed"),
            FlowAnswer::Refused(no) => self.refused("flow", no),
        }
    }

    fn begun(&mut self, call: &str, begun: &Begun) {
        match begun {
            Begun::Tasks { replayed: true, .. } => self.hit(call, "replayed"),
            Begun::Tasks { concerned: 0, .. } => self.hit(call, "nothing"),
            Begun::Tasks { .. } => self.hit(call, "begun"),
            Begun::Refused(no) => self.refused(call, no),
        }
    }

    fn claimed(&mut self, call: &str, claimed: &Claimed) {
        match claimed {
            Claimed::Refused(no) => self.refused(call, no),
            Claimed::Tasks(grants) => {
                if grants.tasks.is_empty() {
                    self.hit(call, "nothing");
                }
                if grants.solo_waiting {
                    self.hit(call, "solo_waiting");
                }
                for grant in &grants.tasks {
                    let what = if grant.redelivered { "redelivered" } else { "granted" };
                    self.hit(call, what);
                }
            }
        }
    }

    fn operated(&mut self, call: &str, answered: &Answered) {
        match answered {
            Answered::Refused(no) => self.refused(call, no),
            Answered::Tasks { replayed: true, .. } => self.hit(call, "replayed"),
            Answered::Tasks { each, .. } => each.iter().for_each(|one| match one {
                Operated::Moved { .. } => self.hit(call, "moved"),
                Operated::Refused { refusal, .. } => self.hit(call, refusal),
            }),
        }
    }

    /// The events of a shard at the end of a sequence.
    pub(super) fn note_events(&mut self, snapshot: &Snapshot) {
        let events = snapshot.0.get("baton:{0}:events").map(|value| &value.content);
        if let Some(Content::Stream(entries)) = events {
            for (field, value) in entries.iter().flat_map(|entry| &entry.fields) {
                if field == b"event" {
                    self.hit("event", String::from_utf8_lossy(value));
                }
            }
        }
    }

    pub(super) fn missing(&self) -> Vec<String> {
        let expected = EXPECTED
            .iter()
            .flat_map(|(call, words)| words.split(' ').map(move |word| format!("{call}: {word}")));
        expected.filter(|name| !self.0.contains_key(name)).collect()
    }
}

fn verb(request: &Request) -> &'static str {
    match request {
        Request::Operate { verb, .. } => match verb {
            Operator::Cancel => "cancel",
            Operator::Rerun => "rerun",
            Operator::Promote => "promote",
            Operator::Reprioritise(_) => "reprioritise",
        },
        Request::Begin { work: Work::Cancel, .. } => "cancel of a flow",
        Request::Begin { .. } => "rerun of a flow",
        _ => "submit",
    }
}
