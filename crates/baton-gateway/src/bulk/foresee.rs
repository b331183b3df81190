//! What an action would be done to.

use std::collections::BTreeMap;

use baton_api::operation::Foreseen;
use baton_api::task::Task;
use baton_core::{Shard, TaskId, limits};
use baton_store::Store;

use super::walk::{Look, walk};
use super::{Place, Plan};
use crate::auth::Grant;
use crate::convert;
use crate::problem::Fail;
use crate::roster;

/// Tasks that are shown.
const SAMPLE: usize = 20;
/// Tasks that are looked at where no count says how many there are, and pages that are read for that.
const SCAN_MAX: u64 = 5_000;
/// The same where payloads and errors are looked into.
const SEARCH_MAX: u64 = 2_000;
const PAGES_MAX: usize = 100;

pub(crate) async fn foresee(store: &Store, plan: &Plan, grant: &Grant) -> Result<Foreseen, Fail> {
    let mut seen = Foreseen {
        action: plan.act,
        dry_run: true,
        matched: 0,
        scanned: 0,
        truncated: false,
        unread: 0,
        sample: vec![],
    };
    if !plan.tasks.is_empty() {
        of_named(store, plan, grant, &mut seen).await?;
        return Ok(seen);
    }
    let counted = counted(store, plan).await?;
    let scan_max = if plan.query.needs_values() { SEARCH_MAX } else { SCAN_MAX };
    let (mut place, mut pages) = (Some(Place::Start), 0);
    while pages < PAGES_MAX {
        let Some(from) = place.take() else { break };
        let found = walk(store, plan, from, Look { stays: true, pages_max: PAGES_MAX - pages }).await?;
        pages += found.pages;
        seen.scanned += found.scanned;
        seen.unread += found.unread;
        seen.matched += found.tasks.len() as u64;
        found.tasks.into_iter().for_each(|task| show(&mut seen.sample, grant, task));
        place = found.next;
        let enough = counted.is_some() && seen.sample.len() >= SAMPLE;
        if enough || seen.scanned >= scan_max {
            break;
        }
    }
    seen.truncated = counted.is_none() && place.is_some();
    seen.matched = counted.unwrap_or(seen.matched);
    Ok(seen)
}

fn show(sample: &mut Vec<Task>, grant: &Grant, task: baton_store::Task) {
    if sample.len() < SAMPLE && grant.reads(&task.queue) {
        sample.push(convert::task::row(task));
    }
}

/// How many tasks there are, where the counts of queues say it.
pub(crate) async fn counted(store: &Store, plan: &Plan) -> Result<Option<u64>, Fail> {
    if !plan.tasks.is_empty() {
        return Ok(Some(plan.tasks.len() as u64));
    }
    if !plan.is_counted() || plan.priority.is_some() {
        return Ok(None);
    }
    let (queues, statuses) = (plan.queues(), plan.statuses());
    let sums = roster::queues(store).await?.into_iter();
    let meant = sums.filter(|sum| queues.is_empty() || queues.contains(&sum.name));
    Ok(Some(meant.map(|sum| statuses.iter().map(|status| sum.of(*status)).sum::<u64>()).sum()))
}

/// Tasks by their shards; those of shards that are not there are left out.
pub(super) fn by_shard(store: &Store, tasks: &[TaskId]) -> BTreeMap<Shard, Vec<TaskId>> {
    let mut by_shard: BTreeMap<Shard, Vec<TaskId>> = BTreeMap::new();
    for task in tasks.iter().filter(|task| store.keys(task.shard()).is_ok()) {
        by_shard.entry(task.shard()).or_default().push(*task);
    }
    by_shard
}

async fn of_named(store: &Store, plan: &Plan, grant: &Grant, seen: &mut Foreseen) -> Result<(), Fail> {
    seen.scanned = plan.tasks.len() as u64;
    for (shard, tasks) in by_shard(store, &plan.tasks) {
        for some in tasks.chunks(limits::PAGE_MAX as usize) {
            let read = store.read_tasks(shard, some, false).await?;
            for task in read.into_iter().flatten().filter(|task| plan.act.takes().contains(&task.status())) {
                seen.matched += 1;
                show(&mut seen.sample, grant, task);
            }
        }
    }
    Ok(())
}
