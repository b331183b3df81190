//! The chase: children become claimable and are linked to parents that have not ended, while four others claim whatever
//! they can. Parents end later, in the middle of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use baton_core::{Shard, TaskId};
use baton_store::Store;
use baton_store::calls::task::{NewTask, Submission};
use baton_testkit::{Life, kind, queue};

use super::super::arena::{Arena, hold_back};
use super::hands::{Hands, Held, Texts};
use super::paths::Path;
use super::record::{Record, judge_stream, read_stream};

pub(super) const CHILDREN: usize = 30;
const CHILDREN_OF_ONE: usize = 5;
const CLAIMERS: usize = 4;
const BATCHES_MIN: usize = 4;
/// A race that is not hit by then is no race.
const BATCHES_MAX: usize = 20;
/// No batch takes this long: it only turns a hang into a failure.
const LONG: Duration = Duration::from_secs(60);

/// What the racers of one batch share.
struct Track {
    children: Vec<TaskId>,
    completed: AtomicUsize,
    /// How far the linker is: claims of one task go for the child he is at.
    at: AtomicUsize,
    over: AtomicBool,
}

pub(super) struct Chase {
    pub(super) arena: Arena,
    pub(super) record: Arc<Record>,
    texts: Texts,
    path: Path,
    batch: usize,
    pub(super) children: Vec<TaskId>,
    parents: Vec<TaskId>,
}

impl Chase {
    /// Runs batches until this says that enough was hit.
    pub(super) async fn run(path: Path, texts: Texts, enough: impl Fn(&Chase) -> bool) -> Chase {
        let arena = Arena::start(CLAIMERS + 2).await;
        let (children, parents) = (Vec::new(), Vec::new());
        let mut chase = Chase { arena, record: Arc::default(), texts, path, batch: 0, children, parents };
        while chase.batch < BATCHES_MIN || (!enough(&chase) && chase.batch < BATCHES_MAX) {
            tokio::time::timeout(LONG, chase.race()).await.expect("a batch comes to its end");
            chase.batch += 1;
        }
        chase
    }

    /// Both sides of the race were hit: some links came in time, some too late, and claims met closed gates.
    pub(super) fn was_hit(&self) -> bool {
        let hits = self.record.hits();
        hits.linked > 0 && hits.too_late > 0 && hits.refused > 0
    }

    /// The tasks as the judge of the stream wants them: none had parents when it was submitted, but for these.
    pub(super) async fn judge_stream(&self) -> baton_core::gate::Judgement<baton_store::event::StreamId> {
        let all: Vec<_> = self.children.iter().chain(&self.parents).map(|task| (*task, None)).collect();
        judge_stream(&self.arena.stores[0], &all).await
    }

    /// How many tasks an event was told of.
    pub(super) async fn told(&self, event: &str) -> usize {
        let all = read_stream(&self.arena.stores[0]).await;
        all.iter().filter(|entry| entry.event == event).map(|entry| entry.tasks.len()).sum()
    }

    pub(super) fn life(&self, number: usize) -> Life {
        Life::new((self.batch * 10 + number) as u32, 1)
    }

    pub(super) async fn hands(&self, number: usize) -> Hands {
        Hands::new(&self.arena, number, self.life(number), &self.record, &self.texts).await
    }

    async fn race(&mut self) {
        let opening = self.path.prepare(self).await;
        let children = opening.children.clone();
        let keeper = self.hands(CLAIMERS + 1).await;
        let parents = hold_parents(&keeper, CHILDREN / CHILDREN_OF_ONE).await;
        self.parents.extend(parents.iter().map(|(task, _)| *task));
        self.children.extend(&children);
        let (completed, at, over) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicBool::new(false));
        let track = Arc::new(Track { children, completed, at, over });
        let mut claimers = tokio::task::JoinSet::new();
        for number in 0..CLAIMERS {
            claimers.spawn(claim_on(self.hands(number).await, Arc::clone(&track)));
        }
        let linker = self.hands(CLAIMERS).await;
        let ended = tokio::spawn(link_all(linker, keeper, parents, opening, Arc::clone(&track)));
        ended.await.expect("no panic");
        while track.completed.load(Ordering::SeqCst) < CHILDREN {
            tokio::task::yield_now().await;
            // A racer that panicked will not come to the end.
            if let Some(ended) = claimers.try_join_next() {
                panic!("a claimer has ended: {ended:?}");
            }
        }
        track.over.store(true, Ordering::SeqCst);
        claimers.join_all().await;
    }
}

/// Parents that run all the while.
async fn hold_parents(keeper: &Hands, count: usize) -> Vec<Held> {
    let tasks: Vec<NewTask> = (0..count).map(|_| new_task(&keeper.store, "parents")).collect();
    keeper.store.submit(&Submission { tasks: &tasks, by: None, op: None }).await.expect("an answer");
    let held = keeper.claim_from(&queue("parents"), count as u64, None).await.expect("tasks");
    assert_eq!(held.len(), count, "nobody else claims them");
    held
}

pub(super) fn new_task(store: &Store, name: &str) -> NewTask {
    NewTask { queue: queue(name), ..NewTask::new(store.draw(Shard::FIRST), kind("noop"), *b"{}") }
}

/// Claims and completes; every third claim is of the one task that is being linked.
async fn claim_on(mut hands: Hands, track: Arc<Track>) {
    let mut turn = 0;
    while !track.over.load(Ordering::SeqCst) {
        turn += 1;
        let only = track.children.get(track.at.load(Ordering::SeqCst)).filter(|_| turn % 3 == 0);
        let held = hands.claim(1, only.copied()).await;
        if held.is_empty() {
            // Now and then nobody asks, so that links come first as well.
            hold_back(40 * (turn % 8)).await;
            continue;
        }
        hands.complete(&held).await;
        track.completed.fetch_add(held.len(), Ordering::SeqCst);
    }
}

/// Links each child as it becomes claimable, and completes each parent a while after its children were linked.
async fn link_all(
    mut linker: Hands,
    keeper: Hands,
    parents: Vec<Held>,
    opening: super::paths::Opening,
    track: Arc<Track>,
) {
    let at_once = !opening.path.is_one_by_one();
    if at_once {
        opening.open(&keeper.store, track.children[0]).await;
    }
    for step in 0..CHILDREN {
        // Those who claim begin with the first: who comes from the last meets them half-way.
        let at = if at_once { CHILDREN - 1 - step } else { step };
        track.at.store(at, Ordering::SeqCst);
        let (child, parent) = (track.children[at], parents[step / CHILDREN_OF_ONE].0);
        let late = [0, 1, 2, 5, 11, 23][step % 6];
        let open = async {
            if !at_once {
                opening.open(&keeper.store, child).await;
            }
        };
        if step % 2 == 0 {
            open.await;
            hold_back(late).await;
            linker.link(parent, child).await;
        } else {
            let link = async {
                hold_back(late).await;
                linker.link(parent, child).await
            };
            let (linked, ()) = tokio::join!(link, open);
            if linked != Some(true) {
                linker.link(parent, child).await;
            }
        }
        let group = step / CHILDREN_OF_ONE;
        if (step + 1) % CHILDREN_OF_ONE == 0 && group > 0 {
            keeper.complete(&parents[group - 1..group]).await;
        }
    }
    keeper.complete(&parents[parents.len() - 1..]).await;
    opening.finish(&keeper.store).await;
}
