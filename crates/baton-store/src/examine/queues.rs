//! What tasks cost, roughly: a few of each queue are weighed.

use std::cmp::Reverse;

use baton_core::doctor::Finding;
use baton_core::{QueueName, Shard, Status};

use super::ask::together;
use super::{QUEUES, Seen, bytes, in_time, nothing_in_time};
use crate::calls::queue::QueueCounts;
use crate::store::Store;

/// Shards and queues of each that are looked at.
const SHARDS: usize = 4;
const QUEUES_OF_SHARD: u64 = 12;
/// Queues that are weighed, of all these shards together; of each the statuses with the most tasks, and the last of the tasks
/// of each. So it is some three hundred questions, each of which is answered in microseconds.
const WEIGHED: usize = 16;
const STATUSES: usize = 3;
const LAST: &str = "1";
/// Queues that are named.
const NAMED: usize = 3;

const INDEXED: [Status; 6] =
    [Status::Pending, Status::Blocked, Status::Completed, Status::Failed, Status::Timeout, Status::Cancelled];

/// One queue of one shard.
#[derive(Debug)]
struct Weight {
    queue: String,
    tasks: u64,
    bytes: u64,
}

/// What was weighed, and whether there are others.
#[derive(Debug, Default)]
struct Weighed {
    weights: Vec<Weight>,
    only_some: bool,
}

pub(super) async fn look(store: &Store) -> Seen<Finding> {
    let server = store.server().await?;
    let mut seen = Weighed::default();
    let whole = in_time(weigh_some(store, &mut seen)).await?;
    if !whole && seen.weights.is_empty() {
        return Err(nothing_in_time());
    }
    let mut finding = judge(seen.weights, server.used_memory, server.maxmemory, seen.only_some || !whole);
    if !whole {
        finding.found.push_str("; there was no time to weigh more");
    }
    Ok(finding)
}

async fn weigh_some(store: &Store, seen: &mut Weighed) -> Seen<()> {
    let shards: Vec<Shard> = store.shards().all().take(SHARDS).collect();
    let most = WEIGHED / shards.len().max(1);
    seen.only_some = usize::from(store.shards().get()) > SHARDS;
    for shard in shards {
        let counts = store.counts(shard, 0, QUEUES_OF_SHARD).await?;
        let mut queues = counts.queues;
        seen.only_some |= counts.queues_total > QUEUES_OF_SHARD.min(most as u64);
        queues.sort_by_key(|queue| Reverse(tasks_of(queue)));
        queues.truncate(most);
        let found = together(queues.iter().map(|queue| weigh(store, shard, queue)).collect()).await?;
        seen.weights.extend(found.into_iter().flatten());
    }
    Ok(())
}

/// How many tasks it has.
fn tasks_of(queue: &QueueCounts) -> u64 {
    queue.tasks.iter().map(|(_, count)| count).sum()
}

async fn weigh(store: &Store, shard: Shard, queue: &QueueCounts) -> Seen<Option<Weight>> {
    let mut statuses: Vec<Status> = INDEXED.into_iter().filter(|status| queue.of(*status) > 0).collect();
    statuses.sort_by_key(|status| Reverse(queue.of(*status)));
    statuses.truncate(STATUSES);
    let samples = statuses.into_iter().map(|status| sample(store, shard, &queue.name, status));
    let samples = together(samples.collect()).await?;
    let sizes = together(samples.iter().flatten().map(|task| size(store, shard, task)).collect()).await?;
    let mean = sizes.iter().sum::<u64>().checked_div(sizes.len() as u64);
    let tasks = tasks_of(queue);
    Ok(mean.map(|mean| Weight { queue: queue.name.to_string(), tasks, bytes: mean * tasks }))
}

/// The newest of an index: these are what comes.
async fn sample(store: &Store, shard: Shard, queue: &QueueName, status: Status) -> Seen<Vec<String>> {
    let index = store.keys(shard)?.queue_index(queue, status);
    store.ask(&["ZRANGE", &index, "0", LAST, "REV"]).await
}

/// Of the record and what is beside it.
async fn size(store: &Store, shard: Shard, task: &str) -> Seen<u64> {
    let record = format!("{}task:{task}", store.keys(shard)?.prefix());
    let keys = [format!("{record}:payload"), format!("{record}:result"), record];
    let sizes = together(keys.into_iter().map(|key| memory(store, key)).collect()).await?;
    Ok(sizes.into_iter().flatten().sum())
}

async fn memory(store: &Store, key: String) -> Seen<Option<u64>> {
    store.ask(&["MEMORY", "USAGE", &key]).await
}

fn judge(weights: Vec<Weight>, used: u64, most: u64, only_some: bool) -> Finding {
    let (tasks, sum) = weights.iter().fold((0, 0), |(tasks, sum), one| (tasks + one.tasks, sum + one.bytes));
    let Some(mean) = sum.checked_div(tasks) else { return QUEUES.ok("no tasks yet") };
    let mut queues: std::collections::BTreeMap<String, (u64, u64)> = Default::default();
    for Weight { queue, tasks, bytes } in weights {
        let of = queues.entry(queue).or_default();
        *of = (of.0 + tasks, of.1 + bytes);
    }
    let mut queues: Vec<_> = queues.into_iter().collect();
    queues.sort_by_key(|(_, (_, bytes))| std::cmp::Reverse(*bytes));
    let named = queues
        .iter()
        .take(NAMED)
        .map(|(name, (tasks, size))| format!("{name} about {} ({tasks} tasks)", bytes(*size)));
    let named = named.collect::<Vec<_>>().join(", ");
    let more = if queues.len() > NAMED || only_some { ", …" } else { "" };
    let room = match most.saturating_sub(used).checked_div(mean.max(1)) {
        _ if most == 0 => String::new(),
        room => format!("; room for about {} more", room.unwrap_or_default()),
    };
    QUEUES.ok(format!("{named}{more}; {mean} bytes a task, weighed by a few of each queue{room}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_heaviest_queues_are_named_and_what_fits_is_said() {
        let weight = |queue: &str, tasks, bytes| Weight { queue: queue.to_owned(), tasks, bytes };
        let weights = vec![weight("a", 10, 1_000), weight("b", 10, 9_000), weight("a", 5, 500)];
        let found = judge(weights, 1_000, 43_000, false).found;
        assert_eq!(
            found,
            "b about 9.0 kB (10 tasks), a about 1.5 kB (15 tasks); 420 bytes a task, weighed by a few of each queue; room for about 100 more"
        );
        assert_eq!(judge(Vec::new(), 1, 1, false).found, "no tasks yet");
        assert!(!judge(vec![weight("a", 1, 1)], 1, 0, false).found.contains("room"));
    }
}
