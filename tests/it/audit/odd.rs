//! What is no text, a stream that was written anew, and namespaces that are not to be audited.

use baton_core::Shard;
use baton_store::audit::Audit;
use baton_store::{Options, Store};
use deadpool_redis::redis::cmd;

use super::world::World;
use super::{assert_clean, audit, audit_with, names};
use crate::hand::by_hand;

const ODD: &[u8] = b"\xff\xfe";

#[tokio::test]
async fn words_that_are_no_text_end_no_audit() {
    let world = World::new().await;
    let shard = world.at.store.keys(Shard::FIRST).unwrap();
    let key = |name: &str| [shard.prefix(), name].concat();
    let mut connection = world.at.redis.connection().await;
    for index in ["leases", "cascades", "queue:default:pending"] {
        let sent = cmd("ZADD").arg(key(index)).arg(5).arg(ODD).exec_async(&mut connection).await;
        sent.expect("an odd entry");
    }
    let flow = key(&format!("flow:{}", world.flow));
    cmd("HSET").arg(flow).arg("name").arg(ODD).exec_async(&mut connection).await.expect("an odd name");
    cmd("SET")
        .arg(key("queue:default:key:odd"))
        .arg(ODD)
        .exec_async(&mut connection)
        .await
        .expect("an odd key");
    let mut note = cmd("XADD");
    note.arg("baton:{u}:revoked").arg("*").arg("kind").arg(ODD);
    note.exec_async(&mut connection).await.expect("an odd entry");
    let report = audit(&world.at).await;
    let found: Vec<&str> = names(&report).into_iter().collect();
    assert_eq!(found, ["key_of_no_live_task", "unknown_key"], "{:#?}", report.findings);
    assert_eq!(report.findings.iter().filter(|finding| finding.rule.name == "unknown_key").count(), 3);
}

/// As an import leaves it: the numbers of the shard came along, of the stream nothing or only what was left of it.
#[tokio::test]
async fn a_stream_that_was_written_anew_is_not_taken_for_the_whole() {
    let world = World::new().await;
    world.by_hand("DEL {s}:events").await;
    world.by_hand("HSET {s}:meta imported_ms 5").await;
    let report = audit(&world.at).await;
    assert_clean(&report);
    // Of attempts and crashes the stream tells; of waits, the tasks themselves.
    for id in ["A3", "A4", "A5"] {
        assert_eq!(report.part(id).map(|part| part.state()), Some("skipped"), "{id}");
    }
    world.at.submit_many(1).await;
    assert_clean(&audit(&world.at).await);
}

#[tokio::test]
async fn what_is_half_imported_or_newer_is_not_audited() {
    let world = World::new().await;
    let options = || Options::new(world.at.redis.url().parse().expect("a URL"));
    assert_clean(
        &audit_with(&Store::for_audit(options()).await.expect("a namespace"), &Audit::default()).await,
    );
    for (schema, says) in [("999999", "newer release"), ("1000000000", "not whole")] {
        by_hand::<u64>(&world.at, &format!("HSET baton:meta schema {schema}")).await;
        let error = Store::for_audit(options()).await.expect_err("not to be audited");
        assert!(error.to_string().contains(says), "{error}");
    }
}
