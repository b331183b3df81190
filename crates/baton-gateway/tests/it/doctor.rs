//! The examination: each check is made to fail, and says what to do.

use baton_core::Namespace;
use baton_gateway::Settings;
use baton_store::{Options, Store, Timeouts, acl};
use baton_testkit::{Launch, PrivateRedis};
use serde_json::{Value, json};
use std::sync::Mutex;
use std::time::Duration;

use crate::support::{Gateway, get, until};

/// A command by hand that answers words.
async fn by_hand(gateway: &Gateway, line: &str) {
    let _: String = gateway.redis.say(&line.split(' ').collect::<Vec<_>>()).await;
}

/// And one that answers a number.
async fn counted(gateway: &Gateway, line: &str) {
    let _: u64 = gateway.redis.say(&line.split(' ').collect::<Vec<_>>()).await;
}

async fn report(gateway: &Gateway) -> Value {
    let answer = gateway.get("/api/v1/doctor").await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

/// On a busy machine a look may run out of its time, and is `unknown`: whoever wants to know looks again.
async fn seen(gateway: &Gateway, names: &[&str]) -> Value {
    let found = Mutex::new(Value::Null);
    until(async || {
        let report = report(gateway).await;
        let known = names.iter().all(|name| of(&report, name)["verdict"] != "unknown");
        *found.lock().unwrap() = report;
        known
    })
    .await;
    found.into_inner().unwrap()
}

fn of<'a>(report: &'a Value, name: &str) -> &'a Value {
    let mut checks = report["checks"].as_array().unwrap().iter();
    checks.find(|check| check["name"] == name).unwrap_or_else(|| panic!("no {name} in {report}"))
}

/// What is wrong has words on it, and on what to do.
async fn assert_told(gateway: &Gateway, name: &str, verdict: &str, said: &str) {
    let report = seen(gateway, &[name]).await;
    let check = of(&report, name);
    assert_eq!(check["verdict"], verdict, "{check}");
    assert!(check["found"].as_str().unwrap().contains(said), "{said}: {check}");
    assert_eq!(check["advice"].is_string(), verdict != "ok", "{check}");
}

#[tokio::test]
async fn a_fresh_fleet_is_well_but_for_the_settings_of_its_redis() {
    let gateway = Gateway::start().await;
    let report =
        seen(&gateway, &["leases", "queue_memory", "streams", "written_behind", "unhandled_kinds"]).await;
    // How fast this machine is, and which Redis it has, is not ours to say.
    let machine = ["reach", "version", "slow_scripts"].map(|name| &of(&report, name)["verdict"]);
    assert!(machine.iter().all(|verdict| **verdict == "ok" || **verdict == "warn"), "{report}");
    let checks = report["checks"].as_array().unwrap().iter();
    let wrong = checks.filter(|check| check["verdict"] != "ok").map(|check| check["name"].as_str().unwrap());
    let wrong: Vec<&str> =
        wrong.filter(|name| !["reach", "version", "slow_scripts"].contains(name)).collect();
    assert_eq!(wrong, ["memory", "persistence"], "{report}");
    assert_eq!(report["verdict"], "warn");
    assert!(of(&report, "persistence")["found"].as_str().unwrap().contains("a restart loses every task"));
    assert_eq!(report["checks"].as_array().unwrap().len(), 24);
}

#[tokio::test]
async fn settings_of_the_server_are_judged() {
    let gateway = Gateway::start().await;
    for (line, name, verdict, said) in [
        ("CONFIG SET maxmemory 1gb", "memory", "ok", "of 1.1 GB used"),
        ("CONFIG SET maxmemory-policy allkeys-lru", "eviction", "fail", "allkeys-lru"),
        ("CONFIG SET maxmemory-policy noeviction", "eviction", "ok", "noeviction, 0 keys evicted"),
        ("CONFIG SET maxmemory 1", "memory", "fail", "%"),
        ("CONFIG SET appendonly yes", "persistence", "ok", "a crash may lose the last 2 s"),
        ("CONFIG SET appendfsync always", "persistence", "ok", "loses nothing"),
        ("CONFIG SET appendfsync no", "persistence", "warn", "30 s"),
        ("REPLICAOF 127.0.0.1 1", "replication", "fail", "slave"),
    ] {
        by_hand(&gateway, line).await;
        assert_told(&gateway, name, verdict, said).await;
    }
}

#[tokio::test]
async fn what_lies_in_redis_is_judged() {
    let gateway = Gateway::start().await;
    by_hand(&gateway, "SCRIPT FLUSH").await;
    assert_told(&gateway, "scripts", "warn", "are not loaded").await;
    by_hand(&gateway, "CONFIG SET slowlog-log-slower-than 0").await;
    gateway.submit("noop").await;
    assert_told(&gateway, "slow_scripts", "warn", "in the last hour; the longest was").await;
    assert_told(&gateway, "queue_memory", "ok", "default about").await;
    // A holder that holds what it does not run; then one whose lease ended long ago.
    counted(&gateway, "ZADD baton:{0}:leases 1 worker-001-a:b1").await;
    counted(&gateway, "ZADD baton:{0}:held:worker-001-a:b1 1 nothing").await;
    assert_told(&gateway, "leases", "fail", "such as nothing").await;
    counted(&gateway, "DEL baton:{0}:leases baton:{0}:held:worker-001-a:b1").await;
    counted(&gateway, "HSET baton:meta shards 7").await;
    assert_told(&gateway, "namespace", "fail", "7 shards, not 1").await;
    counted(&gateway, "HSET baton:meta shards 1 schema 999").await;
    assert_told(&gateway, "namespace", "fail", "schema 999").await;
    counted(&gateway, "HDEL baton:meta schema").await;
    assert_told(&gateway, "namespace", "warn", "nobody has begun here").await;
}

#[tokio::test]
async fn a_lease_that_nobody_takes_back_is_told() {
    let gateway = Gateway::start().await;
    let worker = gateway.worker(1).await;
    gateway.submit("noop").await;
    gateway.claim(&worker).await;
    assert_told(&gateway, "leases", "ok", "1 holders, 1 tasks looked at").await;
    counted(&gateway, &format!("ZADD baton:{{0}}:leases 1000 {worker}:b1")).await;
    assert_told(&gateway, "leases", "warn", "was not taken back").await;
}

#[tokio::test]
async fn a_stream_that_nobody_writes_down_is_told() {
    let gateway = Gateway::start().await;
    assert_told(&gateway, "written_behind", "ok", "0.0 s behind").await;
    let entry = "XADD baton:{0}:events 1-1 event submit";
    by_hand(&gateway, entry).await;
    assert_told(&gateway, "written_behind", "fail", "s behind").await;
    // What comes next was trimmed before it was written down.
    counted(&gateway, "HSET baton:{0}:meta behind 0-5").await;
    assert_told(&gateway, "written_behind", "fail", "were trimmed before").await;
    assert_told(&gateway, "streams", "ok", "1 entries").await;
}

#[tokio::test]
async fn the_fleet_is_judged() {
    let gateway = Gateway::start().await;
    gateway.submit("resize").await;
    assert_told(&gateway, "unattended_queues", "fail", "default (1 pending)").await;
    let register = |number: u32, version: &str| {
        json!({ "worker_id": format!("worker-{number:03}-test"), "boot": "b1", "queues": ["default"], "slots": 1,
                "kinds": ["echo"], "version": version })
    };
    assert_eq!(gateway.post("/api/v1/workers/register", register(1, "1.0")).await.status, 201);
    assert_told(&gateway, "unattended_queues", "ok", "none of 1 queues").await;
    assert_told(&gateway, "unhandled_kinds", "warn", "resize in default").await;
    assert_told(&gateway, "worker_versions", "ok", "1.0 (1)").await;
    assert_eq!(gateway.post("/api/v1/workers/register", register(2, "0.9")).await.status, 201);
    assert_told(&gateway, "worker_versions", "warn", "0.9 (1), 1.0 (1)").await;
}

#[tokio::test]
async fn an_open_gateway_that_others_reach_is_told() {
    let open = Gateway::start().await;
    assert_told(&open, "open_bind", "ok", "this host only").await;
    let store = open.app.store.clone();
    let exposed = Gateway::over(open.redis, store, Settings { exposed: true, ..Settings::default() });
    assert_told(&exposed, "open_bind", "fail", "beyond this host").await;
    let secured = Gateway::secured().await;
    until(async || {
        let own = baton_gateway::doctor::examine(&secured.app.store, Some(&secured.app)).await;
        let own = serde_json::to_value(own).unwrap();
        assert_eq!(of(&own, "open_bind")["found"], "a credential is required");
        of(&own, "signing_keys")["verdict"] == "ok"
    })
    .await;
}

#[tokio::test]
async fn without_redis_the_report_says_so_and_the_pages_stand() {
    let redis = PrivateRedis::start().await;
    let mut options = Options::new(redis.url().parse().unwrap());
    let short = Duration::from_millis(200);
    options.timeouts = Timeouts { connect: short, response: short, ..Timeouts::default() };
    let (store, _) = Store::open(options).await.unwrap();
    let mut gateway = Gateway::over(redis, store, Settings::default());
    gateway.redis.kill();
    assert_told(&gateway, "reach", "fail", "not seen").await;
    let report = report(&gateway).await;
    for name in ["version", "leases", "clock", "unhandled_kinds"] {
        assert_eq!(of(&report, name)["verdict"], "unknown", "{report}");
    }
    assert_eq!((&report["verdict"], &of(&report, "open_bind")["verdict"]), (&json!("fail"), &json!("ok")));
    let text = gateway.page("/ui/system").await.text();
    assert!(text.contains("Redis does not answer") && text.contains("id=\"check-leases\""), "{text}");
    let keys = gateway.page("/ui/system/keys?key=baton:meta").await.text();
    assert!(keys.contains("role=\"alert\"") && keys.contains("task:&#60;id&#62;"), "{keys}");
}

/// The store as a user of that name, with the rights that we print but for some.
async fn as_user(redis: &PrivateRedis, less: &str) -> Store {
    let users = acl::users(&Namespace::default());
    let rules = &users.iter().find(|user| user.name == "baton-gateway").unwrap().rules;
    let line = format!("ACL SETUSER baton-gateway reset on >secret {rules}{less}");
    let _: String = redis.say(&line.split(' ').collect::<Vec<_>>()).await;
    let url = redis.tcp_url().unwrap().replace("redis://", "redis://baton-gateway:secret@");
    let mut options = Options::new(url.parse().unwrap());
    options.logins = true;
    Store::unopened(options).unwrap()
}

#[tokio::test]
async fn the_rights_that_are_printed_let_the_doctor_look() {
    let gateway = {
        let redis = Launch::default().tcp(0).start().await;
        let (store, _) = Store::open(Options::new(redis.url().parse().unwrap())).await.unwrap();
        Gateway::over(redis, store, Settings::default())
    };
    gateway.submit("noop").await;
    let look = async |less: &str| {
        let store = as_user(&gateway.redis, less).await;
        serde_json::to_value(baton_gateway::doctor::examine(&store, None).await).unwrap()
    };
    let whole = look("").await;
    let unknown = |report: &Value| -> Vec<String> {
        let checks = report["checks"].as_array().unwrap().iter();
        let unknown = checks.filter(|check| check["verdict"] == "unknown");
        unknown.map(|check| check["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(unknown(&whole), Vec::<String>::new(), "{whole}");
    assert_eq!(of(&whole, "rights")["verdict"], "ok", "{whole}");
    let less = look(" -slowlog|get -memory|usage").await;
    assert_eq!(unknown(&less), ["slow_scripts", "queue_memory"], "{less}");
    let slow = of(&less, "slow_scripts");
    assert!(slow["found"].as_str().unwrap().contains("may not look") && slow["advice"].is_string(), "{slow}");
    let denied = look(" -hset").await;
    assert_eq!(of(&denied, "rights")["verdict"], "fail", "{denied}");
    assert!(of(&denied, "rights")["found"].as_str().unwrap().contains("HSET"), "{denied}");
    // A key is looked at under the same rights.
    let store = as_user(&gateway.redis, "").await;
    let key = baton_gateway::redis::explain(&store, "baton:{0}:queues").await.unwrap().unwrap();
    assert_eq!((key.kind.as_str(), key.size), ("zset", 1));
    assert_eq!(baton_gateway::redis::check(&store).await.unwrap().faults, []);
}

#[tokio::test]
async fn looking_takes_a_credential() {
    let gateway = Gateway::secured().await;
    for path in ["/api/v1/doctor", "/api/v1/redis", "/api/v1/redis/keys/baton:meta"] {
        assert_eq!(gateway.ask(get(path)).await.status, 401, "{path}");
    }
}
