//! Drives the chores of every shard, and needs no leader: whoever runs a ticker ticks a shard when it is due.
//!
//! Claims, reports and renewals answer when their shard is due next, and the store remembers it. So a ticker whose
//! process hears that somebody else has ticked sends nothing, and the fleet ticks about once a second, not each process.
//!
//! A tick also says when ends wait to be passed on and nobody is at it. Who hears that passes them on, a piece at a time,
//! and goes on ticking meanwhile.
//!
//! A tick says, too, whether schedules are due. Who hears that sees to them: the rule of their times is no script's. Those
//! that somebody owns are looked for by processes that can say what he may: they give the ticker a judge.
//!
//! Whoever has ticked also writes behind the work what has happened since, unless somebody is at it.
//!
//! A ticker also bears witness. The tick script tells a stall of Redis, after which leases get a grace, from a pause of
//! the tickers, by what a ticker says: when its first attempt should have come through by Redis's clock, and for how long
//! it has been trying. Both are kept over attempts that failed, which is why each attempt is sent only once.

mod beat;
mod behind;
mod recover;
mod schedules;

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use baton_core::Shard;
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::calls::shard::Ticked;
use crate::clock::{monotonic, random};
use crate::store::Store;
use beat::Beat;

pub use recover::{Recovered, Recovery};
pub use schedules::{Fires, Judge, OwnedFires};

/// Tickers that are due at the same time come in an order of chance, and the later ones may hear of the first.
const JITTER_MS: u64 = 50;
/// The wait after an attempt that failed, and how far it grows.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// Ticks all shards of a namespace.
#[derive(Debug)]
pub struct Ticker {
    store: Store,
}

impl Ticker {
    pub fn new(store: Store) -> Ticker {
        Ticker { store }
    }

    /// Ticks until `shutdown` ends; no error ends it. A tick that is under way then may be carried out or not, like any
    /// call of a process that ends.
    pub async fn run(self, shutdown: impl Future<Output = ()>) {
        let drivers = self.drivers();
        attend(drivers, shutdown).await;
    }

    /// The same, and sees to schedules that somebody owns, too, as far as this judge says that he may.
    pub async fn run_judging<J: Judge>(self, judge: J, shutdown: impl Future<Output = ()>) {
        let mut drivers = self.drivers();
        for shard in self.store.shards().all() {
            drivers.spawn(schedules::keep(self.store.clone(), shard, judge.clone()));
        }
        attend(drivers, shutdown).await;
    }

    fn drivers(&self) -> JoinSet<()> {
        let mut drivers = JoinSet::new();
        for shard in self.store.shards().all() {
            let driver = Driver {
                store: self.store.clone(),
                shard,
                beat: Beat::default(),
                cascades: false,
                fires: false,
                ticked: Arc::default(),
            };
            drivers.spawn(behind::keep(self.store.clone(), shard, Arc::clone(&driver.ticked)));
            drivers.spawn(driver.drive());
        }
        drivers
    }
}

/// Leaving drops the set, which ends its tasks. A driver ends by itself only if it panics, and then so do we: a shard that
/// nobody ticks is noticed by those who watch over this future.
async fn attend(mut drivers: JoinSet<()>, shutdown: impl Future<Output = ()>) {
    tokio::select! {
        () = shutdown => {}
        ended = drivers.join_next() => panic!("a driver of the chores has ended: {ended:?}"),
    }
}

struct Driver {
    store: Store,
    shard: Shard,
    beat: Beat,
    /// Ends are being passed on, by us.
    cascades: bool,
    /// Schedules are due.
    fires: bool,
    /// Told when a tick has worked: then it is time to write down what has happened.
    ticked: Arc<Notify>,
}

impl Driver {
    async fn drive(mut self) {
        let mut pause = BACKOFF.0;
        loop {
            self.until_due().await;
            if self.attempt().await {
                pause = BACKOFF.0;
            } else {
                tokio::time::sleep(pause.mul_f64(0.5 + chance() / 2.0)).await;
                pause = (pause * 2).min(BACKOFF.1);
            }
        }
    }

    /// Waits until the shard is due, and goes on waiting where somebody else has ticked meanwhile. While schedules are due,
    /// or there are ends to be passed on, it does that instead of waiting.
    async fn until_due(&mut self) {
        let mut waited_for = None;
        loop {
            let due_ms = self.store.due_ms(self.shard);
            let Some(wait_ms) = self.beat.wait_ms(now(), due_ms) else { return };
            if self.fires {
                self.fire_piece().await;
                continue;
            }
            if self.cascades {
                self.pass_piece().await;
                continue;
            }
            if due_ms == waited_for {
                return;
            }
            let jitter_ms = (chance() * JITTER_MS as f64) as u64;
            let wait = tokio::time::sleep(Duration::from_millis(wait_ms + jitter_ms));
            tokio::select! {
                () = wait => waited_for = due_ms,
                () = self.store.due_sooner(self.shard) => {}
            }
        }
    }

    /// What fails is left to whoever ticks next and hears that nobody is at it.
    async fn pass_piece(&mut self) {
        self.cascades = match self.store.cascade(self.shard).await {
            Ok(left) => left,
            Err(error) => {
                tracing::debug!(shard = %self.shard, %error, "ends could not be passed on");
                false
            }
        };
    }

    /// What fails is still due, and whoever ticks next hears of it.
    async fn fire_piece(&mut self) {
        self.fires = match self.store.fire_due(self.shard).await {
            Ok(fires) => fires.more,
            Err(error) => {
                tracing::debug!(shard = %self.shard, %error, "schedules could not be seen to");
                false
            }
        };
    }

    /// Answers whether it came through.
    async fn attempt(&mut self) -> bool {
        let tick = self.beat.attempt(now());
        match self.store.try_tick(self.shard, tick).await {
            Ok(Ticked::Worked { now_ms, reaped, matured, pruned, cascades, schedules, .. }) => {
                tracing::trace!(shard = %self.shard, reaped, matured, pruned, cascades, "ticked");
                self.cascades |= cascades;
                self.fires |= schedules;
                self.ticked.notify_one();
                metrics::counter!("baton_reclaims_total").increment(reaped);
                self.beat.came_through(now(), now_ms);
                true
            }
            Ok(Ticked::Early { now_ms, .. }) => {
                self.beat.came_through(now(), now_ms);
                true
            }
            Ok(Ticked::Refused(refused)) => {
                tracing::warn!(shard = %self.shard, refusal = %refused.refusal, "the shard does not take ticks from us");
                false
            }
            Err(error) => {
                tracing::debug!(shard = %self.shard, %error, "a tick did not come through");
                false
            }
        }
    }
}

fn now() -> Instant {
    monotonic()
}

/// From 0 to 1.
fn chance() -> f64 {
    (random() >> 11) as f64 / (1_u64 << 53) as f64
}
