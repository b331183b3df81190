//! One look at every shard for what a claimer holds and may have.

use std::sync::Arc;
use std::time::Duration;

use baton_api::lease::Pair;
use baton_auth::Action;
use baton_core::{Boot, LeaseLength, QueueName, Shard, WorkerId};
use baton_store::calls::task::{self, Grants};
use futures_util::future::try_join_all;

use super::register::refused_boot;
use crate::app::App;
use crate::auth::Grant;
use crate::convert::claim::pairs_of;
use crate::problem::Fail;
use crate::{clock, measure};

/// A claimer, with everything that the request left to the registration filled in.
pub(super) struct Claimer {
    pub(super) grant: Arc<Grant>,
    pub(super) worker: WorkerId,
    pub(super) boot: Boot,
    pub(super) expects: Option<Boot>,
    pub(super) queues: Vec<QueueName>,
    /// Nothing of a queue while one named before it has something.
    pub(super) in_order: bool,
    pub(super) holding: Vec<Pair>,
    pub(super) max: u64,
}

/// What one look at every shard brought.
pub(super) struct Round {
    pub(super) grants: Vec<Grants>,
    pub(super) since_ms: u64,
}

impl Round {
    /// With several shards each is first asked what it holds for the claimer: a repeated claim gets its own tasks again
    /// before any new one, wherever they lie.
    pub(super) async fn of(app: &App, claimer: &Claimer) -> Result<Round, Fail> {
        let mut round = Round { since_ms: clock::now_ms(), grants: Vec::new() };
        let shards: Vec<Shard> = app.store.shards().all().collect();
        if let [only] = shards[..] {
            round.grants.push(claim(app, claimer, only, claimer.max).await?);
            return Ok(round);
        }
        round.grants = try_join_all(shards.iter().map(|shard| claim(app, claimer, *shard, 0))).await?;
        if round.is_empty() {
            round.take_in_turn(app, claimer, &shards).await?;
        } else if claimer.max > 0 {
            round.shorten(claimer.max);
        }
        Ok(round)
    }

    async fn take_in_turn(&mut self, app: &App, claimer: &Claimer, shards: &[Shard]) -> Result<(), Fail> {
        let first = clock::random() as usize % shards.len();
        for turn in 0..shards.len() {
            let missing = claimer.max.saturating_sub(self.tasks());
            if missing == 0 {
                break;
            }
            match claim(app, claimer, shards[(first + turn) % shards.len()], missing).await {
                Ok(grants) => self.grants.push(grants),
                // What others gave is answered; the next claim hears of this.
                Err(_) if self.tasks() > 0 => break,
                Err(fail) => return Err(fail),
            }
        }
        Ok(())
    }

    /// What is left out is still held without being listed: the next claim brings it.
    fn shorten(&mut self, max: u64) {
        let mut left = max as usize;
        for grants in &mut self.grants {
            grants.tasks.truncate(left);
            left -= grants.tasks.len();
        }
    }

    /// True if there is nothing that the claimer should hear of now.
    pub(super) fn is_empty(&self) -> bool {
        let silent =
            |grants: &Grants| grants.tasks.is_empty() && grants.gone.is_empty() && !grants.solo_waiting;
        self.grants.iter().all(silent)
    }

    /// How soon a limit lets something start, if it does.
    pub(super) fn again_in(&self) -> Option<Duration> {
        self.grants.iter().filter_map(|grants| grants.again_in_ms).min().map(Duration::from_millis)
    }

    fn tasks(&self) -> u64 {
        self.grants.iter().map(|grants| grants.tasks.len() as u64).sum()
    }

    pub(super) fn count(&self, claimer: &Claimer) {
        for grant in self.grants.iter().flat_map(|grants| &grants.tasks) {
            measure::claimed(&grant.queue, if grant.redelivered { "redelivered" } else { "granted" });
        }
        if self.tasks() == 0 {
            claimer.queues.iter().for_each(|queue| measure::claimed(queue, "empty"));
        }
    }
}

async fn claim(app: &App, claimer: &Claimer, shard: Shard, max: u64) -> Result<Grants, Fail> {
    let holding = pairs_of(shard, &claimer.holding);
    let claim = task::Claim {
        worker: &claimer.worker,
        boot: &claimer.boot,
        expects: claimer.expects.as_ref(),
        lease: LeaseLength::default(),
        queues: &claimer.queues,
        in_order: claimer.in_order,
        max,
        only: None,
        holding: &holding,
    };
    match app.store.claim(shard, &claim).await? {
        task::Claimed::Tasks(mut grants) => {
            // What another credential of the same worker holds comes again, and is not for this one.
            grants.tasks.retain(|task| claimer.grant.reaches(Action::TasksClaim, &task.queue));
            Ok(grants)
        }
        task::Claimed::Refused(refused) => {
            claimer.queues.iter().for_each(|queue| measure::claimed(queue, "rejected"));
            Err(refused_boot(refused))
        }
    }
}
