//! The connection layer against real servers: what is refused at boot, and what a fault on the way becomes.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "test support: a failure here is a failed test"
)]

mod blocking;
mod cluster;
mod full;
mod lost_operations;
mod lost_replies;
mod metering;
mod opening;
mod outages;
mod readiness;
mod recover;
mod rights;
mod scripts_lost;
mod sentinel;
mod slots;
mod ticker;
mod tls;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use baton_core::{Shard, ShardCount, TaskId};
use baton_store::calls::task::{NewTask, Submission, SubmitAnswer};
use baton_store::{Error, OpenError, Options, Store, Timeouts};
use baton_testkit::fixture::START_MS;
use baton_testkit::{FaultProxy, Fixture, kind};

/// No test waits this long: it only turns a hang into a failure. On a machine that stood still for 2 s a sentinel does
/// nothing for 30 s, so it is longer than that.
const LONG: Duration = Duration::from_secs(90);

/// How to open the server of this address, with little patience.
fn options(url: &str) -> Options {
    let mut options = Options::new(url.parse().expect("an address"));
    let second = Duration::from_secs(1);
    options.timeouts = Timeouts { connect: second, response: second, login: second, ..Timeouts::default() };
    options
}

fn with_shards(url: &str, shards: u32) -> Options {
    Options { shards: ShardCount::new(shards).unwrap(), ..options(url) }
}

async fn open(options: Options) -> Result<Store, OpenError> {
    Store::open(options).await.map(|(store, _)| store)
}

/// Puts a proxy between the fixture and its server. Time stands from here on.
async fn behind_proxy(at: &mut Fixture) -> FaultProxy {
    let proxy = FaultProxy::start(at.redis.socket()).await;
    let mut options = options(&proxy.url());
    options.injected_ms = Some(Arc::new(AtomicU64::new(START_MS)));
    at.store = open(options).await.expect("a store behind a proxy");
    proxy
}

/// Submits a task, and answers its id if the call came through.
async fn submit_to(store: &Store, shard: Shard) -> Result<TaskId, Error> {
    let task = NewTask::new(store.draw(shard), kind("noop"), *b"{}");
    let id = task.id;
    let tasks = [task];
    match store.submit(&Submission { tasks: &tasks, by: None, op: None }).await? {
        SubmitAnswer::Tasks { .. } => Ok(id),
        SubmitAnswer::Refused(refused) => panic!("refused: {refused:?}"),
    }
}

async fn submit(store: &Store) -> Result<TaskId, Error> {
    submit_to(store, Shard::FIRST).await
}

/// Submits until it comes through, as every caller does.
async fn submit_at_last(store: &Store) -> TaskId {
    tokio::time::timeout(LONG, async {
        loop {
            match submit(store).await {
                Ok(id) => return id,
                Err(Error::Unavailable { .. }) => {}
                Err(other) => panic!("{other:?}"),
            }
        }
    })
    .await
    .expect("it never came through")
}

pub(crate) fn sha(script: &str) -> &'static str {
    let found = baton_store::Script::all().iter().find(|known| known.name == script);
    &found.expect("a script of that name").sha
}
