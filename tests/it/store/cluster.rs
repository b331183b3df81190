//! A cluster: each shard in its slot, and every call finds it.

use std::collections::BTreeSet;

use baton_core::login::{EndReason, KeyId, OnReuse, RacePolicy, SessionId, UserId, UserTag, Windows};
use baton_core::{Namespace, Principal, QueueName, Shard, Status};
use baton_store::audit::Audit;
use baton_store::behind::Step;
use baton_store::calls::shard::Ticked;
use baton_store::calls::task::{Claim, Claimed, Outcome, Report, Settle, SettleAnswer, Settled};
use baton_store::calls::token::*;
use baton_store::carry::{Begun, Import};
use baton_store::{Options, Script, Store};
use baton_testkit::{Launch, Life, PrivateRedis};
use deadpool_redis::redis::cmd;

use super::{open, submit_to, with_shards};

fn cluster(redis: &PrivateRedis, shards: u32) -> Options {
    with_shards(&redis.tcp_url().unwrap().replace("redis://", "redis+cluster://"), shards)
}

#[tokio::test]
async fn every_call_works_on_a_cluster() {
    let redis = Launch::default().cluster().start().await;
    let store = open(cluster(&redis, 2)).await.unwrap();
    for number in [0, 1] {
        live_and_die(&store, Shard::new(number).unwrap()).await;
    }
    assert_eq!(store.server().await.unwrap().role, "master");
    assert_eq!(store.scripts_missing().await.unwrap(), [""; 0]);
    assert_eq!(store.namespace_agrees().await.unwrap(), []);
    let mut connection = redis.connection().await;
    for key in redis.say::<Vec<String>>(&["KEYS", "baton:{*"]).await {
        let shard = if key.starts_with("baton:{0}:") { "{0}" } else { "{1}" };
        assert_eq!(slot(&redis, &key).await, slot(&redis, shard).await, "{key}");
    }
    // Scripts that were forgotten are sent again, to every node.
    cmd("SCRIPT").arg("FLUSH").exec_async(&mut connection).await.unwrap();
    submit_to(&store, Shard::FIRST).await.unwrap();
    open(cluster(&redis, 2)).await.unwrap();
    let refused = open(cluster(&redis, 3)).await;
    assert!(matches!(refused, Err(baton_store::OpenError::Unfit(_))), "{refused:?}");
}

async fn slot(redis: &PrivateRedis, key: &str) -> u64 {
    redis.say(&["CLUSTER", "KEYSLOT", key]).await
}

const TAG: UserTag = UserTag([0xab; 8]);

/// On a cluster Redis refuses a script that touches keys of several slots, also those that it derives.
#[tokio::test]
async fn every_step_of_logins_works_on_a_cluster() {
    let redis = Launch::default().cluster().start().await;
    let store = open(Options { logins: true, ..cluster(&redis, 1) }).await.unwrap();
    redis.say::<()>(&["CONFIG", "SET", "slowlog-max-len", "10000"]).await;
    redis.say::<()>(&["CONFIG", "SET", "slowlog-log-slower-than", "0"]).await;
    log_in_and_out(&store).await;
    of_everyone(&store).await;

    // None was left out.
    let all: Vec<(i64, i64, i64, Vec<String>, String, String)> = redis.say(&["SLOWLOG", "GET", "-1"]).await;
    let ran: BTreeSet<&str> = all
        .iter()
        .filter(|(_, _, _, words, ..)| words[0] == "EVALSHA")
        .map(|(_, _, _, words, ..)| words[1].as_str())
        .collect();
    for script in Script::all().iter().filter(|script| script.is_of_logins()) {
        assert!(ran.contains(super::sha(script.name)), "{} was not run", script.name);
    }
    let keys: Vec<String> = redis.say(&["KEYS", "baton:{u*"]).await;
    assert!(keys.len() > 10, "{keys:?}");
    let user = format!("{{u:{TAG}}}");
    for key in keys.iter().filter(|key| key.contains(&user)) {
        assert_eq!(slot(&redis, key).await, slot(&redis, &user).await, "{key}");
    }
}

fn session(number: u8) -> NewSession<'static> {
    NewSession {
        sid: SessionId([number; 16]),
        client: "baton",
        policy: RacePolicy::Strict,
        scope: "tasks:read",
        secret_hash: "secret",
        nonce: "login",
        kid: 1,
        idle_ms: 60_000,
        absolute_ms: 600_000,
        device: "laptop",
        ip: "p-1",
        amr: "pwd",
    }
}

/// What is done with one user: two sessions, of which the second takes the place of the first, until they are over.
async fn log_in_and_out(store: &Store) {
    let user = UserId::person("alice").unwrap();
    let new = NewUser { tag: TAG, user_id: &user, roles: "operator", password: Some("phc"), disabled: false };
    assert!(matches!(store.create_user(&new).await.unwrap(), Made::User { .. }));
    let gate = Gate { every_ms: 1_000, burst: 5 };
    for attempt in [Attempt::Begin, Attempt::Failed] {
        store.attempt(TAG, gate, attempt).await.unwrap();
    }
    for came in Came::ALL {
        let note = Note { tag: TAG, sid: SessionId([1; 16]), came, generation: 1, ip: "p-1" };
        store.note_token(&note).await.unwrap();
    }
    for key in [GateKey::Device(TAG, SessionId([1; 16])), GateKey::Address("p-1")] {
        assert_eq!(store.charge(key, gate).await.unwrap(), Gated::Ok);
    }
    let base = Login {
        tag: TAG,
        user_id: &user,
        epoch_seen: None,
        create: false,
        max: 1,
        ended_ms: 60_000,
        session: session(1),
    };
    for (number, evicts) in [(1, 0), (2, 1)] {
        let opened = store.login(&Login { session: session(number), ..base.clone() }).await.unwrap();
        assert!(matches!(&opened, Opened::Session { evicted, .. } if evicted.len() == evicts), "{opened:?}");
    }
    let sid = SessionId([2; 16]);
    let windows =
        Windows { leeway_ms: 0, retry_ms: 60_000, heal_max_ahead: 16, on_reuse: OnReuse::RevokeFamily };
    let token = Rotate {
        tag: TAG,
        sid,
        generation: 1,
        client: "baton",
        secret_hash: "secret",
        nonce: "n",
        kid: 1,
        idle_ms: 60_000,
        ended_ms: 60_000,
        windows,
    };
    assert!(matches!(store.rotate(&token).await.unwrap(), Rotated::Successor { .. }));
    assert_eq!(store.sessions(TAG).await.unwrap().len(), 1);
    assert!(store.standing(TAG, sid).await.unwrap().session.is_some());
    let reused = store.rotate(&Rotate { nonce: "x", ..token }).await.unwrap();
    assert!(matches!(reused, Rotated::Refused { .. }), "{reused:?}");
    let set =
        SetPassword { tag: TAG, user_id: &user, epoch_seen: None, phc: "phc-2", session: Some(session(3)) };
    assert!(matches!(store.set_password(&set).await.unwrap(), PasswordSet::Set { opened: Some(_), .. }));
    let over = EndSession {
        tag: TAG,
        sid: SessionId([3; 16]),
        secret_hash: None,
        user_id: None,
        why: EndReason::Logout,
        ended_ms: 60_000,
    };
    assert_eq!(store.end_session(over).await.unwrap(), Ended::Revoked);
    assert!(matches!(store.change_user(TAG, &user, Change::Bump).await.unwrap(), UserChanged::Epoch(_)));
}

/// What belongs to no one user, and API keys.
async fn of_everyone(store: &Store) {
    let (id, owner) = (KeyId::new("aaaaaaaaaaa1").unwrap(), UserId::person("alice").unwrap());
    let key = NewApiKey {
        id: &id,
        tag: TAG,
        owner: &owner,
        name: "ci",
        scopes: "tasks:read",
        worker: "",
        cidrs: "",
        expires_at_ms: None,
        hash: "hash",
    };
    store.put_key(&key).await.unwrap();
    assert_eq!(store.change_key(&id, ChangeKey::Name("robot")).await.unwrap(), KeyChanged::Done);
    assert_eq!(store.keys_of(TAG).await.unwrap().len(), 1);
    store.put_once("digest", "value", 60_000).await.unwrap();
    assert_eq!(store.take_once("digest").await.unwrap().as_deref(), Some("value"));
    let told = Revocation::User { tag: TAG, epoch: 1, until_ms: 1 };
    let at = store.tell_revoked(&told).await.unwrap();
    let before = baton_store::event::StreamId { ms: at.ms - 1, sequence: 0 };
    assert_eq!(store.follow_revocations(before, super::LONG).await.unwrap().len(), 1);
    assert!(matches!(store.meet_ring(&[(1, "print".to_owned())]).await.unwrap(), RingMet::Agrees { .. }));
    assert!(store.write_signing_keys(0, &[("kid", Some("sealed"))]).await.unwrap());
    assert_eq!(store.signing_keys().await.unwrap().keys.len(), 1);
    assert_eq!(store.users(None, 10).await.unwrap().len(), 1);
    let meter = Meter { most: 5, window_ms: 60_000 };
    let metered = store.meter(&Principal::new("user:alice").unwrap(), meter).await.unwrap();
    assert!(matches!(metered, Metered::Ok { left: 4, .. }), "{metered:?}");
}

async fn live_and_die(store: &Store, shard: Shard) {
    let id = submit_to(store, shard).await.unwrap();
    let queues = [QueueName::new("other").unwrap(), QueueName::default()];
    let hinted = store.wait_for_hint(shard, &queues, super::LONG).await.unwrap();
    assert_eq!(hinted, Some(QueueName::default()));
    assert_eq!(
        store.wait_for_hint(shard, &queues, std::time::Duration::from_millis(20)).await.unwrap(),
        None
    );
    let life = Life::new(1, 1);
    let claim = Claim {
        worker: &life.worker,
        boot: &life.boot,
        expects: None,
        lease: Default::default(),
        queues: &[QueueName::default()],
        in_order: false,
        max: 5,
        only: None,
        holding: &[],
    };
    let Claimed::Tasks(grants) = store.claim(shard, &claim).await.unwrap() else { panic!("refused") };
    assert_eq!(grants.tasks[0].task, id);
    let outcome = Outcome::Complete { result: vec![b'x'; 100] };
    let settle = Settle {
        worker: &life.worker,
        boot: Some(&life.boot),
        reports: &[Report { task: id, fence: grants.tasks[0].fence, outcome }],
        claim: None,
    };
    let SettleAnswer::Reports { each, .. } = store.settle(shard, &settle).await.unwrap() else {
        panic!("refused")
    };
    assert!(matches!(each[0], Settled::Now { status: Status::Completed, .. }), "{each:?}");
    let ticked = store.tick(shard, Default::default()).await.unwrap();
    assert!(matches!(ticked, Ticked::Worked { .. }), "{ticked:?}");
    let events = store.events(shard, None, 100).await.unwrap();
    assert!(events.len() >= 3);
    let followed = store.follow_events(shard, Default::default(), 1, super::LONG).await.unwrap();
    assert_eq!(followed.len(), 1);
    assert_eq!(store.counts(shard, 0, 10).await.unwrap().queues[0].of(Status::Completed), 1);
}

#[tokio::test]
async fn several_shards_share_a_node() {
    let redis = Launch::default().tcp(0).start().await;
    for url in [redis.url(), redis.tcp_url().unwrap()] {
        let store = open(with_shards(&url, 3)).await.unwrap();
        for shard in store.shards().all() {
            let id = submit_to(&store, shard).await.unwrap();
            assert_eq!(id.shard(), shard);
            assert!(store.read_tasks(shard, &[id], false).await.unwrap()[0].is_some());
        }
    }
}

/// Three nodes, each with a third of the slots.
async fn three() -> [PrivateRedis; 3] {
    let start = || Launch::default().cluster().start();
    let nodes: [PrivateRedis; 3] = tokio::join!(start(), start(), start()).into();
    for (number, node) in nodes.iter().enumerate() {
        node.say::<()>(&["CLUSTER", "FLUSHSLOTS"]).await;
        let (from, to) = (number * 5_461 + usize::from(number > 0), ((number + 1) * 5_461).min(16_383));
        node.say::<()>(&["CLUSTER", "ADDSLOTSRANGE", &from.to_string(), &to.to_string()]).await;
    }
    let bus = |node: &PrivateRedis| {
        let arguments = node.arguments();
        arguments.iter().skip_while(|word| *word != "--cluster-port").nth(1).cloned().unwrap()
    };
    for node in &nodes[1..] {
        let url = node.tcp_url().unwrap();
        let port = url.rsplit(':').next().unwrap();
        nodes[0].say::<()>(&["CLUSTER", "MEET", "127.0.0.1", port, &bus(node)]).await;
    }
    for node in &nodes {
        crate::fleet::support::until("it knows all", async || {
            let info: String = node.say(&["CLUSTER", "INFO"]).await;
            info.contains("cluster_state:ok") && info.contains("cluster_size:3")
        })
        .await;
    }
    nodes
}

/// All of it, under another name beside it.
async fn copy(store: &Store, nodes: &[PrivateRedis; 3]) {
    let (origin, mut all) = (store.origin().await.expect("an origin"), Vec::new());
    let take = |carried| {
        all.push(carried);
        Ok::<(), baton_store::Error>(())
    };
    let sums = store.export(take, |_| ()).await.expect("an export");
    let named = || Options { namespace: Namespace::new("copy").unwrap(), ..cluster(&nodes[0], 8) };
    let empty = Store::unopened(named()).unwrap();
    let Begun::Import(mut import) = Import::begin(&empty, &origin, false).await.expect("an answer") else {
        panic!("it does not begin");
    };
    for carried in all {
        import.put(carried).await.expect("it is put");
    }
    assert_eq!(import.finish(&sums).await.expect("it is whole").tasks, 8);
    let again = Import::begin(&empty, &origin, false).await.expect("an answer");
    assert!(matches!(again, Begun::NotEmpty(_)), "{again:?}");
    let copied = Store::for_audit(named()).await.expect("a namespace");
    let report = copied.audit(&Audit::default(), &|_, _| {}).await.expect("an audit");
    assert!(report.is_clean() && report.tasks == 8, "{report:#?}");
}

#[tokio::test]
async fn what_lies_on_three_nodes_is_audited_exported_and_imported_as_a_whole() {
    let nodes = three().await;
    let store = open(Options { logins: true, ..cluster(&nodes[1], 8) }).await.unwrap();
    for shard in store.shards().all() {
        submit_to(&store, shard).await.unwrap();
        while store.write_behind(shard, false).await.unwrap() != Step::Idle {}
    }
    for (number, name) in ["ada", "bob", "eve"].into_iter().enumerate() {
        let (tag, user_id) = (UserTag([number as u8; 8]), UserId::person(name).unwrap());
        let user = NewUser { tag, user_id: &user_id, roles: "operator", password: None, disabled: false };
        assert!(matches!(store.create_user(&user).await.unwrap(), Made::User { .. }));
    }
    let store = Store::for_audit(cluster(&nodes[2], 1)).await.expect("a namespace");
    let mut has = Vec::new();
    for node in &nodes {
        has.push(node.say::<u64>(&["DBSIZE"]).await);
    }
    assert!(has.iter().all(|keys| *keys > 0), "each has some: {has:?}");
    let report = store.audit(&Audit::default(), &|_, _| {}).await.expect("an audit");
    assert!(report.is_clean(), "{:#?}", report.findings);
    assert_eq!((report.tasks, report.keys), (8, has.iter().sum::<u64>()));
    let checked = store.check_keys().await.expect("a look");
    assert!(checked.whole && checked.looked == report.keys && checked.faults.is_empty(), "{checked:?}");
    copy(&store, &nodes).await;
    // A fault on each node is found.
    for shard in store.shards().all() {
        let key = format!("{}queue:default:failed", store.keys(shard).unwrap().prefix());
        let member = store.draw(shard).to_string();
        for node in &nodes {
            let mut add = cmd("ZADD");
            add.arg(&key).arg(5).arg(&member);
            // The others say where it belongs.
            let _ = add.exec_async(&mut node.connection().await).await;
        }
    }
    let report = store.audit(&Audit::default(), &|_, _| {}).await.expect("an audit");
    assert_eq!(report.findings.len(), 8, "{:#?}", report.findings);
    assert!(report.findings.iter().all(|one| one.rule.name == "index_without_hash"), "{report:#?}");

    // One node alone is no namespace.
    let one = Options::new(nodes[0].tcp_url().unwrap().parse().unwrap());
    let refused = Store::for_audit(one).await.expect_err("most of it is elsewhere").to_string();
    assert!(refused.contains("redis+cluster://"), "{refused}");
}
