//! `baton task link | unlink`: who waits for whom.

use anyhow::{Context, Result};
use baton::{Client, TaskId};
use clap::Args;

use super::show;
use crate::out::Out;

#[derive(Args)]
pub(crate) struct Edges {
    /// The task that waits
    child: TaskId,
    /// What it waits for
    #[arg(required = true)]
    parents: Vec<TaskId>,
}

/// One after the other: those before the first that is refused stay linked. To link them again changes nothing.
pub(super) async fn link(out: &Out, client: &Client, edges: Edges) -> Result<()> {
    let mut task = None;
    for parent in &edges.parents {
        let linked = client.link(edges.child, *parent).await;
        task = Some(linked.with_context(|| of(*parent))?);
    }
    task.map_or(Ok(()), |task| show::one(out, &task))
}

pub(super) async fn unlink(out: &Out, client: &Client, edges: Edges) -> Result<()> {
    let mut task = None;
    for parent in &edges.parents {
        let unlinked = client.unlink(edges.child, *parent).await;
        task = Some(unlinked.with_context(|| of(*parent))?);
    }
    task.map_or(Ok(()), |task| show::one(out, &task))
}

fn of(parent: TaskId) -> String {
    format!("parent {parent}")
}
