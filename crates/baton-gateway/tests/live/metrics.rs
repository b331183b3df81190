//! The metrics of a gateway.

use std::io::Write;
use std::process::{Command, Stdio};

use baton_store::{Options, Store};
use baton_testkit::PrivateRedis;
use baton_testkit::process::find;

use crate::program::Program;
use crate::support::{get, submit, until};

#[tokio::test]
async fn prometheus_can_read_the_metrics() {
    // A process of its own: metrics are of the whole process, and other tests count too.
    let redis = PrivateRedis::start().await;
    let program = Program::start(&redis.url()).await;
    let (store, _) = Store::open(Options::new(redis.url().parse().unwrap())).await.unwrap();
    submit(&store, baton_core::Shard::FIRST, 2).await.unwrap();
    let wanted = [
        "baton_fleet_tasks{queue=\"default\",status=\"pending\"} 2",
        "baton_fleet_queue_unattended{queue=\"default\"} 1",
        "baton_fleet_queue_workers{queue=\"default\"} 0",
        "baton_fleet_queue_oldest_pending_seconds{queue=\"default\"} ",
        "baton_fleet_workers{pool=\"none\",state=\"idle\"} ",
        "baton_fleet_slots{state=\"busy\"} ",
        "baton_fleet_stream_length{shard=\"0\"} 1",
        "baton_fleet_redis_memory_bytes ",
        "baton_fleet_redis_evicted_keys_total 0",
        "baton_fleet_age_seconds ",
        "baton_insecure_mode 1",
        "baton_build_info{version=",
        "baton_process_resident_bytes ",
        "baton_http_request_duration_seconds_bucket{",
    ];
    let text = until("every metric is there", async || {
        let (_, text) = get(program.address, "/metrics").await;
        wanted.iter().all(|line| text.contains(line)).then_some(text)
    })
    .await;
    assert!(!text.contains("quantile="), "a summary cannot be added up");
    check_with_promtool(&text);
}

fn check_with_promtool(text: &str) {
    let promtool =
        find("promtool").expect("there is no promtool on PATH; install it: apt-get install -y prometheus");
    let mut check = Command::new(promtool);
    check.args(["check", "metrics"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut check = check.spawn().unwrap();
    check.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let verdict = check.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&verdict.stderr) + String::from_utf8_lossy(&verdict.stdout);
    assert!(verdict.status.success(), "{said}\n{text}");
}
