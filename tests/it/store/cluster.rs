//! A cluster: each shard in its slot, and every call finds it.

use baton_core::{QueueName, Shard, Status};
use baton_store::calls::shard::Ticked;
use baton_store::calls::task::{Claim, Claimed, Outcome, Report, Settle, SettleAnswer, Settled};
use baton_store::{Options, Store};
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
    let keys: Vec<String> = cmd("KEYS").arg("baton:{*").query_async(&mut connection).await.unwrap();
    for key in keys {
        let shard = if key.starts_with("baton:{0}:") { "{0}" } else { "{1}" };
        let mut slots = Vec::new();
        for name in [key.as_str(), shard] {
            let ask = cmd("CLUSTER").arg("KEYSLOT").arg(name).query_async(&mut connection).await;
            let slot: u64 = ask.unwrap();
            slots.push(slot);
        }
        assert_eq!(slots[0], slots[1], "{key}");
    }
    // Scripts that were forgotten are sent again, to every node.
    cmd("SCRIPT").arg("FLUSH").exec_async(&mut connection).await.unwrap();
    submit_to(&store, Shard::FIRST).await.unwrap();
    open(cluster(&redis, 2)).await.unwrap();
    let refused = open(cluster(&redis, 3)).await;
    assert!(matches!(refused, Err(baton_store::OpenError::Unfit(_))), "{refused:?}");
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
