//! What each bench does, lane by lane.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use baton_core::QueueName;
use tokio::task::JoinSet;

use super::Load;
use super::load::{Budget, Samples, now};
use super::via::{Crew, Via};

/// One that waits for a task waits so long.
const PATIENCE: Duration = Duration::from_secs(10);
/// A claim is on its way for so long before what it waits for comes.
const AHEAD: Duration = Duration::from_millis(20);

/// A text of so many bytes, quotes and all.
fn payload(bytes: u64) -> Arc<str> {
    format!("\"{}\"", "x".repeat(usize::try_from(bytes.saturating_sub(2)).unwrap_or_default())).into()
}

pub(super) async fn submit(
    via: &Via,
    load: &Load,
    budget: &Arc<Budget>,
    queue: &QueueName,
) -> Result<Samples> {
    let (payload, batch) = (payload(load.payload_bytes), load.batch);
    let mut lanes = JoinSet::new();
    for lane in 0..load.concurrency {
        let (via, queue, budget, payload) =
            (via.clone(), queue.clone(), Arc::clone(budget), Arc::clone(&payload));
        lanes.spawn(async move {
            let mut samples = Samples::default();
            while let Some(count) = budget.take(batch) {
                let begun = now();
                via.submit(lane, &queue, count, &payload).await?;
                samples.note(begun, count);
            }
            Ok(samples)
        });
    }
    Samples::of(lanes).await
}

/// A round of a lane: it submits some, claims as many, whose they may be, and completes them.
pub(super) async fn lifecycle(
    via: &Via,
    load: &Load,
    budget: &Arc<Budget>,
    queue: &QueueName,
    crew: &Arc<Crew>,
) -> Result<Samples> {
    let (payload, batch) = (payload(load.payload_bytes), load.batch);
    let mut lanes = JoinSet::new();
    for lane in 0..load.concurrency {
        let (via, queue, budget, payload) =
            (via.clone(), queue.clone(), Arc::clone(budget), Arc::clone(&payload));
        let crew = Arc::clone(crew);
        lanes.spawn(async move {
            let holder = via.join(&crew, lane, &queue).await?;
            let mut samples = Samples::default();
            while let Some(count) = budget.take(batch) {
                let begun = now();
                via.submit(lane, &queue, count, &payload).await?;
                let held = via.claim(&holder, &queue, count, Duration::ZERO).await?;
                via.complete(&holder, &held).await?;
                samples.note(begun, held.len() as u64);
            }
            // What another lane submitted in its last round may be left.
            loop {
                let held = via.claim(&holder, &queue, batch, Duration::ZERO).await?;
                if held.is_empty() {
                    break;
                }
                via.complete(&holder, &held).await?;
                samples.done += held.len() as u64;
            }
            Ok(samples)
        });
    }
    Samples::of(lanes).await
}

pub(super) async fn latency(
    via: &Via,
    load: &Load,
    budget: &Arc<Budget>,
    queue: &QueueName,
    crew: &Arc<Crew>,
) -> Result<Samples> {
    let (payload, budget, crew) = (payload(load.payload_bytes), Arc::clone(budget), Arc::clone(crew));
    let (via, queue) = (via.clone(), queue.clone());
    let mut lanes = JoinSet::new();
    lanes.spawn(async move {
        let holder = via.join(&crew, 0, &queue).await?;
        let mut samples = Samples::default();
        while budget.take(1).is_some() {
            let submit = async {
                tokio::time::sleep(AHEAD).await;
                let begun = now();
                via.submit(0, &queue, 1, &payload).await.map(|()| begun)
            };
            let claim = async { Ok((via.claim(&holder, &queue, 1, PATIENCE).await?, now())) };
            let (begun, (held, came)) = tokio::try_join!(submit, claim)?;
            via.complete(&holder, &held).await?;
            samples.note_span(came.saturating_duration_since(begun), held.len() as u64);
        }
        Ok(samples)
    });
    Samples::of(lanes).await
}
