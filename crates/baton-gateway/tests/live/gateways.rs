//! Which gateways there are, as programs write themselves down.

use baton_testkit::{Launch, PrivateRedis};
use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::program::Program;
use crate::support::{get, until};

async fn listed(program: &Program) -> Vec<Value> {
    let (status, text) = get(program.address, "/api/v1/gateways").await;
    assert_eq!(status, 200, "{text}");
    let body: Value = serde_json::from_str(&text).unwrap();
    body["gateways"].as_array().unwrap().clone()
}

fn of(gateways: &[Value], program: &Program) -> Option<Value> {
    let address = program.address.to_string();
    gateways.iter().find(|one| one["address"] == address).cloned()
}

/// Asks again and again until it is so.
async fn listed_as(program: &Program, what: &str, is_so: impl Fn(&[Value]) -> bool) -> Vec<Value> {
    until(what, async || Some(listed(program).await).filter(|gateways| is_so(gateways))).await
}

async fn check(program: &Program, name: &str) -> Value {
    let (_, text) = get(program.address, "/api/v1/doctor").await;
    let report: Value = serde_json::from_str(&text).unwrap();
    let mut checks = report["checks"].as_array().unwrap().iter();
    checks.find(|check| check["name"] == name).cloned().unwrap_or_default()
}

/// As if nobody had heard of it for so long.
async fn age(redis: &PrivateRedis, gateway: &Value, seconds: i64) {
    let id = gateway["id"].as_str().unwrap();
    let by = (-seconds * 1_000).to_string();
    let _: f64 = redis.say(&["ZINCRBY", "baton:{0}:gateways", &by, id]).await;
}

#[tokio::test]
async fn three_are_seen_one_is_killed_and_one_takes_its_leave() {
    let redis = PrivateRedis::start().await;
    let url = redis.url();
    let (first, mut second, mut third) =
        tokio::join!(Program::start(&url), Program::start(&url), Program::start(&url));
    let measured = |one: &Value| one["clock"]["ahead_ms"].is_i64() && one["began_at"].is_string();
    let all = listed_as(&first, "all three are seen", |all| all.len() == 3 && all.iter().all(measured)).await;
    let asked: Vec<bool> = all.iter().map(|one| one["asked"] == true).collect();
    assert_eq!(asked.iter().filter(|asked| **asked).count(), 1, "{all:?}");
    let own = of(&all, &first).unwrap();
    assert!(own["asked"] == true && own["state"] == "serving" && own["auth"] == "none", "{own}");
    assert!(
        all.iter().all(|one| one["scripts"] == own["scripts"] && one["version"] == own["version"]),
        "{all:?}"
    );
    // They share one host, and so one clock with Redis.
    assert!(own["clock"]["ahead_ms"].as_i64().unwrap().unsigned_abs() < 1_000, "{own}");
    for name in ["silent_gateways", "gateway_clocks", "gateway_versions", "gateway_scripts"] {
        assert_eq!(check(&first, name).await["verdict"], "ok", "{name}");
    }

    second.terminate();
    assert!(second.ended().await.success());
    let left = listed(&first).await;
    assert!(left.len() == 2 && of(&left, &second).is_none(), "{left:?}");

    third.kill().await;
    let killed = of(&left, &third).unwrap();
    age(&redis, &killed, 31).await;
    let silent =
        listed_as(&first, "it is silent", |all| of(all, &third).is_some_and(|one| one["state"] == "silent"));
    silent.await;
    let told = check(&first, "silent_gateways").await;
    assert_eq!(told["verdict"], "warn", "{told}");
    assert!(told["found"].as_str().unwrap().contains(killed["id"].as_str().unwrap()), "{told}");
    let of = |state: &str, count: u64| format!("baton_fleet_gateways{{state=\"{state}\"}} {count}\n");
    until("it is counted", async || {
        let text = get(first.address, "/metrics").await.1;
        (text.contains(&of("silent", 1)) && text.contains(&of("serving", 1))).then_some(())
    })
    .await;
}

#[tokio::test]
async fn one_that_drains_says_so() {
    let redis = PrivateRedis::start().await;
    let url = redis.url();
    let (first, mut second) = tokio::join!(Program::start(&url), Program::start(&url));
    listed_as(&first, "both are seen", |all| all.len() == 2).await;
    // A body that never comes keeps the drain waiting for as long as it may.
    let mut stuck = TcpStream::connect(second.address).await.unwrap();
    let head = "POST /api/v1/tasks HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
                Content-Length: 100\r\n\r\n{";
    stuck.write_all(head.as_bytes()).await.unwrap();
    get(second.address, "/health").await;
    second.terminate();
    let draining = |all: &[Value]| of(all, &second).is_some_and(|one| one["state"] == "draining");
    listed_as(&first, "it drains", draining).await;
    drop(stuck);
    assert!(second.ended().await.success());
    assert_eq!(listed(&first).await.len(), 1);
}

#[tokio::test]
async fn one_without_redis_goes_on() {
    let mut redis = Launch::default().start().await;
    let mut program = Program::start(&redis.url()).await;
    listed_as(&program, "it is seen", |all| all.len() == 1).await;
    redis.kill();
    until("Redis is away", async || (get(program.address, "/ready").await.0 != 200).then_some(())).await;
    assert_eq!(get(program.address, "/health").await.0, 200);
    redis.restart().await;
    // What was in memory alone is gone; the next beat says it anew.
    listed_as(&program, "it is seen again", |all| of(all, &program).is_some()).await;
    redis.kill();
    program.terminate();
    // Nobody hears that it takes its leave, and it does not wait for that.
    assert!(program.ended().await.success());
}
