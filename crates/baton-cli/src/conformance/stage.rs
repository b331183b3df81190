//! Where a case is played: a server, a worker, and ways to say what should come next.

use std::sync::MutexGuard;
use std::time::Duration;

use anyhow::{Context, Result};
use baton::{Fence, Json, TaskId};
use serde_json::Value;

use super::play::{Call, Play, Standing, Task, Trouble, What};
use super::program::Program;
use super::serve::Server;

/// What a case came to: what was seen, in a sentence.
pub(super) type Played = Result<String, Miss>;

#[derive(Debug)]
pub(super) enum Miss {
    Failed(String),
    NotSeen(String),
}

pub(super) fn failed<T>(why: impl Into<String>) -> Result<T, Miss> {
    Err(Miss::Failed(why.into()))
}

pub(super) struct Stage {
    server: Server,
    program: Program,
}

/// How often it is looked whether the process still lives.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// A process of an interpreter on a busy machine starts within this.
const START_WITHIN: Duration = Duration::from_secs(20);
/// What needs no waiting on the worker's side comes within this.
pub(super) const SOON: Duration = Duration::from_secs(10);

impl Stage {
    pub(super) async fn set(command: &str) -> Result<Stage> {
        let (server, url) = Server::start().await.context("failed to start a server")?;
        Ok(Stage { server, program: Program::start(command, &url)? })
    }

    pub(super) fn program(&self) -> &Program {
        &self.program
    }

    pub(super) fn play(&self) -> MutexGuard<'_, Play> {
        self.server.play()
    }

    pub(super) fn change<T>(&self, change: impl FnOnce(&mut Play) -> T) -> T {
        self.server.change(change)
    }

    /// A body that no gateway takes spoils every case.
    pub(super) fn wrong(&self) -> Option<Miss> {
        let first = self.play().wrong.first().cloned();
        first.map(|wrong| Miss::Failed(format!("it sent what no gateway takes: {wrong}")))
    }

    /// Did this come about in time?
    pub(super) async fn comes(&self, within: Duration, mut holds: impl FnMut(&Play) -> bool) -> bool {
        let mut changes = self.server.changes();
        let waited = async {
            while !holds(&self.play()) {
                let _ = tokio::time::timeout(LOOK_EVERY, changes.changed()).await;
                if self.program.ended().is_some() {
                    return holds(&self.play());
                }
            }
            true
        };
        tokio::time::timeout(within, waited).await.unwrap_or(false)
    }

    /// The same, as a sentence where it did not.
    pub(super) async fn until(
        &self,
        within: Duration,
        otherwise: &str,
        holds: impl FnMut(&Play) -> bool,
    ) -> Result<(), Miss> {
        if self.comes(within, holds).await {
            return Ok(());
        }
        match self.program.ended() {
            Some(how) => failed(format!("it ended by itself ({how})")),
            None => failed(otherwise),
        }
    }

    /// Waits until the worker is there, and knows this kind.
    pub(super) async fn handles(&self, kind: &'static str) -> Result<(), Miss> {
        self.until(START_WITHIN, "it did not register", |play| play.registered.is_some()).await?;
        let play = self.play();
        let kinds = play.registered.iter().flat_map(|worker| &worker.kinds);
        let known: Vec<&str> = kinds.map(|kind| kind.as_str()).collect();
        if !known.is_empty() && !known.contains(&kind) {
            return Err(Miss::NotSeen(format!("it has no handler for the kind `{kind}`")));
        }
        Ok(())
    }

    /// Offers a task.
    pub(super) async fn offer(&self, kind: &'static str, payload: Value) -> Result<TaskId, Miss> {
        self.handles(kind).await?;
        self.offer_unasked(kind, payload)
    }

    /// The same of a kind that it need not know.
    pub(super) fn offer_unasked(&self, kind: &'static str, payload: Value) -> Result<TaskId, Miss> {
        let payload = Json::of(&payload).map_err(|error| Miss::NotSeen(error.to_string()))?;
        self.change(|play| {
            let number = play.tasks.len() as u64 + 1;
            let id = format!("01a1fc29-8a56-7000-8000-{number:09x}000").parse();
            let id: TaskId = id.map_err(|_| Miss::NotSeen("a case has no id for its task".to_owned()))?;
            let fence = Fence(FIRST_FENCE + number);
            play.tasks.push(Task { id, kind, payload, fence, standing: Standing::Offered, given: 0 });
            Ok(id)
        })
    }

    pub(super) async fn completed(&self, id: TaskId, within: Duration) -> Result<(), Miss> {
        let why = "it did not complete the task";
        self.until(within, why, |play| {
            !matches!(play.task(id).map(|task| &task.standing), Some(Standing::Offered | Standing::Held))
        })
        .await?;
        if self.play().is_completed(id) {
            Ok(())
        } else {
            failed("it ended the task otherwise than by completing it")
        }
    }

    pub(super) fn trouble(&self, call: Option<Call>, times: u32, what: What) {
        self.change(|play| play.troubles.push_back(Trouble { call, times, what }));
    }

    pub(super) fn calm(&self) {
        self.change(|play| play.troubles.clear());
    }

    /// Until it has said that it works on this task.
    pub(super) async fn is_at_work(&self, id: TaskId) -> Result<(), Miss> {
        let listed = |play: &Play| play.of(Call::Heartbeat).any(|seen| lists(&seen.holding, id));
        self.until(SOON, "no heartbeat lists the task on which it works", listed).await
    }
}

/// Larger than a JavaScript number can be told from its neighbour.
const FIRST_FENCE: u64 = 9_007_199_254_740_993;

pub(super) fn lists(holding: &[baton::api::lease::Pair], id: TaskId) -> bool {
    holding.iter().any(|pair| pair.task == id)
}
