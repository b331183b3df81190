//! A gateway is killed while it tells receivers of webhooks: all the same each end is told, signed and under its one id.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use baton::Client;
use baton::api::webhook::PutWebhook;
use baton_core::{Shard, TaskId, WebhookName, limits};
use baton_outbound::Secret;
use baton_store::calls::task::{Cancel, Submission};
use baton_testkit::{Process, process};
use serde_json::Value;

use super::support::{Fleet, program, until};

/// More than the gateways have under way together.
const TASKS: usize = 400;

/// A gateway process that may tell receivers on this host. All of them share a secret.
fn gateway(fleet: &Fleet) -> (Process, String) {
    let mut command = process::command(program("baton-gateway"));
    command.args(["--redis-url", &fleet.redis.url(), "--listen", "127.0.0.1:0", "--print-address"]);
    command.env("BATON_AUTH_STATE_DIR", fleet.file("state")).env("BATON_WEBHOOKS_ALLOW_PRIVATE", "true");
    command.env_remove("BATON_CONFIG").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut process = Process::spawn(command).expect("a gateway");
    let mut line = String::new();
    let stdout = process.child().stdout.take().expect("its stdout");
    BufReader::new(stdout).read_line(&mut line).expect("its address");
    (process, format!("http://{}", line.trim()))
}

/// What one delivery came as: its ids, how often it came, and whether every signature was good.
#[derive(Clone, Debug, Default)]
struct Came {
    ids: BTreeSet<String>,
    times: usize,
    taken: usize,
    forged: usize,
}

/// Takes what comes under `/all`, every fifth only when it comes again.
#[derive(Clone, Default)]
struct Receiver {
    secret: Arc<Mutex<String>>,
    came: Arc<Mutex<BTreeMap<String, Came>>>,
    strays: Arc<Mutex<usize>>,
}

impl Receiver {
    async fn start() -> (Receiver, String) {
        let receiver = Receiver::default();
        let routes = Router::new().route("/{path}", post(receive)).with_state(receiver.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        tokio::spawn(async move { axum::serve(listener, routes).await });
        (receiver, base)
    }

    fn taken(&self) -> usize {
        self.came.lock().expect("a lock").values().filter(|came| came.taken > 0).count()
    }

    fn note(&self, headers: &HeaderMap, body: &Bytes) -> StatusCode {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let told: Value = serde_json::from_slice(body).expect("JSON");
        let (id, at) =
            (header("webhook-id").to_owned(), header("webhook-timestamp").parse().expect("a time"));
        let secret = Secret::parse(&self.secret.lock().expect("a lock")).expect("a secret");
        let mut all = self.came.lock().expect("a lock");
        let came = all.entry(told["data"]["id"].as_str().expect("an id").to_owned()).or_default();
        came.forged += usize::from(header("webhook-signature") != secret.sign(&id, at, body));
        came.times += 1;
        let refuses = id.bytes().map(usize::from).sum::<usize>() % 5 == 0 && came.times == 1;
        came.ids.insert(id);
        came.taken += usize::from(!refuses);
        if refuses { StatusCode::INTERNAL_SERVER_ERROR } else { StatusCode::NO_CONTENT }
    }
}

async fn receive(
    State(receiver): State<Receiver>,
    Path(path): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    if path != "all" {
        *receiver.strays.lock().expect("a lock") += 1;
    }
    let status = receiver.note(&headers, &body);
    // Slow enough that a gateway always has some under way.
    tokio::time::sleep(Duration::from_millis(100)).await;
    status
}

/// Makes a webhook, and answers its secret.
async fn hook(gateway: &str, name: &str, put: &PutWebhook) -> String {
    let client = Client::new(gateway).expect("a client");
    let made = client.put_webhook(name, put).await.expect("a webhook");
    made.secret.expect("its secret").0
}

/// So many tasks come to an end.
async fn end(fleet: &Fleet) -> Vec<TaskId> {
    let mut ids = Vec::new();
    for _ in 0..TASKS / limits::OPERATE_TASKS_MAX as usize {
        let tasks: Vec<_> = (0..limits::OPERATE_TASKS_MAX).map(|_| fleet.new_task("noop", "1")).collect();
        let some: Vec<TaskId> = tasks.iter().map(|task| task.id).collect();
        fleet.store.submit(&Submission { tasks: &tasks, by: None, op: None }).await.expect("an answer");
        let cancel = Cancel { tasks: &some, by: None, reason: "over", op: None };
        fleet.store.cancel(Shard::FIRST, &cancel).await.expect("an answer");
        ids.extend(some);
    }
    ids
}

#[tokio::test(flavor = "multi_thread")]
async fn each_end_is_told_although_a_gateway_is_killed_in_the_middle() {
    let fleet = Fleet::start().await;
    let mut gateways: Vec<(Process, String)> = (0..3).map(|_| gateway(&fleet)).collect();
    let (receiver, base) = Receiver::start().await;
    let all = PutWebhook::new(format!("{base}/all"));
    *receiver.secret.lock().expect("a lock") = hook(&gateways[0].1, "all", &all).await;
    let other =
        PutWebhook { queues: vec!["other".parse().expect("a queue")], ..PutWebhook::new(base + "/other") };
    hook(&gateways[1].1, "other", &other).await;
    let tasks = end(&fleet).await;
    until("some are told", async || receiver.taken() > TASKS / 10).await;
    gateways[0].0.kill();
    assert!(receiver.taken() < TASKS, "all were told before the gateway was killed");
    until("all are told", async || receiver.taken() == TASKS).await;
    let name = WebhookName::new("all").expect("a name");
    let waiting = async || fleet.store.waiting_deliveries(Shard::FIRST, &name).await.expect("a number");
    until("all that is noted", async || waiting().await == 0).await;

    let came = receiver.came.lock().expect("a lock").clone();
    assert_eq!(*receiver.strays.lock().expect("a lock"), 0, "another queue's webhook was told");
    assert_eq!(
        came.keys().cloned().collect::<BTreeSet<_>>(),
        tasks.iter().map(ToString::to_string).collect()
    );
    for (task, came) in &came {
        assert_eq!((came.ids.len(), came.forged), (1, 0), "{task}: {came:?}");
        assert!(came.ids.iter().all(|id| id.starts_with(task)), "{task}: {came:?}");
    }
    let again = came.values().filter(|came| came.times > 1).count();
    assert!(again > 0 && again < TASKS, "{again} of {TASKS} came again");
    fleet.store.remove_webhook(&name, None, None).await.expect("an answer");
    let left = fleet.store.deliveries(Shard::FIRST, &name, 1).await.expect("an answer");
    assert_eq!((left.counted, left.latest.len()), (Default::default(), 0));
}
