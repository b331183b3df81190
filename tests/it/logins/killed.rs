//! Gateways and Redis die in the middle of a refresh: whoever held a token still holds one.

use baton_testkit::{Direction, FaultProxy, Launch, Loss, Mode, Then};
use futures_util::future::join_all;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::task::JoinHandle;

use super::support::{Answer, Logins, Plan, with_status};
use crate::fleet::support::until;
use crate::store::sha;

/// Gateway 0 is near Redis, gateway 1 behind a proxy.
async fn behind_proxy(plan: Plan) -> (Logins, FaultProxy, Plan) {
    let mut at = Plan { gateways: 1, ..plan.clone() }.start().await;
    let proxy = FaultProxy::start(&at.socket).await;
    let far = Plan { redis_url: Some(proxy.url()), ..plan };
    let gateway = at.gateway(&far).await;
    at.gateways.push(gateway);
    at.user("alice").await;
    (at, proxy, far)
}

async fn generation(at: &Logins, answer: &Answer) -> u64 {
    let sid = answer.body["session_id"].as_str().expect("a session");
    let tag = baton_auth::user_tag(&baton_core::login::UserId::person("alice").expect("a name"));
    let sessions = at.store.sessions(tag).await.expect("sessions");
    sessions.iter().find(|row| row.sid.to_string() == sid).expect("the session").generation
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_29_killed_before_the_step_the_old_token_works() {
    let (mut at, proxy, _) = behind_proxy(Plan::default()).await;
    let first = at.login(0, "alice").await;
    let token = first.refresh_token();
    proxy.set(Direction::Requests, Mode::Stall);
    let lost = at.client.post(at.url(1, "/auth/refresh"));
    let lost = lost.json(&serde_json::json!({ "refresh_token": token })).send();
    let (_, answer) = tokio::join!(
        async {
            proxy.until(|hits| hits.stalled > 0).await;
            at.gateways[1].process.kill();
        },
        lost
    );
    assert!(answer.is_err(), "it was answered: {answer:?}");
    // What was held never arrives.
    proxy.sever();
    assert_eq!(generation(&at, &first).await, 1);
    assert_eq!(at.refresh(0, &token).await.outcome, "rotated");
}

/// A refresh by gateway 1 whose step was taken, and nobody has heard of it yet.
struct Unheard {
    at: Logins,
    proxy: FaultProxy,
    token: String,
    request: JoinHandle<Result<reqwest::Response, reqwest::Error>>,
}

async fn unheard(key: Option<&str>) -> Unheard {
    let (at, proxy, _) = behind_proxy(Plan::default()).await;
    let first = at.login(0, "alice").await;
    let token = first.refresh_token();
    proxy.set(Direction::Replies, Mode::Stall);
    let mut request = at.client.post(at.url(1, "/auth/refresh"));
    request = request.json(&serde_json::json!({ "refresh_token": token }));
    if let Some(key) = key {
        request = request.header("idempotency-key", key);
    }
    let request = tokio::spawn(request.send());
    until("the step is taken", async || generation(&at, &first).await == 2).await;
    Unheard { at, proxy, token, request }
}

/// Cases 28 and 30: the gateway dies, so that nobody ever hears of it.
async fn after_the_step(key: Option<&str>) -> (Logins, String) {
    let Unheard { mut at, token, request, .. } = unheard(key).await;
    at.gateways[1].process.kill();
    assert!(request.await.expect("a task").is_err());
    (at, token)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_27_who_hung_up_gets_the_same_successor_by_the_same_key() {
    let Unheard { at, proxy, token, request } = unheard(Some("mine")).await;
    request.abort();
    assert!(request.await.is_err_and(|error| error.is_cancelled()));
    proxy.pass();
    let again = at.refresh_with_key(1, &token, "mine").await;
    assert_eq!((again.status.as_u16(), again.outcome.as_str()), (200, "replayed"), "{again:?}");
    let elsewhere = at.refresh_with_key(0, &token, "mine").await;
    assert_eq!(again.refresh_token(), elsewhere.refresh_token());
    assert_eq!(at.refresh(0, &again.refresh_token()).await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_30_killed_after_the_step_the_same_key_gets_the_same_successor() {
    let (at, token) = after_the_step(Some("mine")).await;
    let again = at.refresh_with_key(0, &token, "mine").await;
    assert_eq!((again.status.as_u16(), again.outcome.as_str()), (200, "replayed"), "{again:?}");
    let once_more = at.refresh_with_key(0, &token, "mine").await;
    assert_eq!(again.refresh_token(), once_more.refresh_token());
    assert!(at.is_valid(0, &once_more.access_token()).await);
    assert_eq!(at.refresh(0, &again.refresh_token()).await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_28_without_a_key_it_is_refused_and_the_family_lives() {
    let (at, token) = after_the_step(None).await;
    let again = at.refresh(0, &token).await;
    assert_eq!((again.status.as_u16(), again.code()), (401, "refresh_token_superseded"));
    // Whoever holds only the old token ends the family and signs in again.
    let left = at.post(0, "/auth/logout", &serde_json::json!({ "refresh_token": token }), None).await;
    assert_eq!(left.status, 200, "{left:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_31_a_reply_that_redis_lost_is_asked_for_again_and_the_client_sees_one_success() {
    let (at, proxy, _) = behind_proxy(Plan::default()).await;
    let mut token = at.login(0, "alice").await.refresh_token();
    for _ in 0..5 {
        proxy.lose(Loss::to(sha("token/rotate"), Then::Close));
        let answer = at.refresh(1, &token).await;
        proxy.lost().await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert!(at.is_valid(1, &answer.access_token()).await);
        token = answer.refresh_token();
    }
    assert_eq!(at.refresh(0, &token).await.status, 200);
}

/// Keeps sessions going until it is told to stop: each refresh is repeated under its key until it succeeds. Whatever is
/// neither a success nor a 503 fails the test.
async fn keep_going(at: &Logins, mut token: String, name: usize, over: &AtomicBool) -> String {
    let mut step = 0;
    while !over.load(Ordering::SeqCst) {
        step += 1;
        let key = format!("{name}-{step}");
        token = loop {
            let body = serde_json::json!({ "refresh_token": token });
            match at.try_post(step, "/auth/refresh", &body, Some(&key)).await {
                Ok(answer) if answer.status == 200 => break answer.refresh_token(),
                Ok(answer) => {
                    assert_eq!(answer.status, 503, "an outage logs nobody out: {answer:?}");
                    assert!(answer.retry_after, "{answer:?}");
                }
                Err(error) => panic!("the gateway is there: {error:?}"),
            }
        };
    }
    token
}

/// Plays forty sessions on three gateways while Redis is killed and comes back, three times. Answers when nobody was
/// logged out.
async fn redis_killed(launch: Launch) -> Logins {
    let at = Plan::of(3).on(launch).with("BATON_AUTH_STORE_TIMEOUT", "500ms").start().await;
    at.user("alice").await;
    let mut tokens = Vec::new();
    for number in 0..40 {
        tokens.push(at.login(number, "alice").await.refresh_token());
    }
    // A login that never reached the disk cannot be told from one that never was. A rewritten log is on the disk.
    let _: String = at.by_hand("BGREWRITEAOF").await;
    until("the log is rewritten", async || {
        let info: String = at.by_hand("INFO persistence").await;
        info.contains("aof_rewrite_in_progress:0") && info.contains("aof_rewrite_scheduled:0")
    })
    .await;
    for _ in 0..3 {
        let over = AtomicBool::new(false);
        let going =
            tokens.iter().enumerate().map(|(name, token)| keep_going(&at, token.clone(), name, &over));
        let killing = async {
            let before = rotations(&at).await;
            until("sessions go on", async || rotations(&at).await > before + 200).await;
            at.redis.lock().await.restart().await;
            until("sessions go on again", async || rotations(&at).await > 200).await;
            over.store(true, Ordering::SeqCst);
        };
        (tokens, ()) = tokio::join!(join_all(going), killing);
    }
    let last = join_all(tokens.iter().map(|token| at.refresh(0, token))).await;
    assert_eq!(with_status(&last, 200), 40, "somebody was logged out: {last:?}");
    at
}

/// Calls of the script since the server began.
async fn rotations(at: &Logins) -> u64 {
    let info: String = at.by_hand("INFO commandstats").await;
    let line = info.lines().find_map(|line| line.strip_prefix("cmdstat_evalsha:calls="));
    line.and_then(|rest| rest.split(',').next()?.parse().ok()).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_32_redis_killed_with_every_write_on_disk_logs_nobody_out() {
    redis_killed(Launch::default().durable()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_33_redis_killed_with_a_second_of_writes_lost_logs_nobody_out() {
    redis_killed(Launch::default().with("appendonly", "yes").with("appendfsync", "everysec")).await;
}

/// Case 41: a backup is restored. What the gateways signed meanwhile is ahead of it.
async fn rolled_back(refreshes: usize) -> (Logins, Answer) {
    let at = Plan::of(2).start().await;
    at.user("alice").await;
    let mut last = at.login(0, "alice").await;
    let _: String = at.by_hand("SAVE").await;
    for step in 0..refreshes {
        last = at.refresh(step, &last.refresh_token()).await;
        assert_eq!(last.status, 200);
    }
    at.redis.lock().await.restart().await;
    (at, last)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_41_a_store_that_fell_back_a_little_is_healed() {
    let (at, last) = rolled_back(16).await;
    let next = at.refresh(0, &last.refresh_token()).await;
    assert_eq!((next.status.as_u16(), next.outcome.as_str()), (200, "rotated"), "{next:?}");
    at.user("watcher").await;
    assert_eq!(at.metric(0, "baton_auth_refresh_total{outcome=\"healed\"}").await, 1.0);
    assert_eq!(at.refresh(1, &next.refresh_token()).await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_41_a_store_that_fell_back_too_far_refuses_and_says_so() {
    let (at, last) = rolled_back(17).await;
    let next = at.refresh(0, &last.refresh_token()).await;
    assert_eq!((next.status.as_u16(), next.code()), (401, "refresh_token_invalid"), "{next:?}");
    // A log is written beside the answers.
    until("it is said in the log", async || at.log().contains("old backup")).await;
}
