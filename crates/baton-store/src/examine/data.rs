//! What lies in the shards: streams, what is written behind, leases.

use baton_core::doctor::Finding;
use baton_core::{Shard, limits};

use super::ask::together;
use super::{BEHIND, LEASES, STREAMS, Seen, age, in_time, nothing_in_time};
use crate::calls::shard::StreamEnds;
use crate::store::Store;

/// Shards that are looked at.
const SHARDS: usize = 64;
/// Holders whose tasks are looked at, and these tasks, of all shards together: some four hundred questions.
const HOLDERS: usize = 128;
const TASKS: usize = 256;
/// Holders of one shard, those first whose leases end first, and tasks of one holder.
const HOLDERS_OF_SHARD: usize = 50;
const TASKS_OF_HOLDER: usize = 20;
/// Holders that are looked at at once.
const AT_A_TIME: usize = 16;
/// A lease that ended so long ago should have been taken back.
const STALE_MS: u64 = 60_000;
/// What is written behind is later than this only if nobody does it.
const LAG_MS: (u64, u64) = (5_000, 60_000);

pub(super) async fn streams(store: &Store) -> Seen<Finding> {
    let (mut length, mut longest, mut oldest_ms) = (0, 0, u64::MAX);
    for shard in store.shards().all().take(SHARDS) {
        let StreamEnds { first, length: entries, .. } = store.stream_ends(shard).await?;
        length += entries;
        longest = longest.max(entries);
        oldest_ms = oldest_ms.min(first.map_or(u64::MAX, |first| first.ms));
    }
    let (now_s, _): (u64, u64) = store.ask(&["TIME"]).await?;
    let reach = match oldest_ms {
        u64::MAX => String::new(),
        oldest => format!(", the oldest {} old", age((now_s * 1_000).saturating_sub(oldest))),
    };
    let found = format!("{length} entries{reach}");
    // An entry is one to a hundred events, of which so many are kept: more entries than events means that nobody trims.
    Ok(match longest > limits::EVENTS_MAX + limits::EVENTS_MAX / 10 {
        true => STREAMS.warn(found, "nobody trims them: start a gateway or a worker, whose chores do"),
        false => STREAMS.ok(found),
    })
}

pub(super) async fn behind(store: &Store) -> Seen<Finding> {
    let (mut lag_ms, mut trimmed) = (0, 0);
    for shard in store.shards().all().take(SHARDS) {
        let lag = store.lag(shard).await?;
        lag_ms = lag_ms.max(lag.lag_ms);
        trimmed += u64::from(lag.trimmed);
    }
    let found = format!("figures, indexes and webhooks are {:.1} s behind", lag_ms as f64 / 1_000.0);
    if trimmed > 0 {
        return Ok(BEHIND.fail(
            format!("{found}; {trimmed} streams were trimmed before what was in them was written down"),
            "figures and indexes lack what was trimmed; keep a gateway or a worker running, whose chores write it down",
        ));
    }
    let advice =
        "keep a gateway or a worker running: their chores write it down; if one runs, look how busy Redis is";
    Ok(match lag_ms {
        _ if lag_ms > LAG_MS.1 => BEHIND.fail(found, advice),
        _ if lag_ms > LAG_MS.0 => BEHIND.warn(found, advice),
        _ => BEHIND.ok(found),
    })
}

/// What holders hold, against the tasks themselves.
#[derive(Debug, Default)]
struct Leases {
    holders: u64,
    tasks: u64,
    stray: Vec<String>,
    late_ms: u64,
}

/// One that may hold tasks.
#[derive(Debug)]
struct Holder {
    name: String,
    until_ms: f64,
    /// What the keys of its shard begin with.
    prefix: String,
}

impl Holder {
    /// The set of what it holds.
    fn held(&self) -> String {
        format!("{}held:{}", self.prefix, self.name)
    }
}

pub(super) async fn leases(store: &Store) -> Seen<Finding> {
    let mut seen = Leases::default();
    let whole = in_time(of_shards(store, &mut seen)).await?;
    if !whole && seen.holders == 0 {
        return Err(nothing_in_time());
    }
    Ok(judge(&seen, whole))
}

async fn of_shards(store: &Store, seen: &mut Leases) -> Seen<()> {
    let (now_s, _): (u64, u64) = store.ask(&["TIME"]).await?;
    let shards: Vec<Shard> = store.shards().all().take(SHARDS).collect();
    let most = (HOLDERS / shards.len().max(1)).min(HOLDERS_OF_SHARD);
    let found = together(shards.into_iter().map(|shard| holders(store, shard, most)).collect()).await?;
    let holders: Vec<Holder> = found.into_iter().flatten().collect();
    let most = (TASKS / holders.len().max(1)).min(TASKS_OF_HOLDER);
    for some in holders.chunks(AT_A_TIME) {
        let found = together(some.iter().map(|holder| of_holder(store, holder, most)).collect()).await?;
        for (holder, (tasks, stray)) in some.iter().zip(found) {
            seen.holders += 1;
            seen.tasks += tasks;
            seen.stray.extend(stray);
            if tasks > 0 && holder.until_ms > 0.0 {
                seen.late_ms = seen.late_ms.max((now_s * 1_000).saturating_sub(holder.until_ms as u64));
            }
        }
    }
    Ok(())
}

async fn holders(store: &Store, shard: Shard, most: usize) -> Seen<Vec<Holder>> {
    let keys = store.keys(shard)?;
    let last = most.saturating_sub(1).to_string();
    let found: Vec<(String, f64)> = store.ask(&["ZRANGE", &keys.leases(), "0", &last, "WITHSCORES"]).await?;
    let holder = |(name, until_ms)| Holder { name, until_ms, prefix: keys.prefix().to_owned() };
    Ok(found.into_iter().map(holder).collect())
}

/// How many tasks of a holder were looked at, and which of them it does not run.
async fn of_holder(store: &Store, holder: &Holder, most: usize) -> Seen<(u64, Vec<String>)> {
    let last = most.saturating_sub(1).to_string();
    let tasks: Vec<String> = store.ask(&["ZRANGE", &holder.held(), "0", &last]).await?;
    let stray = together(tasks.iter().map(|task| is_stray(store, holder, task)).collect()).await?;
    let many = tasks.len() as u64;
    let stray = tasks.into_iter().zip(stray).filter(|(_, is_stray)| *is_stray).map(|(task, _)| task);
    Ok((many, stray.collect()))
}

/// The task does not say that this holder runs it. Asked last whether it is still held, because it may end meanwhile.
async fn is_stray(store: &Store, holder: &Holder, task: &str) -> Seen<bool> {
    let record = format!("{}task:{task}", holder.prefix);
    let said: Vec<Option<String>> = store.ask(&["HMGET", &record, "status", "worker", "boot"]).await?;
    let runs = match &said[..] {
        [Some(status), Some(worker), Some(boot)] => {
            status == "running" && format!("{worker}:{boot}") == holder.name
        }
        _ => false,
    };
    Ok(!runs && store.ask::<Option<String>>(&["ZSCORE", &holder.held(), task]).await?.is_some())
}

fn judge(seen: &Leases, whole: bool) -> Finding {
    let more = if whole { "" } else { ", and there was no time for more" };
    let found = format!("{} holders, {} tasks looked at{more}", seen.holders, seen.tasks);
    if let Some(first) = seen.stray.first() {
        return LEASES.fail(
            format!("{found}; {} held that their holder does not run, such as {first}", seen.stray.len()),
            "run `baton redis check`, and keep what it prints: this should not happen",
        );
    }
    match seen.late_ms {
        late if late > STALE_MS => LEASES.warn(
            format!("{found}; a lease ended {} ago and was not taken back", age(late)),
            "start a gateway or a worker: their chores take back what is lost",
        ),
        _ => LEASES.ok(found),
    }
}
