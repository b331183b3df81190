//! What a supervisor answers for itself and its workers.

use std::net::TcpListener;

use baton_core::Status;
use baton_testkit::process::Signal;

use super::support::{Yard, until};

/// The sum of all series of a metric.
fn sum(text: &str, metric: &str) -> f64 {
    let lines = text.lines().filter(|line| line.starts_with(metric) && !line.starts_with('#'));
    lines.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn probes_see_the_workers_and_counts_outlive_them() {
    let yard = Yard::open().await;
    let _ = rustls::crypto::ring::default_provider().install_default();
    // It was free a moment ago.
    let address = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a port");
    let listen = address.to_string();
    let variables = [("BATON_SUPERVISOR_COUNT", "1"), ("BATON_ADMIN_LISTEN", listen.as_str())];
    let mut keeper = yard.supervisor("one", &variables);
    let get = async |path: &str| {
        let answer = reqwest::get(format!("http://{address}{path}")).await.ok()?;
        Some((answer.status().as_u16(), answer.text().await.ok()?))
    };
    until("it is ready", async || matches!(get("/ready").await, Some((200, _)))).await;
    for _ in 0..3 {
        let task = yard.submit("echo", "1").await;
        yard.until_status(task, Status::Completed).await;
    }
    let runs = async || get("/metrics").await.map_or(0.0, |(_, text)| sum(&text, "baton_runs_total"));
    until("the runs are counted", async || runs().await == 3.0).await;
    let worker = keeper.workers()[0];
    assert!(keeper.signal(worker, Signal::KILL));
    let restarts = async || get("/metrics").await.map(|(_, text)| sum(&text, "baton_worker_restarts_total"));
    until("its death is counted", async || restarts().await == Some(1.0)).await;
    assert_eq!(runs().await, 3.0, "what it did stays counted");
    yard.set(Some(0), None).await;
    yard.until_steady(0).await;
    assert!(matches!(get("/ready").await, Some((200, _))), "none is wanted");
}
