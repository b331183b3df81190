//! Many clients at once, over several gateways that share nothing but Redis.

use std::collections::HashSet;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

use baton_core::{Shard, Status};
use baton_testkit::{Process, process};
use serde_json::Value;

use super::support::{Fleet, program, until};

/// A gateway process on a free port, and its address.
pub(super) fn gateway(fleet: &Fleet) -> (Process, String) {
    let mut command = process::command(program("baton-gateway"));
    command.args(["--redis-url", &fleet.redis.url(), "--listen", "127.0.0.1:0", "--print-address"]);
    command.env_remove("BATON_CONFIG").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut process = Process::spawn(command).expect("a gateway");
    let mut line = String::new();
    let stdout = process.child().stdout.take().expect("its stdout");
    BufReader::new(stdout).read_line(&mut line).expect("its address");
    (process, format!("http://{}", line.trim()))
}

/// How often a client asks again.
const TRIES: usize = 8;

/// The answer to a submission that counts.
struct Submitted {
    status: u16,
    id: String,
    /// An answer before it was late or lost.
    again: bool,
}

/// Submits one task. A gateway closes a connection on which no headers come for ten seconds, and of ten thousand clients in one
/// busy process some are as late as that; one that waits too long for Redis answers 503. They ask again under their key, as every
/// client may, and on a machine that does much else more than once.
async fn submit(client: reqwest::Client, gateway: String, number: usize) -> Submitted {
    let body = format!(r#"{{"kind":"noop","payload":{number}}}"#);
    let send = async || {
        let post = client.post(format!("{gateway}/api/v1/tasks")).header("content-type", "application/json");
        post.header("idempotency-key", format!("n-{number}")).body(body.clone()).send().await
    };
    let (mut answer, mut tries) = (send().await, 1);
    while tries <= TRIES && is_late(&answer) {
        (answer, tries) = (send().await, tries + 1);
    }
    let answer = answer.expect("an answer to one of the tries");
    let status = answer.status().as_u16();
    let body: Value = serde_json::from_slice(&answer.bytes().await.expect("a body")).expect("JSON");
    Submitted { status, id: body["id"].as_str().unwrap_or_default().to_owned(), again: tries > 1 }
}

fn is_late(answer: &reqwest::Result<reqwest::Response>) -> bool {
    match answer {
        Ok(answer) => answer.status() == 503,
        Err(error) => error.is_request(),
    }
}

/// All at once; each tenth is sent a second time, to another gateway.
async fn storm(client: &reqwest::Client, gateways: &[(Process, String)], numbers: std::ops::Range<usize>) {
    let mut answers = tokio::task::JoinSet::new();
    for number in numbers.clone() {
        for again in 0..=usize::from(number % 10 == 0) {
            let gateway = gateways[(number + again) % gateways.len()].1.clone();
            let client = client.clone();
            answers.spawn(async move { (number, submit(client, gateway, number).await) });
        }
    }
    let (mut created, mut lost, mut ids) = (HashSet::new(), HashSet::new(), HashSet::new());
    for (number, Submitted { status, id, again }) in answers.join_all().await {
        assert!(status == 201 || status == 200, "{number}: {status}");
        assert!(status == 200 || created.insert(number), "{number} was created twice");
        if again {
            lost.insert(number);
        }
        ids.insert(id);
    }
    // Who had to ask again may never have heard that it was created.
    assert!(numbers.clone().all(|number| created.contains(&number) || lost.contains(&number)));
    assert_eq!(ids.len(), numbers.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_and_ten_thousand_at_once_are_each_accepted_and_run_exactly_once() {
    let fleet = Fleet::start().await;
    let gateways = [gateway(&fleet), gateway(&fleet), gateway(&fleet)];
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::new();
    storm(&client, &gateways, 0..100).await;
    storm(&client, &gateways, 100..10_100).await;
    let _worker = fleet.worker("one");
    let completed = async || {
        let counts = fleet.store.counts(Shard::FIRST, 0, 10).await.expect("an answer");
        counts.queues.iter().map(|queue| queue.of(Status::Completed)).sum::<u64>()
    };
    until("all have run", async || completed().await == 10_100).await;
    // A machine that is busy with other things may let a lease of a second run out: then it is said, and another claim is right.
    let (mut claims, mut reclaims) = (0, 0);
    let mut after = None;
    loop {
        let page = fleet.store.events(Shard::FIRST, after, 500).await.expect("an answer");
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        let tasks = |event: &str| {
            page.iter().filter(|entry| entry.event == event).map(|entry| entry.tasks.len()).sum::<usize>()
        };
        claims += tasks("claim");
        reclaims += tasks("reclaim");
    }
    assert_eq!(claims, 10_100 + reclaims, "each ran once, and once more where its lease had run out");
}
