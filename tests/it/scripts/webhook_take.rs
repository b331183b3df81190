//! webhook/take: each end waits once, is handed out under a lease, and not for longer than a day.

use baton_core::{Refusal, Shard, Status, limits};
use baton_store::calls::webhook::{DeliveriesTaken, Room, WebhookChange};
use baton_testkit::{Fixture, kind, queue, with_store};

use super::webhook_support::{ada, cancel, change, end, put, put_knowing, take, write_behind};
use crate::hand::{by_hand, field, make_schema_too_new, refused, unchanged};

async fn waiting(at: &Fixture) -> u64 {
    by_hand(at, "ZCARD baton:{0}:webhook:ops:due").await
}

#[tokio::test]
async fn an_end_is_handed_out_with_its_words_to_one_at_a_time() {
    with_store(async |at| {
        put(at, "ops").await;
        let task = end(at, 1).await[0];
        let (taken, given_up, odd) = take(at, 8).await;
        assert_eq!((taken.len(), given_up, odd), (1, 0, vec![]));
        assert_eq!((taken[0].webhook.as_str(), taken[0].shard, taken[0].failed), ("ops", Shard::FIRST, 0));
        let delivery = taken[0].delivery.clone().unwrap();
        assert_eq!((delivery.task, delivery.end, delivery.since_ms), (task, Status::Cancelled, at.now_ms()));
        assert_eq!((delivery.queue, delivery.kind), (queue("default"), kind("noop")));
        assert_eq!((delivery.by, delivery.why.as_deref()), (Some(ada()), Some("pending no need: 2 words")));
        at.pass_ms(limits::WEBHOOK_LEASE_MS as i64 - 1);
        assert_eq!(unchanged(at, take(at, 8)).await.0, []);
        // Whoever took it has died.
        at.pass_ms(1);
        assert_eq!(take(at, 8).await.0, taken);
    })
    .await;
}

#[tokio::test]
async fn only_what_fits_waits_and_only_as_many_are_handed_out_as_asked_for() {
    with_store(async |at| {
        put(at, "ops").await;
        put_knowing(at, "mail", "mail,img-* * cancelled", None).await;
        put_knowing(at, "done", "* * completed", None).await;
        let mut tasks = vec![at.new_task("test"), at.new_task("test"), at.new_task("test")];
        tasks[0].queue = queue("mail");
        tasks[1].queue = queue("img-7");
        let ids = at.submit(&tasks).await;
        cancel(at, &ids).await;
        write_behind(at).await;
        let (taken, _, _) = take(at, 2).await;
        let of = |name: &str| taken.iter().filter(|one| one.webhook.as_str() == name).count();
        assert_eq!((of("ops"), of("mail"), of("done"), waiting(at).await), (2, 2, 0, 3));
        let queues: Vec<String> = taken
            .iter()
            .filter(|one| one.webhook.as_str() == "mail")
            .map(|one| one.delivery.clone().unwrap().queue.to_string())
            .collect();
        assert!(queues.contains(&"mail".to_owned()) && queues.contains(&"img-7".to_owned()), "{queues:?}");
        assert_eq!(take(at, 2).await.0.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn what_waited_for_a_day_is_given_up_also_while_it_rests() {
    with_store(async |at| {
        put(at, "ops").await;
        end(at, 2).await;
        at.pass_ms(limits::WEBHOOK_AGE_MS_MAX as i64 - 1);
        assert_eq!(take(at, 1).await.0.len(), 1);
        at.pass_ms(limits::WEBHOOK_LEASE_MS as i64);
        assert_eq!(take(at, 8).await, (vec![], 2, vec![]));
        assert_eq!((field(at, "webhook:ops:counts", "given_up").await.as_str(), waiting(at).await), ("2", 0));
        change(at, "ops", WebhookChange::Pause).await;
        end(at, 60).await;
        assert_eq!(unchanged(at, take(at, 0)).await, (vec![], 0, vec![]));
        at.pass_ms(limits::WEBHOOK_AGE_MS_MAX as i64);
        assert_eq!(take(at, 0).await, (vec![], limits::WEBHOOK_DROPS_MAX, vec![]));
        assert_eq!((take(at, 0).await.1, waiting(at).await), (10, 0));
    })
    .await;
}

#[tokio::test]
async fn more_than_may_wait_is_counted_and_dropped() {
    with_store(async |at| {
        put(at, "ops").await;
        // As if nobody had taken anything for long.
        let room = limits::WEBHOOK_WAITING_MAX - 3;
        let fill =
            format!("for n = 1, {room} do redis.call('ZADD', KEYS[1], 9e15, '9000000000000000 x' .. n) end");
        let mut call = deadpool_redis::redis::cmd("EVAL");
        call.arg(fill).arg(1).arg("baton:{0}:webhook:ops:due");
        let () = call.query_async(&mut at.redis.connection().await).await.unwrap();
        end(at, 5).await;
        assert_eq!(waiting(at).await, limits::WEBHOOK_WAITING_MAX);
        assert_eq!(field(at, "webhook:ops:counts", "dropped").await, "2");
        assert_eq!(take(at, 8).await.0.len(), 3);
    })
    .await;
}

#[tokio::test]
async fn a_newer_release_delivers_itself() {
    with_store(async |at| {
        put(at, "ops").await;
        end(at, 1).await;
        let known = at.store.webhooks().await.unwrap().webhooks;
        make_schema_too_new(at).await;
        let rooms = [Room { webhook: &known[0], room: 8 }];
        let answer = unchanged(at, at.store.take_deliveries(Shard::FIRST, &rooms)).await.unwrap();
        assert_eq!(answer, DeliveriesTaken::Refused(refused(Refusal::SchemaTooNew, "")));
    })
    .await;
}
