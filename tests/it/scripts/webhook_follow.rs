//! webhook/follow: shards come to what the first one says, and whoever knows less than they do changes nothing.

use baton_core::Shard;
use baton_testkit::{Fixture, with_store};

use super::webhook_support::{change, end, name, put, read, take};
use baton_store::calls::webhook::WebhookChange;

use crate::hand::{by_hand, field, make_schema_too_new, run_by_hand, unchanged};

/// As if the call had been cut off before the shard heard.
async fn forget(at: &Fixture) {
    by_hand::<u64>(at, "HDEL baton:{0}:webhooks:filters ops").await;
}

async fn heal(at: &Fixture) {
    at.store.heal_webhook(Shard::FIRST, &name("ops")).await.expect("an answer");
}

#[tokio::test]
async fn a_shard_that_did_not_hear_is_found_and_healed() {
    with_store(async |at| {
        put(at, "ops").await;
        let known = field(at, "webhooks:filters", "ops").await;
        forget(at).await;
        end(at, 1).await;
        assert_eq!(take(at, 8).await, (vec![], 0, vec!["ops".to_owned()]));
        heal(at).await;
        assert_eq!(field(at, "webhooks:filters", "ops").await, known);
        assert_eq!(take(at, 8).await, (vec![], 0, vec![]));
        unchanged(at, heal(at)).await;
    })
    .await;
}

#[tokio::test]
async fn what_a_shard_knows_of_one_that_is_gone_is_forgotten() {
    with_store(async |at| {
        put(at, "ops").await;
        end(at, 1).await;
        by_hand::<u64>(at, "DEL baton:{0}:webhook:ops").await;
        by_hand::<u64>(at, "DEL baton:{0}:webhooks").await;
        assert_eq!(take(at, 8).await, (vec![], 0, vec!["ops".to_owned()]));
        heal(at).await;
        assert_eq!(by_hand::<Vec<String>>(at, "KEYS baton:{0}:webhook*").await, [""; 0]);
        unchanged(at, heal(at)).await;
    })
    .await;
}

/// The script by hand, which has six keys.
async fn follow(at: &Fixture, arguments: [&str; 6]) -> Vec<String> {
    let script = baton_store::Script::all().iter().find(|known| known.name == "webhook/follow").unwrap();
    let (keys, name) = (at.store.keys(Shard::FIRST).unwrap(), name("ops"));
    let mut call = deadpool_redis::redis::cmd("EVAL");
    call.arg(&script.text).arg(6).arg(keys.meta()).arg(keys.webhook_filters()).arg(keys.webhook_due(&name));
    call.arg(keys.webhook_tries(&name)).arg(keys.webhook_counts(&name)).arg(keys.webhook_latest(&name));
    call.arg(&arguments).query_async(&mut at.redis.connection().await).await.unwrap()
}

#[tokio::test]
async fn an_older_word_and_the_end_of_an_earlier_one_change_nothing() {
    with_store(async |at| {
        put(at, "ops").await;
        end(at, 1).await;
        let webhook = read(at, "ops").await.unwrap();
        let version = webhook.version.to_string();
        for arguments in [
            ["ops", version.as_str(), &webhook.id, "paused", "* * failed", ""],
            ["ops", "7", "other", "active", "* * failed", ""],
            ["ops", "7", "other", "active", "* * failed", "6 other"],
            ["ops", "", "other", "", "", ""],
        ] {
            assert_eq!(unchanged(at, follow(at, arguments)).await, ["known"], "{arguments:?}");
        }
        // Another one of the name, made later: nothing of the earlier one is left.
        let later = (webhook.version + 1).to_string();
        assert_eq!(follow(at, ["ops", &later, "other", "active", "* * failed", ""]).await, ["followed"]);
        assert_eq!(by_hand::<Vec<String>>(at, "KEYS baton:{0}:webhook:ops:*").await, [""; 0]);
    })
    .await;
}

#[tokio::test]
async fn a_first_shard_that_has_lost_a_change_is_believed_all_the_same() {
    with_store(async |at| {
        put(at, "ops").await;
        let before = read(at, "ops").await.unwrap();
        let filters = "baton:{0}:webhooks:filters";
        for later in [before.id.as_str(), "lost"] {
            let known = format!("{} {later} disabled * * failed", before.version + 5_000);
            let mut set = deadpool_redis::redis::cmd("HSET");
            set.arg(filters).arg("ops").arg(&known);
            let () = set.query_async(&mut at.redis.connection().await).await.unwrap();
            assert_eq!(take(at, 8).await, (vec![], 0, vec!["ops".to_owned()]));
            heal(at).await;
            let now: String = by_hand(at, &format!("HGET {filters} ops")).await;
            assert!(now.starts_with(&format!("{} {} active ", before.version, before.id)), "{now}");
            assert_eq!(take(at, 8).await.2, [""; 0]);
        }
    })
    .await;
}

#[tokio::test]
async fn giving_up_throws_away_what_waits_and_counts_it() {
    with_store(async |at| {
        put(at, "ops").await;
        end(at, 3).await;
        change(at, "ops", WebhookChange::Disable("gone")).await;
        assert_eq!(field(at, "webhook:ops:counts", "given_up").await, "3");
        assert_eq!(by_hand::<u64>(at, "EXISTS baton:{0}:webhook:ops:due").await, 0);
        make_schema_too_new(at).await;
        let answer = run_by_hand(at, "webhook/list", "baton:{0}:meta", &["", "ops"]).await;
        assert_eq!(answer[0], "listed");
        unchanged(at, heal(at)).await;
    })
    .await;
}
