//! shard/import: a namespace that is made of an export is the one it was made of, and a fleet goes on with it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use baton_core::{Namespace, QueueName, Shard, Status, Tag, TaskId};
use baton_store::boot::Unfit;
use baton_store::calls::task::NewTask;
use baton_store::carry::{Begun, Carried, EdgeState, Import, Imported, NotWhole, ShardSum};
use baton_store::{Error, OpenError, Options, Store};
use baton_testkit::snapshot::Content;
use baton_testkit::{Fixture, Life, Snapshot, invariants, with_store};

use super::flow_support::{chain, create_of, end, fan_in, fan_out, link, pass_on, tasks_of};
use super::kind_put::{attempts, put as put_kind};
use super::queue_limits::{grouped, of_group};
use super::queue_set::allow;
use super::schedule_support::{Wish, every};
use super::task_log::append;
use super::task_support::*;

/// Everything that there is, and what is said of it.
pub(super) async fn exported(at: &Fixture) -> (Vec<Carried>, Vec<ShardSum>) {
    let mut all = Vec::new();
    let take = |carried| {
        all.push(carried);
        Ok::<(), Error>(())
    };
    let sums = at.store.export(take, |_| ()).await.expect("an export");
    all.iter().for_each(|carried| carried.check(&at.store).expect("it can be written again"));
    (all, sums)
}

/// Another namespace of the same Redis, at the same time.
pub(super) struct Copy {
    pub(super) store: Store,
    clock: Arc<AtomicU64>,
}

fn options(at: &Fixture, clock: &Arc<AtomicU64>) -> Options {
    let mut options = Options::new(at.redis.url().parse().expect("a URL"));
    options.namespace = Namespace::new("copy").expect("a name");
    options.injected_ms = Some(Arc::clone(clock));
    options
}

impl Copy {
    pub(super) fn of(at: &Fixture) -> Copy {
        let clock = Arc::new(AtomicU64::new(at.now_ms()));
        Copy { store: Store::unopened(options(at, &clock)).expect("a store"), clock }
    }

    pub(super) async fn begin(&self, at: &Fixture, over: bool) -> Begun {
        let origin = at.store.origin().await.expect("an origin");
        Import::begin(&self.store, &origin, over).await.expect("an answer")
    }

    pub(super) async fn import(
        &self,
        at: &Fixture,
        all: Vec<Carried>,
        sums: &[ShardSum],
    ) -> Result<Imported, NotWhole> {
        let Begun::Import(import) = self.begin(at, false).await else { panic!("it does not begin") };
        put_all(import, all, sums).await
    }

    pub(super) async fn assert_same(&self, at: &Fixture) {
        let (before, after) = (comparable(at.whole_snapshot().await), comparable(self.snapshot(at).await));
        assert_eq!(Snapshot::diff(&before, &after), "");
    }

    pub(super) async fn opened(&self, at: &Fixture) -> Result<Store, OpenError> {
        Store::open(options(at, &self.clock)).await.map(|(store, _)| store)
    }

    pub(super) async fn snapshot(&self, at: &Fixture) -> Snapshot {
        let taken = Snapshot::take(&mut at.redis.connection().await, "copy:").await;
        Snapshot(
            taken.0.into_iter().map(|(key, value)| (key.replacen("copy:", "baton:", 1), value)).collect(),
        )
    }

    pub(super) async fn assert_invariants(&self, at: &Fixture) {
        invariants::assert_hold(&self.snapshot(at).await, "baton:{0}:");
    }
}

pub(super) async fn put_all(
    mut import: Box<Import>,
    all: Vec<Carried>,
    sums: &[ShardSum],
) -> Result<Imported, NotWhole> {
    for carried in all {
        import.put(carried).await?;
    }
    import.finish(sums).await
}

/// Without when it was founded, which is its own.
fn comparable(mut snapshot: Snapshot) -> Snapshot {
    snapshot.0.retain(|key, _| !key.contains("}:hints:"));
    for (_, value) in snapshot.0.iter_mut().filter(|(key, _)| key.ends_with(":meta")) {
        if let Content::Hash(fields) = &mut value.content {
            fields.remove(&b"created_ms"[..]);
        }
    }
    snapshot
}

/// A namespace with something of everything. Answers a task that runs, and a child that waits for it.
pub(super) async fn rich(at: &mut Fixture) -> (TaskId, TaskId) {
    for status in Status::ALL {
        one_in(at, *status).await;
    }
    let life = Life::new(1, 1);
    let flow = create_of(at, [chain(3), fan_in(2)].concat()).await;
    create_of(at, fan_out(5)).await;
    let tasks = tasks_of(flow, 3);
    end(at, tasks[0], Status::Completed).await;
    pass_on(at).await;
    // A parent that failed holds its child.
    end(at, tasks[1], Status::Failed).await;
    pass_on(at).await;
    let tags = vec![Tag::new("a").unwrap(), Tag::new("b").unwrap()];
    let media = queue("media");
    let rich = NewTask {
        payload: hostile_bytes(),
        tags,
        queue: media.clone(),
        ..with_key(at.new_task("echo"), "k:1")
    };
    let made = at.submit(&[rich, at.new_task("noop"), at.new_task("noop")]).await;
    link(at, made[1], made[2]).await;
    let grant = Ask::new(&life, 1).queues(&[media]).send(at).await.tasks.remove(0);
    append(at, &life, &grant, &[b"a line", b"\xff\0no text"]).await;
    settle(at, &life, &grant, fail("again")).await;
    let grant = Ask::new(&life, 1).only(made[1]).send(at).await.tasks.remove(0);
    append(at, &life, &grant, &[b"it runs"]).await;
    settle_refused(at, &Life::new(9, 1), &grant, done_with(b"not his")).await;
    let kept = NewTask { result_ttl_ms: Some(86_400_000), ..at.new_task("echo") };
    let kept = at.submit(&[kept]).await[0];
    let other = Life::new(2, 1);
    let keep = Ask::new(&other, 1).only(kept).send(at).await.tasks.remove(0);
    settle(at, &other, &keep, done_with(b"12345678901234567890")).await;
    put_kind(at, "mail", &attempts(3)).await;
    Wish::new("nightly", every(60_000)).put(at).await;
    allow(at, &QueueName::default(), &of_group(1)).await;
    at.submit(&[grouped(at, "g"), grouped(at, "g"), grouped(at, "g")]).await;
    at.store
        .set_paused(
            Shard::FIRST,
            &baton_store::calls::queue::SetPaused { queue: &queue("media"), paused: true, by: None },
        )
        .await
        .unwrap();
    (made[1], made[2])
}

fn queue(name: &str) -> QueueName {
    baton_testkit::queue(name)
}

#[tokio::test]
async fn a_namespace_comes_back_as_it_was() {
    with_store(async |at| {
        rich(at).await;
        let (all, sums) = exported(at).await;
        assert!(sums[0].still);
        let copy = Copy::of(at);
        let tasks = sums[0].tasks;
        let done = copy.import(at, all, &sums).await.unwrap();
        assert_eq!((done.tasks, done.repeated), (tasks, 0));
        copy.assert_same(at).await;
        copy.assert_invariants(at).await;
    })
    .await;
}

#[tokio::test]
async fn a_task_whose_worker_is_gone_comes_back_and_its_child_goes_on() {
    with_store(async |at| {
        let (runs, waits) = rich(at).await;
        let (all, sums) = exported(at).await;
        let copy = Copy::of(at);
        copy.import(at, all, &sums).await.unwrap();
        // The rest of this test is about the copy.
        at.store = copy.opened(at).await.unwrap();
        copy.clock.fetch_add(LEASE as u64 + 1, Ordering::SeqCst);
        let tick = baton_store::calls::shard::Tick { ticks: 3, ..Default::default() };
        at.store.tick(Shard::FIRST, tick).await.unwrap();
        assert_eq!((at.read(runs).await.status(), at.read(runs).await.crashes), (Status::Pending, 1));
        let (life, before) = (Life::new(9, 1), at.read(runs).await.run.unwrap().fence);
        let grant = Ask::new(&life, 1).only(runs).send(at).await.tasks.remove(0);
        assert!(grant.fence > before, "fences rise");
        settle(at, &life, &grant, done_with(b"well")).await;
        while at.store.cascade(Shard::FIRST).await.unwrap() {}
        assert_eq!(at.read(waits).await.status(), Status::Pending);
        copy.assert_invariants(at).await;
        at.store = Store::open(Options::new(at.redis.url().parse().unwrap())).await.unwrap().0;
    })
    .await;
}

#[tokio::test]
async fn until_it_is_whole_nobody_works_with_it() {
    with_store(async |at| {
        let made = at.submit_many(3).await;
        let (all, sums) = exported(at).await;
        let copy = Copy::of(at);
        // Somebody has opened it before.
        let early = copy.opened(at).await.unwrap();
        let Begun::Import(mut import) = copy.begin(at, false).await else { panic!("it does not begin") };
        for carried in all.clone() {
            import.put(carried).await.unwrap();
        }
        assert!(matches!(copy.begin(at, false).await, Begun::Importing));
        let unfit = copy.opened(at).await.unwrap_err();
        assert!(matches!(&unfit, OpenError::Unfit(why) if why[..] == [Unfit::Importing]), "{unfit}");
        assert_eq!(early.namespace_agrees().await.unwrap(), [Unfit::Importing]);
        let mine = std::mem::replace(&mut at.store, early);
        let refused = Ask::new(&Life::new(1, 1), 1).only(made[0]).try_send(at).await.unwrap();
        assert!(matches!(refused, baton_store::calls::task::Claimed::Refused(_)), "{refused:?}");
        at.store = mine;
        import.finish(&sums).await.unwrap();
        copy.opened(at).await.unwrap();
        assert!(matches!(copy.begin(at, false).await, Begun::NotEmpty(_)));
        copy.assert_invariants(at).await;
    })
    .await;
}

#[tokio::test]
async fn one_that_came_to_nothing_is_begun_anew() {
    with_store(async |at| {
        rich(at).await;
        let (all, sums) = exported(at).await;
        let copy = Copy::of(at);
        let Begun::Import(mut first) = copy.begin(at, false).await else { panic!("it does not begin") };
        for carried in all.clone().into_iter().chain(all.clone()).take(all.len() + all.len() / 2) {
            // What stands in no piece yet is lost with it; so are entries of a stream that come twice.
            if first.put(carried).await.is_err() {
                break;
            }
        }
        let Begun::Import(second) = copy.begin(at, true).await else { panic!("it does not begin") };
        assert!(first.put(all[0].clone()).await.is_ok());
        assert!(first.finish(&sums).await.is_err(), "another one is at it");
        put_all(second, all, &sums).await.unwrap();
        copy.assert_same(at).await;
    })
    .await;
}

#[tokio::test]
async fn what_does_not_fit_together_never_becomes_whole() {
    with_store(async |at| {
        let task = with_key(at.new_task("noop"), "k");
        let one = at.submit(&[task]).await[0];
        let made = at.submit_many(2).await;
        link(at, made[0], made[1]).await;
        let flow = create_of(at, chain(2)).await;
        let (all, sums) = exported(at).await;
        let is = |carried: &Carried, id: TaskId| matches!(carried, Carried::Task(task) if task.id == id);
        let without = |what: &dyn Fn(&Carried) -> bool| {
            all.iter().filter(|one| !what(one)).cloned().collect::<Vec<_>>()
        };
        let mut twice = all.clone();
        let Some(Carried::Task(mut other)) = all.iter().find(|carried| is(carried, one)).cloned() else {
            panic!()
        };
        other.id = at.store.draw(Shard::FIRST);
        twice.push(Carried::Task(other));
        let flow = format!("flow:{flow}");
        for (wrong, why) in [
            (without(&|carried| is(carried, made[0])), "did not come along"),
            (without(&|carried| matches!(carried, Carried::Key(key) if key.name == flow)), "unknown_flow"),
            (twice, "duplicate_key"),
        ] {
            let copy = Copy::of(at);
            let Begun::Import(mut import) = copy.begin(at, true).await else { panic!("it does not begin") };
            for carried in wrong {
                import.put(carried).await.unwrap();
            }
            let error = import.finish(&sums).await.unwrap_err();
            assert!(error.to_string().contains(why), "{error}");
            assert!(copy.opened(at).await.is_err());
        }
    })
    .await;
}

/// Removes the copy.
async fn clear(at: &Fixture) {
    let keys: Vec<String> = crate::hand::by_hand(at, "KEYS copy:*").await;
    for key in keys {
        crate::hand::by_hand::<u64>(at, &format!("DEL {key}")).await;
    }
}

#[tokio::test]
async fn tasks_of_different_moments_make_a_sound_namespace() {
    with_store(async |at| {
        let flow = create_of(at, [chain(6), fan_in(4)].concat()).await;
        let tasks = tasks_of(flow, 6);
        at.submit_many(6).await;
        let (early, _) = exported(at).await;
        for task in &tasks[..3] {
            end(at, *task, Status::Completed).await;
            pass_on(at).await;
        }
        let life = Life::new(5, 1);
        at.claim(&life, 3).await;
        let (late, _) = exported(at).await;
        let of_task = |all: &[Carried]| -> Vec<Carried> {
            all.iter().filter(|one| matches!(one, Carried::Task(_))).cloned().collect()
        };
        let (first, second) = (of_task(&early), of_task(&late));
        assert!(first.iter().any(|one| matches!(one, Carried::Task(task)
            if task.parents.iter().any(|edge| matches!(edge.state, EdgeState::Open(_))))));
        for mask in 0..8_usize {
            let keys = early.iter().filter(|one| matches!(one, Carried::Key(key) if key.name != "events"));
            let mut mixed: Vec<Carried> = keys.cloned().collect();
            for (at, one) in first.iter().enumerate() {
                let Carried::Task(task) = one else { continue };
                let later =
                    second.iter().find(|other| matches!(other, Carried::Task(other) if other.id == task.id));
                let takes_later = (at >> (mask % 3)) % 2 == mask / 4;
                mixed.push(if takes_later { later.unwrap().clone() } else { one.clone() });
            }
            let copy = Copy::of(at);
            // The one before is whole.
            clear(at).await;
            let done = copy.import(at, mixed, &[]).await.unwrap();
            assert_eq!(done.tasks as usize, first.len());
            // What was held without a lease is taken back first.
            let store = copy.opened(at).await.unwrap();
            let tick = baton_store::calls::shard::Tick { ticks: 3, ..Default::default() };
            store.tick(Shard::FIRST, tick).await.unwrap();
            while store.cascade(Shard::FIRST).await.unwrap() {}
            copy.assert_invariants(at).await;
        }
    })
    .await;
}
