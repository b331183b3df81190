//! How a gateway answers under load, and how soon a task that came over HTTP runs.
//!
//! `cargo bench --bench gateway` prints both. Gateway, worker and client share this process, so the figures are those of
//! a machine that does everything at once.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark prints, reads the clock, and ends when something fails"
)]

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use baton_core::{Kind, WorkerId};
use baton_gateway::app::{App, Settings};
use baton_store::{Options as StoreOptions, Store};
use baton_testkit::Launch;
use baton_worker::{End, Engine, Handlers, Options, Run};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

const SUBMITS: usize = 40_000;
const PICKUPS: usize = 500;

#[tokio::main]
async fn main() {
    // Named for the client's sake: without a choice its first connection would panic, TLS or not.
    let _ = rustls::crypto::ring::default_provider().install_default();
    for aof in ["no", "yes"] {
        let redis = Launch::default().with("appendonly", aof).start().await;
        let (store, _) = Store::open(StoreOptions::new(redis.url().parse().unwrap())).await.unwrap();
        println!("appendonly {aof}");
        let draining = CancellationToken::new();
        let address = serve(&store, &draining).await;
        let client = reqwest::Client::new();
        for in_flight in [1, 200] {
            submits(&client, address, in_flight).await;
        }
        pickup(&store, &client, address).await;
        draining.cancel();
    }
}

async fn serve(store: &Store, draining: &CancellationToken) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = App::start(store.clone(), Settings::default(), draining.clone());
    let drained = draining.clone();
    tokio::spawn(baton_gateway::serve(listener, app, drained, Duration::from_secs(1)));
    address
}

async fn submit(client: &reqwest::Client, address: SocketAddr, queue: &str) {
    let body = format!(r#"{{"kind":"noop","queue":"{queue}","payload":{{"text":"{}"}}}}"#, "x".repeat(80));
    let post =
        client.post(format!("http://{address}/api/v1/tasks")).header("content-type", "application/json");
    let answer = post.body(body).send().await.unwrap();
    assert_eq!(answer.status(), 201);
    answer.bytes().await.unwrap();
}

async fn submits(client: &reqwest::Client, address: SocketAddr, in_flight: usize) {
    let count = if in_flight == 1 { SUBMITS / 10 } else { SUBMITS };
    let left = Arc::new(AtomicUsize::new(count));
    let began = Instant::now();
    let mut clients = tokio::task::JoinSet::new();
    for _ in 0..in_flight {
        let (client, left) = (client.clone(), Arc::clone(&left));
        clients.spawn(async move {
            let mut waits = Vec::new();
            while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
            {
                let began = Instant::now();
                submit(&client, address, "unwatched").await;
                waits.push(began.elapsed());
            }
            waits
        });
    }
    let waits = clients.join_all().await.concat();
    let per_second = waits.len() as f64 / began.elapsed().as_secs_f64();
    print_waits(&format!("POST /tasks, {in_flight:>3} in flight: {per_second:>6.0}/s"), waits);
}

/// From before the request to the first line of the handler, one task at a time.
async fn pickup(store: &Store, client: &reqwest::Client, address: SocketAddr) {
    let (started, mut starts) = mpsc::unbounded_channel();
    let mut handlers = Handlers::default();
    let note = move |_run: Run| {
        started.send(Instant::now()).unwrap();
        std::future::ready(End::Complete(Vec::new()))
    };
    handlers.add(Kind::new("noop").unwrap(), note).unwrap();
    let engine =
        Engine::new(store.clone(), handlers, Options::new(WorkerId::new("worker-001-bench").unwrap()));
    let stop = CancellationToken::new();
    tokio::spawn(engine.unwrap().run(stop.clone(), CancellationToken::new()));
    let mut waits = Vec::new();
    for _ in 0..PICKUPS {
        // Long enough for the worker to be idle again.
        tokio::time::sleep(Duration::from_millis(5)).await;
        let began = Instant::now();
        submit(client, address, "default").await;
        waits.push(starts.recv().await.unwrap().saturating_duration_since(began));
    }
    stop.cancel();
    print_waits("from POST to running, idle fleet:", waits);
}

fn print_waits(what: &str, mut waits: Vec<Duration>) {
    waits.sort();
    let at = |share: f64| waits[((waits.len() - 1) as f64 * share) as usize].as_secs_f64() * 1_000.0;
    println!("  {what}  p50 {:.2} ms  p99 {:.2} ms  longest {:.2} ms", at(0.5), at(0.99), at(1.0));
}
