//! What a readiness probe asks, and handles that stand apart.

use baton_store::{Options, Script, Unfit};
use baton_testkit::{Launch, PrivateRedis, with_launch, with_store};

use super::{open, options, submit, with_shards};
use crate::hand::{by_hand, make_schema_too_new, unchanged};

#[tokio::test]
async fn the_server_says_how_it_is() {
    let launch = Launch::default().durable().with("maxmemory", "100mb");
    with_launch(launch, async |at| {
        let info = at.store.server().await.unwrap();
        assert!(info.version.starts_with("Redis ") || info.version.starts_with("Valkey "), "{info:?}");
        assert_eq!((info.role.as_str(), info.maxmemory_policy.as_str()), ("master", "noeviction"));
        assert_eq!((info.maxmemory, info.aof_enabled, info.aof_ok), (100 * 1024 * 1024, true, true));
        assert!(info.used_memory > 0 && info.connected_clients > 0 && info.memory_permille() > 0, "{info:?}");
        assert_eq!((info.evicted_keys, info.connected_replicas, info.loading), (0, 0, false));
    })
    .await;
}

#[tokio::test]
async fn scripts_that_the_server_lacks_are_named() {
    with_store(async |at| {
        for logins in [false, true] {
            let store = open(Options { logins, ..options(&at.redis.url()) }).await.unwrap();
            assert_eq!(store.scripts_missing().await.unwrap(), [""; 0]);
            by_hand::<()>(at, "SCRIPT FLUSH").await;
            submit(&store).await.unwrap();
            let missing = store.scripts_missing().await.unwrap();
            // Those of logins are missed by whoever keeps logins, and by nobody else.
            let needed = Script::all().iter().filter(|script| logins || !script.is_of_logins());
            assert_eq!(missing.len(), needed.count() - 1);
            assert!(!missing.contains(&"task/submit") && missing.contains(&"task/claim"), "{missing:?}");
            assert_eq!(missing.contains(&"token/rotate"), logins, "{missing:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_namespace_that_agrees_stays_as_it_is() {
    with_store(async |at| {
        submit(&at.store).await.unwrap();
        assert_eq!(unchanged(at, at.store.namespace_agrees()).await.unwrap(), []);
        by_hand::<()>(at, "HSET baton:{0}:meta store_id stranger").await;
        let found = unchanged(at, at.store.namespace_agrees()).await.unwrap();
        assert!(matches!(&found[..], [Unfit::Foreign { .. }]), "{found:?}");
        make_schema_too_new(at).await;
        assert_eq!(unchanged(at, at.store.namespace_agrees()).await.unwrap(), [Unfit::SchemaTooNew(2)]);
        by_hand::<()>(at, "HSET baton:meta shards 7").await;
        let found = unchanged(at, at.store.namespace_agrees()).await.unwrap();
        assert_eq!(found, [Unfit::Shards { found: 7, wanted: 1 }]);
    })
    .await;
}

#[tokio::test]
async fn a_server_that_came_back_empty_is_founded_anew() {
    let redis = PrivateRedis::start().await;
    let store = open(with_shards(&redis.url(), 3)).await.unwrap();
    redis.say::<()>(&["FLUSHALL"]).await;
    assert_eq!(store.namespace_agrees().await.unwrap(), []);
    assert_eq!(redis.say::<String>(&["HGET", "baton:{2}:meta", "shards"]).await, "3");
}

/// The runtime of the first is gone, and its connections with it.
#[test]
fn a_handle_that_stands_apart_outlives_the_runtime_of_the_other() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (first, second) = (runtime(), runtime());
    let redis = second.block_on(PrivateRedis::start());
    let store = first.block_on(open(options(&redis.url()))).unwrap();
    let apart = store.apart().unwrap();
    let one = first.block_on(submit(&store)).unwrap();
    drop(first);
    let two = second.block_on(submit(&apart)).unwrap();
    assert!(one < two, "both draw from one source");
}
