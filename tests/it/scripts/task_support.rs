//! What the modules of the `task/*` scripts share: calls in few words, and the check that a refusal writes nothing.

use std::fmt::Debug;

use baton_core::{
    Boot, DedupeKey, OpId, Principal, Priority, QueueName, Refusal, Shard, Status, TaskId, limits,
};
use baton_store::calls::shard::Tick;
use baton_store::calls::task::{
    Cancel, Claim, Claimed, Grant, Grants, Index, List, NewTask, Order, Outcome, Rerun, Settled,
};
use baton_store::calls::{Answered, Operated, Pair};
use baton_store::{Error, Task};
use baton_testkit::{Fixture, Life};
use deadpool_redis::redis::cmd;

pub(super) use crate::hand::{make_schema_too_new, only_refused};

/// The wait after which a lease that is not renewed is over.
pub(super) const LEASE: i64 = limits::LEASE_MS as i64;

/// Whatever is refused changes nothing in the shard.
pub(super) async fn refuses_unchanged<T>(at: &Fixture, call: impl AsyncFnOnce() -> T) -> T {
    let before = at.snapshot().await;
    let answer = call().await;
    let after = at.snapshot().await;
    assert!(before == after, "before:\n{before}\nafter:\n{after}");
    answer
}

/// The call must be refused before anything is sent.
pub(super) fn invalid<T: Debug>(answer: Result<T, Error>) -> String {
    match answer {
        Err(error @ Error::Invalid { .. }) => error.to_string(),
        other => panic!("not refused before it was sent: {other:?}"),
    }
}

/// Writes by hand what no call writes, as an operator with `redis-cli` would.
pub(super) async fn by_hand(at: &Fixture, command: &str, words: &[&str]) {
    let mut connection = at.redis.connection().await;
    let sent = cmd(command).arg(words).exec_async(&mut connection).await;
    sent.expect("a command that Redis knows");
}

pub(super) async fn set_field(at: &Fixture, task: TaskId, field: &str, value: &str) {
    let key = at.store.keys(task.shard()).expect("its shard").task(task);
    by_hand(at, "HSET", &[&key, field, value]).await;
}

/// Makes a task wait for another one, and leaves it in its place: only the gate inside claim stands in its way then.
/// Answers the parent, which is scheduled for a day that no test sees.
pub(super) async fn open_edge(at: &Fixture, child: TaskId) -> TaskId {
    let far = limits::DELAY_MS_MAX / 2;
    let parent = NewTask { run_at_ms: Some(at.now_ms() + far), ..at.new_task("noop") };
    let parent = at.submit(&[parent]).await[0];
    let keys = at.store.keys(Shard::FIRST).expect("its shard");
    let (above, below) = (keys.task(parent), keys.task(child));
    by_hand(at, "ZADD", &[&keys.task_parents(child), "1", &parent.to_string()]).await;
    for list in [keys.task_children(parent), format!("{above}:waiting")] {
        by_hand(at, "ZADD", &[&list, "1", &child.to_string()]).await;
    }
    for (key, count) in [(&above, "children"), (&below, "parents"), (&below, "open_parents")] {
        by_hand(at, "HINCRBY", &[key, count, "1"]).await;
    }
    parent
}

pub(super) fn principal() -> Principal {
    Principal::new("user:anna").expect("a principal")
}

pub(super) fn op(name: &str) -> OpId {
    OpId::new(name).expect("an op id")
}

pub(super) fn priority(value: i64) -> Priority {
    Priority::new(value).expect("a priority")
}

pub(super) fn with_key(task: NewTask, key: &str) -> NewTask {
    let key = Some(DedupeKey::new(key).expect("a key"));
    NewTask { key, ..task }
}

/// Bytes that are no text, with everything in them that breaks a parser.
pub(super) fn hostile_bytes() -> Vec<u8> {
    let every_byte = 0..=u8::MAX;
    let mut bytes: Vec<u8> = b"\0{}\r\n$-1\r\n, ".to_vec();
    bytes.extend(every_byte);
    bytes.extend([0xc3, 0x28, 0xff, 0xfe, 0]);
    bytes
}

/// Lets whoever is due be reaped, whatever is due mature, whoever is overdue be ended.
pub(super) async fn tick(at: &Fixture) {
    let ticker = Tick { ticks: limits::TICKS_BEFORE_REAP, ..Tick::default() };
    at.store.tick(Shard::FIRST, ticker).await.expect("a tick");
}

/// The holder vanishes: its lease passes, and what it held is handed on.
pub(super) async fn crash(at: &Fixture) {
    at.pass_ms(LEASE + 1);
    tick(at).await;
}

/// A claim in the making.
#[derive(Clone, Debug)]
pub(super) struct Ask {
    pub life: Life,
    pub expects: Option<Boot>,
    pub queues: Vec<QueueName>,
    pub max: u64,
    pub only: Option<TaskId>,
    pub holding: Vec<Pair>,
}

impl Ask {
    pub(super) fn new(life: &Life, max: u64) -> Ask {
        Ask {
            life: life.clone(),
            expects: None,
            queues: vec![QueueName::default()],
            max,
            only: None,
            holding: Vec::new(),
        }
    }

    pub(super) fn only(self, task: TaskId) -> Ask {
        Ask { only: Some(task), ..self }
    }

    pub(super) fn queues(self, queues: &[QueueName]) -> Ask {
        let queues = queues.to_vec();
        Ask { queues, ..self }
    }

    pub(super) fn holding(self, grants: &[Grant]) -> Ask {
        let holding = grants.iter().map(Grant::pair).collect();
        Ask { holding, ..self }
    }

    pub(super) fn expects(self, boot: &Boot) -> Ask {
        let expects = Some(boot.clone());
        Ask { expects, ..self }
    }

    pub(super) async fn try_send(&self, at: &Fixture) -> Result<Claimed, Error> {
        let claim = Claim {
            worker: &self.life.worker,
            boot: &self.life.boot,
            expects: self.expects.as_ref(),
            lease: Default::default(),
            queues: &self.queues,
            in_order: false,
            max: self.max,
            only: self.only,
            holding: &self.holding,
        };
        at.store.claim(Shard::FIRST, &claim).await
    }

    pub(super) async fn send(&self, at: &Fixture) -> Grants {
        match self.try_send(at).await.expect("an answer") {
            Claimed::Tasks(grants) => grants,
            Claimed::Refused(refused) => panic!("refused: {refused:?}"),
        }
    }

    /// The code of the refusal and what it says beside; the shard must stay as it is.
    pub(super) async fn refused(&self, at: &Fixture) -> (Refusal, Option<String>) {
        let answer = refuses_unchanged(at, async || self.try_send(at).await).await;
        match answer.expect("an answer") {
            Claimed::Refused(refused) => (refused.refusal, refused.detail),
            Claimed::Tasks(grants) => panic!("not refused: {grants:?}"),
        }
    }
}

pub(super) fn ids(grants: &[Grant]) -> Vec<TaskId> {
    grants.iter().map(|grant| grant.task).collect()
}

pub(super) fn done_with(result: &[u8]) -> Outcome {
    Outcome::Complete { result: result.to_vec() }
}

pub(super) fn fail(reason: &str) -> Outcome {
    Outcome::Fail { error: b"it broke".to_vec(), reason: reason.to_owned(), retry_in_ms: None }
}

pub(super) fn fail_for_good() -> Outcome {
    Outcome::FailForGood { error: b"it broke".to_vec(), reason: "permanent".to_owned() }
}

pub(super) fn release() -> Outcome {
    release_for(None)
}

pub(super) fn release_for(delay_ms: Option<u64>) -> Outcome {
    Outcome::Release { reason: String::new(), delay_ms }
}

/// Submits this many tasks, in as many calls as that takes.
pub(super) async fn submit_in_calls(at: &Fixture, count: u64) -> Vec<TaskId> {
    let mut made = Vec::new();
    while (made.len() as u64) < count {
        let more = limits::SUBMIT_TASKS_MAX.min(count - made.len() as u64);
        made.extend(at.submit_many(more as usize).await);
    }
    made
}

/// Lets a life that holds nothing claim this many of the tasks that wait, in as many calls as that takes.
pub(super) async fn claim_in_calls(at: &Fixture, life: &Life, count: u64) -> Vec<Grant> {
    let mut held = Vec::new();
    while (held.len() as u64) < count {
        let max = limits::CLAIM_TASKS_MAX.min(count - held.len() as u64);
        let more = Ask::new(life, max).holding(&held).send(at).await.tasks;
        assert_eq!(more.len() as u64, max, "it gets less than it asks for");
        held.extend(more);
    }
    held
}

/// A report of this grant, and the status and version it leads to.
pub(super) async fn settle(at: &Fixture, life: &Life, grant: &Grant, outcome: Outcome) -> (Status, u64) {
    match at.report(life, grant.task, grant.fence, outcome).await {
        Settled::Now { status, version } => (status, version.0),
        other => panic!("not settled: {other:?}"),
    }
}

/// A report that is refused; the shard must stay as it is.
pub(super) async fn settle_refused(at: &Fixture, life: &Life, grant: &Grant, outcome: Outcome) -> Refusal {
    let (answer, noted) = only_refused(at, at.report(life, grant.task, grant.fence, outcome)).await;
    match answer {
        Settled::Refused { refusal: Refusal::UnknownTask, .. } if !noted.is_empty() => {
            panic!("noted: {noted}")
        }
        Settled::Refused { refusal, .. } => refusal,
        other => panic!("not refused: {other:?}"),
    }
}

/// A task in each status from which a rule may start, in a life of its own worker.
pub(super) async fn one_in(at: &Fixture, status: Status) -> TaskId {
    let life = Life::new(100 + status as u32, 1);
    let mut task = at.new_task("noop");
    if status == Status::Scheduled {
        task.run_at_ms = Some(at.now_ms() + 60_000);
    }
    task.max_attempts = 1;
    let id = at.submit(&[task]).await[0];
    let ask = Ask::new(&life, 1).only(id);
    match status {
        Status::Scheduled | Status::Pending => {}
        Status::Blocked => {
            open_edge(at, id).await;
            let refused = ask.try_send(at).await.expect("an answer");
            assert!(matches!(refused, Claimed::Refused(_)), "{refused:?}");
        }
        Status::Cancelled => {
            cancel(at, &[id]).await;
        }
        Status::Running | Status::Completed | Status::Failed | Status::Timeout => {
            let grant = ask.send(at).await.tasks.remove(0);
            let outcome = match status {
                Status::Completed => Some(done_with(b"well")),
                Status::Failed => Some(fail("broken")),
                Status::Timeout => Some(Outcome::TimeOut { error: Vec::new() }),
                _ => None,
            };
            if let Some(outcome) = outcome {
                settle(at, &life, &grant, outcome).await;
            }
        }
    }
    assert_eq!(at.read(id).await.status(), status);
    id
}

pub(super) async fn try_cancel(at: &Fixture, tasks: &[TaskId], reason: &str, op: Option<&OpId>) -> Answered {
    let by = principal();
    let ask = Cancel { tasks, by: Some(&by), reason, op };
    at.store.cancel(Shard::FIRST, &ask).await.expect("an answer")
}

pub(super) async fn cancel(at: &Fixture, tasks: &[TaskId]) -> Vec<Operated> {
    each(try_cancel(at, tasks, "", None).await)
}

pub(super) async fn try_rerun(at: &Fixture, tasks: &[TaskId], reason: &str, op: Option<&OpId>) -> Answered {
    let by = principal();
    let ask = Rerun { tasks, by: Some(&by), reason, op };
    at.store.rerun(Shard::FIRST, &ask).await.expect("an answer")
}

pub(super) async fn rerun(at: &Fixture, tasks: &[TaskId]) -> Vec<Operated> {
    each(try_rerun(at, tasks, "", None).await)
}

/// What an operator's call did to each task, when it was not answered from memory.
pub(super) fn each(answered: Answered) -> Vec<Operated> {
    match answered {
        Answered::Tasks { each, replayed: false } => each,
        other => panic!("not carried out: {other:?}"),
    }
}

/// The status a task was moved to, or the code of the refusal.
pub(super) fn outcomes(each: &[Operated]) -> Vec<Result<Status, Refusal>> {
    let outcome = |one: &Operated| match one {
        Operated::Moved { status, .. } => Ok(*status),
        Operated::Refused { refusal, .. } => Err(*refusal),
    };
    each.iter().map(outcome).collect()
}

/// The tasks of a queue's index, first to last.
pub(super) async fn listed(at: &Fixture, queue: &QueueName, status: Status) -> Vec<TaskId> {
    let list = List {
        index: Index::Queue(queue, status),
        order: Order::Up,
        start: Default::default(),
        limit: limits::PAGE_MAX,
    };
    let listed = at.store.list(Shard::FIRST, &list).await.expect("a page");
    listed.tasks.iter().map(|task: &Task| task.id).collect()
}
