//! A large flow, and a gateway that is killed while it writes it. Who comes with the same idempotency key goes on.

use std::fmt::Write;
use std::process::Stdio;

use baton_core::{FlowId, FlowState, Shard};
use baton_testkit::{Launch, Process, Snapshot, invariants, process};
use deadpool_redis::redis::cmd;
use serde_json::Value;
use tempfile::TempDir;

use super::submits::gateway;
use super::support::{Fleet, program, until};

const LAYERS: usize = 60;
const WIDTH: usize = 100;
const TASKS: usize = LAYERS * WIDTH;

/// A fleet whose Redis forgets nothing that it has answered, also when it is killed.
pub(super) async fn lasting_fleet() -> Fleet {
    let redis = Launch::default().durable().start().await;
    let options = baton_store::Options::new(redis.url().parse().expect("a URL"));
    let (store, _) = baton_store::Store::open(options).await.expect("a store");
    Fleet { redis, store, place: TempDir::new().expect("a directory") }
}

/// A worker with many slots, which runs what needs no program.
pub(super) fn worker(fleet: &Fleet) -> Process {
    let mut command = process::command(program("baton-worker"));
    command.args(["--redis-url", &fleet.redis.url(), "--slots", "64", "--lease", "1s"]);
    command.env("BATON_SUPERVISOR_ENABLED", "false");
    command.env_remove("BATON_CONFIG").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    Process::spawn(command).expect("a worker")
}

/// Layers of tasks, each of which waits for two of the layer before. Every third is named by those who wait for it before it
/// is there, as the order in a body means nothing.
fn layers() -> String {
    let mut body = String::from(r#"{"name":"nightly","tasks":["#);
    for at in (0..TASKS).rev() {
        let (layer, place) = (at / WIDTH, at % WIDTH);
        let _ = write!(body, r#"{{"ref":"n{at}","kind":"noop""#);
        if layer > 0 {
            let above = (layer - 1) * WIDTH;
            let (one, other) = (above + place, above + (place + 1) % WIDTH);
            let _ = write!(body, r#","parents":["n{one}","n{other}"]"#);
        }
        body.push_str(if at == 0 { "}" } else { "}," });
    }
    body + "]}"
}

pub(super) async fn post(
    client: &reqwest::Client,
    url: String,
    key: &str,
    body: String,
) -> Option<(u16, Value)> {
    let post = client.post(url).header("content-type", "application/json").header("idempotency-key", key);
    let answer = post.body(body).send().await.ok()?;
    let status = answer.status().as_u16();
    Some((status, serde_json::from_slice(&answer.bytes().await.ok()?).expect("JSON")))
}

pub(super) fn client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::new()
}

async fn keys(fleet: &Fleet) -> usize {
    cmd("DBSIZE").query_async(&mut fleet.redis.connection().await).await.expect("a number")
}

pub(super) async fn until_state(fleet: &Fleet, flow: FlowId, state: FlowState) {
    until(&format!("{flow} is {state}"), async || {
        let found = fleet.store.read_flow(flow).await.expect("an answer").expect("the flow");
        found.state == state && found.doing.is_none()
    })
    .await;
}

/// How often tasks were claimed, by the stream. Nobody else may be at work any more.
pub(super) async fn audit(fleet: &Fleet) -> usize {
    let snapshot = Snapshot::take(&mut fleet.redis.connection().await, "baton:").await;
    invariants::assert_hold(&snapshot, "baton:{0}:");
    let (mut claims, mut after) = (0, None);
    loop {
        let page = fleet.store.events(Shard::FIRST, after, 500).await.expect("an answer");
        let Some(last) = page.last() else { return claims };
        after = Some(last.id);
        let claimed = page.iter().filter(|entry| entry.event == "claim");
        claims += claimed.map(|entry| entry.tasks.len()).sum::<usize>();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flow_whose_gateway_is_killed_while_it_writes_it_is_there_once() {
    let fleet = Fleet::start().await;
    let ((mut first, one), (_second, other)) = (gateway(&fleet), gateway(&fleet));
    let (client, body) = (client(), layers());
    let started = tokio::spawn({
        let (client, url, body) = (client.clone(), format!("{one}/api/v1/flows"), body.clone());
        async move { post(&client, url, "nightly-7", body).await }
    });
    until("a part of it is written", async || keys(&fleet).await > TASKS / 2).await;
    first.kill();
    assert_eq!(started.await.expect("no panic"), None, "it was answered before it could be killed");
    let drafts: Vec<String> = cmd("ZRANGE")
        .arg(&["baton:{0}:drafts", "0", "-1"])
        .query_async(&mut fleet.redis.connection().await)
        .await
        .expect("drafts");
    assert_eq!(drafts.len(), 1, "it was written to the end before its gateway could be killed");
    let (status, answer) =
        post(&client, format!("{other}/api/v1/flows"), "nightly-7", body.clone()).await.expect("an answer");
    assert_eq!(
        (status, answer["id"].as_str()),
        (201, Some(drafts[0].as_str())),
        "what was begun is gone on with"
    );
    assert_eq!(answer["refs"].as_object().expect("refs").len(), TASKS);
    let again = post(&client, format!("{other}/api/v1/flows"), "nightly-7", body).await.expect("an answer");
    assert_eq!((again.0, &again.1["id"]), (200, &answer["id"]));
    runs_once(&fleet, drafts[0].parse().expect("an id")).await;
}

/// The gateway asks again what it does not know the answer of; where it gives up, its client does.
#[tokio::test(flavor = "multi_thread")]
async fn a_flow_whose_redis_is_killed_while_it_is_written_is_there_once() {
    let mut fleet = lasting_fleet().await;
    let (_gateway, url) = gateway(&fleet);
    let (client, body, url) = (client(), layers(), format!("{url}/api/v1/flows"));
    let started = tokio::spawn({
        let (client, url, body) = (client.clone(), url.clone(), body.clone());
        async move { post(&client, url, "nightly-7", body).await }
    });
    until("a part of it is written", async || keys(&fleet).await > TASKS / 2).await;
    assert!(!started.is_finished(), "it was written to the end before Redis could be killed");
    fleet.redis.restart().await;
    let (mut status, mut answer) = started.await.expect("no panic").expect("an answer");
    if status != 201 {
        assert_eq!(status, 503, "{answer}");
        (status, answer) = post(&client, url, "nightly-7", body).await.expect("an answer");
    }
    assert!(status == 201 || status == 200, "{answer}");
    runs_once(&fleet, answer["id"].as_str().expect("an id").parse().expect("an id")).await;
}

/// Workers run all of it, and each task once.
async fn runs_once(fleet: &Fleet, flow: FlowId) {
    let workers = [worker(fleet), worker(fleet)];
    until_state(fleet, flow, FlowState::Completed).await;
    drop(workers);
    assert_eq!(audit(fleet).await, TASKS, "each ran once");
}
