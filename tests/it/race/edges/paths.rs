//! Every way into the pending index, each of them raced by links and claims.

use baton_core::limits::LEASE_MS;
use baton_core::{QueueName, Shard, TaskId};
use baton_store::Store;
use baton_store::calls::Answered;
use baton_store::calls::queue::SetPaused;
use baton_store::calls::task::{
    Link, NewTask, Outcome, Promote, Report, Rerun, Settle, SettleAnswer, Submission, Unlink, Unlinked,
};
use baton_testkit::{Life, invariants};

use super::super::arena::tick;
use super::chase::{CHILDREN, Chase, new_task};
use super::hands::{Held, Texts};

/// How children become claimable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Path {
    Submit,
    /// They ran, and the lease of their holder ends: `reclaim`.
    Expiry,
    /// They ran, and are given back.
    Release,
    /// They had ended.
    Rerun,
    /// Their queue was paused.
    Resume,
    /// They were scheduled, and are told to run now.
    Promote,
    /// They were scheduled, and their time comes.
    Mature,
    /// They waited for another parent, and need not any more.
    Unlink,
    /// They waited for another parent, which completes.
    Parent,
}

/// All that opening the way takes.
pub(super) struct Opening {
    pub(super) path: Path,
    pub(super) children: Vec<TaskId>,
    new: Vec<NewTask>,
    /// Who held the children, or holds their other parent.
    life: Life,
    held: Vec<Held>,
    now_ms: u64,
}

impl Path {
    /// Is the way opened for each child by itself?
    pub(super) fn is_one_by_one(self) -> bool {
        !matches!(self, Path::Expiry | Path::Resume | Path::Mature | Path::Parent)
    }

    /// Children that are one step away from being claimable.
    pub(super) async fn prepare(self, chase: &Chase) -> Opening {
        let store = &chase.arena.stores[0];
        let mut new: Vec<NewTask> = (0..CHILDREN).map(|_| new_task(store, "default")).collect();
        let children: Vec<TaskId> = new.iter().map(|task| task.id).collect();
        let (life, mut held) = (chase.life(9), Vec::new());
        let holder = chase.hands(9).await;
        let default = QueueName::default();
        if matches!(self, Path::Promote | Path::Mature) {
            new.iter_mut().for_each(|task| task.run_at_ms = Some(chase.arena.now_ms() + LEASE_MS));
        }
        if self == Path::Resume {
            pause(store, true).await;
        }
        if self != Path::Submit {
            submit(store, &new).await;
        }
        match self {
            Path::Expiry | Path::Release | Path::Rerun => {
                held = holder.claim_from(&default, CHILDREN as u64, None).await.expect("tasks");
                assert_eq!(held.len(), CHILDREN);
            }
            Path::Unlink | Path::Parent => {
                let other = new_task(store, "others");
                submit(store, std::slice::from_ref(&other)).await;
                held = holder.claim_from(&other.queue, 1, None).await.expect("a task");
                for child in &children {
                    let link = Link { parent: other.id, child: *child, by: None, op: None };
                    store.link(&link).await.expect("an answer");
                }
            }
            _ => {}
        }
        if self == Path::Rerun {
            settle(store, &life, &held, Outcome::Complete { result: Vec::new() }).await;
        }
        if matches!(self, Path::Expiry | Path::Mature) {
            chase.arena.pass_ms(LEASE_MS);
        }
        Opening { path: self, children, new, life, held, now_ms: chase.arena.now_ms() }
    }
}

impl Opening {
    /// Makes this child claimable, or all of them at once.
    pub(super) async fn open(&self, store: &Store, child: TaskId) {
        let at = self.children.iter().position(|known| *known == child).expect("one of ours");
        match self.path {
            Path::Submit => submit(store, &self.new[at..=at]).await,
            Path::Expiry => assert_eq!(tick(store, self.now_ms).await, CHILDREN as u64),
            Path::Mature => assert_eq!(tick(store, self.now_ms).await, 0),
            Path::Release => {
                let held = self.held.iter().find(|(task, _)| *task == child).expect("it is held");
                let release = Outcome::Release { reason: String::new(), delay_ms: None };
                settle(store, &self.life, std::slice::from_ref(held), release).await;
            }
            Path::Rerun => {
                let ask = Rerun { tasks: &[child], by: None, reason: "", op: None };
                let answered = store.rerun(Shard::FIRST, &ask).await.expect("an answer");
                assert!(matches!(answered, Answered::Tasks { .. }), "{answered:?}");
            }
            Path::Resume => pause(store, false).await,
            Path::Promote => promote(store, &[child]).await,
            Path::Unlink => {
                let unlink = Unlink { parent: self.held[0].0, child, by: None, op: None };
                let answer = store.unlink(&unlink).await.expect("an answer");
                assert!(matches!(answer, Unlinked::Edge { was_there: true, .. }), "{answer:?}");
            }
            Path::Parent => {
                settle(store, &self.life, &self.held, Outcome::Complete { result: Vec::new() }).await;
                while store.cascade(Shard::FIRST).await.expect("an answer") {}
            }
        }
    }

    /// Where a link came before a promotion, the child was blocked until its parent ended, and is scheduled again.
    pub(super) async fn finish(&self, store: &Store) {
        if self.path == Path::Promote {
            promote(store, &self.children).await;
        }
    }
}

async fn promote(store: &Store, tasks: &[TaskId]) {
    let ask = Promote { tasks, by: None, reason: "", op: None };
    let answered = store.promote(Shard::FIRST, &ask).await.expect("an answer");
    assert!(matches!(answered, Answered::Tasks { .. }), "{answered:?}");
}

async fn submit(store: &Store, tasks: &[NewTask]) {
    store.submit(&Submission { tasks, by: None, op: None }).await.expect("an answer");
}

async fn pause(store: &Store, paused: bool) {
    let queue = QueueName::default();
    store.set_paused(Shard::FIRST, &SetPaused { queue: &queue, paused, by: None }).await.expect("an answer");
}

async fn settle(store: &Store, life: &Life, held: &[Held], outcome: Outcome) {
    let report = |(task, fence): &Held| Report { task: *task, fence: *fence, outcome: outcome.clone() };
    let reports: Vec<Report> = held.iter().map(report).collect();
    let settle = Settle { worker: &life.worker, boot: Some(&life.boot), reports: &reports, claim: None };
    let answer = store.settle(Shard::FIRST, &settle).await.expect("an answer");
    assert!(matches!(answer, SettleAnswer::Reports { .. }), "{answer:?}");
}

/// Whatever comes first, claim or link: nobody is claimed while a parent is open that was linked before.
async fn nobody_is_claimed_early(path: Path) {
    let chase = Chase::run(path, Texts::default(), Chase::was_hit).await;
    let hits = chase.record.hits();
    assert!(chase.was_hit(), "{path:?} was no race: {hits:?}");
    assert_eq!(chase.record.out_of_order(), [], "by the answers");
    assert_eq!(chase.record.not_claimed_once(&chase.children), [], "each runs once");
    let judged = chase.judge_stream().await;
    assert_eq!(judged.out_of_order, [], "by the stream");
    assert!(judged.in_order >= hits.linked as u64 && judged.unknown == 0, "{judged:?}, {hits:?}");
    invariants::assert_hold(&chase.arena.snapshot().await, "baton:{0}:");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn children_that_are_linked_as_they_are_submitted() {
    nobody_is_claimed_early(Path::Submit).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn children_that_come_back_from_a_dead_holder() {
    nobody_is_claimed_early(Path::Expiry).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn children_that_are_released() {
    nobody_is_claimed_early(Path::Release).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn children_that_are_rerun() {
    nobody_is_claimed_early(Path::Rerun).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn children_of_a_queue_that_is_resumed() {
    nobody_is_claimed_early(Path::Resume).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn children_that_are_promoted() {
    nobody_is_claimed_early(Path::Promote).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn children_whose_time_comes() {
    nobody_is_claimed_early(Path::Mature).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn children_that_are_unlinked_from_another_parent() {
    nobody_is_claimed_early(Path::Unlink).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn children_whose_other_parent_completes() {
    nobody_is_claimed_early(Path::Parent).await;
}
