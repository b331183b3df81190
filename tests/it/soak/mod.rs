//! A fleet under a mixed load, of which something is killed every second, again and again; then peace, and the proofs.
//!
//! `BATON_SOAK_SECONDS` says for how long; `cargo xtask soak` for ten minutes.

mod load;
mod memory;
mod part;

use std::collections::BTreeMap;
use std::time::Duration;

use baton_core::{PoolName, Shard, Status};
use baton_store::calls::pool::SetPool;
use baton_testkit::process::Signal;
use baton_testkit::{Snapshot, invariants};

use crate::fleet::support::{Fleet, until};
use load::{Ledger, Load};
use memory::Memory;
use part::Part;

/// What the tests of every change can afford.
const SECONDS: u64 = 12;
const WORKERS: u64 = 6;

/// Numbers that look drawn, and are the same again for the same seed.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

#[expect(clippy::disallowed_methods, reason = "whoever runs it says for how long")]
fn told(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

struct Ground {
    fleet: Fleet,
    /// The first of each is never killed, so that its memory can be watched.
    gateways: Vec<Part>,
    supervisors: Vec<Part>,
}

impl Ground {
    async fn start() -> Ground {
        let fleet = Fleet::start().await;
        load::write_handlers(&fleet);
        let gateways = (0..2).map(|number| Part::gateway(&fleet, number)).collect();
        let supervisors = (0..2).map(|number| Part::supervisor(&fleet, number)).collect();
        let set = SetPool { pool: &PoolName::default(), desired: Some(WORKERS), running: None, by: None };
        fleet.store.set_pool(&set).await.expect("an answer");
        Ground { fleet, gateways, supervisors }
    }

    /// The process ids of workers that live.
    async fn workers(&self) -> Vec<u32> {
        let live = self.fleet.live_workers().await;
        live.into_iter().filter_map(|worker| worker.about.get("pid")?.parse().ok()).collect()
    }

    /// Kills something, and begins again what nobody else would. Answers what it was.
    async fn kill_one(&mut self, chance: &mut Chance) -> &'static str {
        match chance.below(10) {
            0 => {
                self.gateways[1].begin_again(&self.fleet);
                "gateway"
            }
            1 => {
                self.supervisors[1].begin_again(&self.fleet);
                "supervisor"
            }
            _ => {
                let workers = self.workers().await;
                if workers.is_empty() {
                    return "nobody";
                }
                let victim = workers[chance.below(workers.len() as u64) as usize];
                let kill = |part: &mut Part| part.process.signal_descendant(victim, Signal::KILL);
                if self.supervisors.iter_mut().any(kill) { "worker" } else { "nobody" }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fleet_that_is_killed_piece_by_piece_loses_nothing_and_doubles_nothing() {
    let seconds = told("BATON_SOAK_SECONDS").unwrap_or(SECONDS);
    let mut chance = Chance(told("BATON_SOAK_SEED").unwrap_or(0x5eed_0b47));
    let mut ground = Ground::start().await;
    until("the pool has its workers", async || ground.workers().await.len() as u64 == WORKERS).await;

    let load = Load::start(ground.gateways.iter().map(|part| part.address.clone()).collect());
    let mut memory = Memory::default();
    let mut killed: BTreeMap<&str, u64> = BTreeMap::new();
    for second in 0..seconds {
        tokio::time::sleep(Duration::from_secs(1)).await;
        load.set_gateways(ground.gateways.iter().map(|part| part.address.clone()).collect());
        *killed.entry(ground.kill_one(&mut chance).await).or_default() += 1;
        if second * 5 >= seconds {
            memory.look("gateway", ground.gateways[0].pid());
            memory.look("supervisor", ground.supervisors[0].pid());
            memory.look("redis", ground.fleet.redis.process().child().id());
        }
    }
    let ledger = load.end().await;
    println!(
        "{} tasks accepted, {} submits not answered, killed: {killed:?}",
        ledger.accepted.len(),
        ledger.unknown
    );
    assert!(killed.get("worker").is_some_and(|workers| *workers >= seconds / 3), "{killed:?}");
    at_peace(&ground, &ledger).await;
    let statuses = prove(&ground, &ledger).await;
    println!("ended as {statuses:?}; {}", memory.told());
    memory.assert_flat(seconds, ledger.accepted.len());
}

/// Nothing waits, runs or is scheduled any more, and the pool is as large as it is to be.
async fn at_peace(ground: &Ground, ledger: &Ledger) {
    until("every task has ended", async || {
        let counts = ground.fleet.store.counts(Shard::FIRST, 0, 100).await.expect("counts");
        counts.queues.iter().all(|queue| {
            Status::ALL.iter().filter(|status| !status.is_terminal()).all(|status| queue.of(*status) == 0)
        })
    })
    .await;
    assert!(!ledger.accepted.is_empty(), "nothing was accepted");
    until("the pool is whole", async || ground.workers().await.len() as u64 == WORKERS).await;
}

async fn prove(ground: &Ground, ledger: &Ledger) -> BTreeMap<String, u64> {
    let mut statuses: BTreeMap<String, u64> = BTreeMap::new();
    for tasks in ledger.accepted.chunks(100) {
        let read = ground.fleet.store.read_tasks(Shard::FIRST, tasks, false).await.expect("an answer");
        for (id, task) in tasks.iter().zip(read) {
            let task = task.unwrap_or_else(|| panic!("{id} was accepted, and is nowhere"));
            assert!(task.status().is_terminal(), "{id} is {}", task.status());
            *statuses.entry(task.status().to_string()).or_default() += 1;
        }
    }
    let mut connection = ground.fleet.redis.connection().await;
    let snapshot = Snapshot::take(&mut connection, "baton:{0}:").await;
    let found = invariants::violations(&snapshot, "baton:{0}:");
    assert!(found.is_empty(), "{} violations, of which: {:?}", found.len(), &found[..found.len().min(10)]);
    statuses
}
