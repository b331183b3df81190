//! A namespace in which something of everything has happened, by the scripts alone.

use baton_core::login::{RacePolicy, SessionId, UserId, UserTag};
use baton_core::retry::Backoff;
use baton_core::schedule::{Missed, Overlap, Timing};
use baton_core::{DedupeKey, FlowId, GroupName, ScheduleName, Shard, TaskId};
use baton_store::behind::Step;
use baton_store::calls::flow::{FlowAnswer, NewFlow};
use baton_store::calls::schedule::{Begins, PutSchedule, Template};
use baton_store::calls::task::{Cancel, Grant, NewTask, Outcome, Rerun};
use baton_store::calls::token::{Login, NewSession, NewUser, Opened};
use baton_testkit::{Fixture, Launch, Life, kind};

use deadpool_redis::redis::cmd;

use crate::hand::tick;

/// Where the keys of its one user begin.
pub(super) const USER: &str = "baton:{u:0000000000000001}:";

pub(super) struct World {
    pub(super) at: Fixture,
    pub(super) pending: TaskId,
    pub(super) scheduled: TaskId,
    pub(super) running: TaskId,
    pub(super) completed: TaskId,
    pub(super) failed: TaskId,
    pub(super) cancelled: TaskId,
    /// The first has completed, the second waits for the third, which is pending.
    pub(super) flow: FlowId,
    pub(super) session: String,
    /// Failed, and waits as long as its own backoff says.
    pub(super) waits: TaskId,
}

impl World {
    pub(super) async fn new() -> World {
        let at = Fixture::start(Launch::default()).await;
        let holder = Life::new(1, 1);
        at.register(&holder, None).await;
        let ended =
            at.submit(&[at.new_task("noop"), twice(&at), at.new_task("noop"), at.new_task("noop")]).await;
        let [completed, failed, cancelled, rerun] = ended[..] else { panic!("four tasks") };
        for grant in at.claim(&holder, 2).await {
            let fails = grant.task == failed;
            at.report(&holder, grant.task, grant.fence, if fails { failure() } else { good() }).await;
        }
        at.store
            .cancel(Shard::FIRST, &Cancel { tasks: &[cancelled, rerun], by: None, reason: "", op: None })
            .await
            .expect("an answer");
        at.store
            .rerun(Shard::FIRST, &Rerun { tasks: &[rerun], by: None, reason: "", op: None })
            .await
            .expect("an answer");
        at.pass_ms(120_000);
        tick(&at).await;
        fail_again(&at, &holder, failed).await;
        let waits = fail_for_now(&at, &holder).await;
        let flow = flow(&at).await;
        let running = at.claim(&holder, 1).await[0].task;
        let later = NewTask { run_at_ms: Some(at.now_ms() + 3_600_000), ..at.new_task("noop") };
        let keyed = NewTask { key: Some(DedupeKey::new("one").expect("a key")), ..at.new_task("noop") };
        let grouped = NewTask { group: Some(GroupName::new("g").expect("a group")), ..at.new_task("noop") };
        let made = at.submit(&[at.new_task("noop"), keyed, later, grouped]).await;
        schedule(&at).await;
        let session = session(&at).await;
        while at.store.write_behind(Shard::FIRST, false).await.expect("an answer") != Step::Idle {}
        World {
            pending: made[0],
            scheduled: made[2],
            running,
            completed,
            failed,
            cancelled,
            flow,
            session,
            waits,
            at,
        }
    }

    pub(super) fn task(&self, position: u32) -> TaskId {
        self.flow.task(position)
    }

    /// A command in which `{s}` stands for what keys of the shard begin with, `{user}` for those of the user, and `~` for a space
    /// within a word.
    pub(super) async fn by_hand(&self, line: &str) {
        let line = line.replace("{s}", "baton:{0}").replace("{user}", USER.trim_end_matches(':'));
        let mut words = line.split(' ').map(|word| word.replace('~', " "));
        let mut command = cmd(&words.next().unwrap_or_default());
        words.for_each(|word| {
            command.arg(word);
        });
        let sent = command.exec_async(&mut self.at.redis.connection().await).await;
        sent.unwrap_or_else(|error| panic!("{line}: {error}"));
    }
}

/// Fails once and then for good.
fn twice(at: &Fixture) -> NewTask {
    NewTask { max_attempts: 2, ..at.new_task("noop") }
}

fn good() -> Outcome {
    Outcome::Complete { result: b"1".to_vec() }
}

fn failure() -> Outcome {
    Outcome::Fail { error: Vec::new(), reason: "odd".to_owned(), retry_in_ms: Some(1_000) }
}

async fn fail_again(at: &Fixture, holder: &Life, failed: TaskId) {
    let grants = at.claim(holder, 10).await;
    for Grant { task, fence, .. } in &grants {
        let outcome = if *task == failed { failure() } else { good() };
        at.report(holder, *task, *fence, outcome).await;
    }
}

/// One that waits for its next attempt as its own backoff says, and one that waits as its holder said.
async fn fail_for_now(at: &Fixture, holder: &Life) -> TaskId {
    let backoff = Backoff::new(600_000, 3_600_000).expect("a backoff");
    let own = NewTask { backoff, ..at.new_task("noop") };
    let tasks = at.submit(&[own, at.new_task("noop")]).await;
    for Grant { task, fence, .. } in at.claim(holder, 2).await {
        let retry_in_ms = (task != tasks[0]).then_some(7_200_000);
        let outcome = Outcome::Fail { error: b"why".to_vec(), reason: "odd".to_owned(), retry_in_ms };
        at.report(holder, task, fence, outcome).await;
    }
    tasks[0]
}

/// Three in a chain of which the first has completed and the second runs no more: it was given back.
async fn flow(at: &Fixture) -> FlowId {
    let id = at.store.draw_flow(Shard::FIRST);
    let tasks = (1..=3).map(|at| NewTask::new(id.task(at), kind("noop"), *b"{}")).collect();
    let parents = vec![vec![], vec![1], vec![2]];
    let flow = NewFlow { id, name: None, tasks, parents, by: None, op: None };
    assert!(matches!(at.store.submit_flow(&flow).await, Ok(FlowAnswer::Created { .. })));
    let life = Life::new(2, 1);
    at.register(&life, None).await;
    let first = at.claim(&life, 1).await.remove(0);
    assert_eq!(first.task, id.task(1));
    at.complete(&life, &first).await;
    let second = at.claim(&life, 1).await.remove(0);
    let back = Outcome::Release { reason: String::new(), delay_ms: Some(7_200_000) };
    at.report(&life, second.task, second.fence, back).await;
    // Something to run for whoever asks next.
    at.submit_many(1).await;
    id
}

async fn schedule(at: &Fixture) {
    let name = ScheduleName::new("hourly").expect("a name");
    let put = PutSchedule {
        name: &name,
        timing: &Timing::Every { every_ms: 3_600_000, aligned_ms: 0 },
        missed: Missed::default(),
        overlap: Overlap::default(),
        task: &Template::new(kind("report"), *b"{}"),
        begins: Begins::InMs(3_600_000),
        version: None,
        by: None,
        owner: None,
        op: None,
    };
    at.store.put_schedule(&put).await.expect("an answer");
}

/// Opens a session; answers its id as keys have it.
async fn session(at: &Fixture) -> String {
    let (tag, user_id) = (UserTag([0, 0, 0, 0, 0, 0, 0, 1]), UserId::person("alice").expect("a user"));
    let user = NewUser { tag, user_id: &user_id, roles: "operator", password: Some("phc"), disabled: false };
    at.store.create_user(&user).await.expect("a user");
    let sid = SessionId([1; 16]);
    let session = NewSession {
        sid,
        client: "baton",
        policy: RacePolicy::Strict,
        scope: "tasks:read",
        secret_hash: "secret",
        nonce: "login",
        kid: 1,
        idle_ms: 604_800_000,
        absolute_ms: 2_592_000_000,
        device: "laptop",
        ip: "p-1",
        amr: "pwd",
    };
    let login = Login {
        tag,
        user_id: &user_id,
        epoch_seen: None,
        create: false,
        max: 50,
        ended_ms: 960_000,
        session,
    };
    assert!(matches!(at.store.login(&login).await, Ok(Opened::Session { .. })));
    sid.to_string()
}
