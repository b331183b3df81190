//! How pools look.

use anyhow::Result;
use baton::api::pool::{Pool, PoolState, Supervisor};

use crate::out::{Format, Out, Table, age, paint, say, span, tame};

pub(super) fn all(out: &Out, pools: &[Pool]) -> Result<()> {
    match out.format {
        Format::Json => pools.iter().try_for_each(|pool| out.json_line(pool)),
        Format::Name => pools.iter().try_for_each(|pool| out.line(pool.name.as_str())),
        Format::Table | Format::Wide if pools.is_empty() => {
            say("there are no pools; `baton pool run` keeps the workers of one alive");
            Ok(())
        }
        Format::Table | Format::Wide => table(out, pools).print(out),
    }
}

pub(super) fn one(out: &Out, pool: &Pool) -> Result<()> {
    match out.format {
        Format::Json => out.document(pool),
        Format::Name => out.line(pool.name.as_str()),
        Format::Table | Format::Wide => out.text(&details(out, pool)),
    }
}

fn table(out: &Out, pools: &[Pool]) -> Table {
    let wide = out.format == Format::Wide;
    let mut heads = vec!["POOL", "STATE", "DESIRED", "READY", "SUPERVISORS"];
    heads.extend(if wide { &["IDLE", "BUSY", "QUIET", "RESTARTS", "CHANGED", "BY"][..] } else { &[] });
    heads.push("NOTE");
    let mut table = Table::new(&heads);
    for pool in pools {
        let mut row = vec![pool.name.to_string(), pool.state.as_str().to_owned(), pool.desired.to_string()];
        row.extend([ready(pool).to_string(), live(pool).count().to_string()]);
        if wide {
            let restarts: u64 = pool.supervisors.iter().map(|one| one.restarts).sum();
            row.extend(
                [pool.workers.idle, pool.workers.busy, pool.workers.quiet, restarts].map(|n| n.to_string()),
            );
            row.push(pool.changed_at.map(|at| age(out, at)).unwrap_or_default());
            row.push(pool.changed_by.as_ref().map(ToString::to_string).unwrap_or_default());
        }
        row.push(pool.reasons.join("; "));
        table.row(row);
        table.paint(1, colour(pool.state));
    }
    table
}

fn live(pool: &Pool) -> impl Iterator<Item = &Supervisor> {
    pool.supervisors.iter().filter(|one| one.state != "silent")
}

fn ready(pool: &Pool) -> u64 {
    live(pool).map(|one| one.live).sum()
}

fn colour(state: PoolState) -> &'static str {
    match state {
        PoolState::Steady => "32",
        PoolState::Converging => "36",
        PoolState::Stopped => "90",
        PoolState::Degraded | PoolState::Unattended => "31",
    }
}

fn details(out: &Out, pool: &Pool) -> String {
    let changed = pool.changed_at.map(|at| match &pool.changed_by {
        Some(by) => format!("{} by {by}", age(out, at)),
        None => age(out, at),
    });
    let size = if pool.configured { " (as configured)" } else { "" };
    let pairs = [
        ("pool", Some(pool.name.to_string())),
        ("state", Some(paint(out.colour, colour(pool.state), pool.state.as_str()))),
        ("desired", Some(format!("{}{size}", pool.desired))),
        ("ready", Some(ready(pool).to_string())),
        ("workers", Some(workers(pool))),
        ("created", Some(age(out, pool.created_at))),
        ("changed", changed),
    ];
    let line = |name: &str, value: &str| {
        format!("{}{}\n", paint(out.colour, "2", &format!("{name:<10}")), tame(out, value))
    };
    let known = pairs.into_iter().filter_map(|(name, value)| value.map(|value| line(name, &value)));
    let notes = pool.reasons.iter().map(|reason| line("note", reason));
    let mut text: String = known.chain(notes).collect();
    if !pool.supervisors.is_empty() {
        text.push('\n');
        text.push_str(&supervisors(out, &pool.supervisors).text(out));
    }
    text
}

fn workers(pool: &Pool) -> String {
    let counts = &pool.workers;
    let each =
        [(counts.idle, "idle"), (counts.busy, "busy"), (counts.quiet, "quiet"), (counts.offline, "offline")];
    let said =
        each.into_iter().filter(|(count, _)| *count > 0).map(|(count, state)| format!("{count} {state}"));
    let said: Vec<String> = said.collect();
    if said.is_empty() { "none".to_owned() } else { said.join(", ") }
}

fn supervisors(out: &Out, supervisors: &[Supervisor]) -> Table {
    let wide = out.format == Format::Wide;
    let mut heads =
        vec!["SUPERVISOR", "STATE", "HOST", "PID", "SHARE", "READY", "STARTING", "ENDING", "GAVE UP"];
    heads.extend(["RESTARTS", "HEARTBEAT"]);
    heads.extend(if wide { &["MOST", "VERSION", "JOINED", "REASON"][..] } else { &[] });
    let mut table = Table::new(&heads);
    for one in supervisors {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let mut row = vec![one.id.to_string(), one.state.clone(), text(&one.host), text(&one.pid)];
        let counts = [one.share, one.live, one.starting, one.draining, one.gave_up, one.restarts];
        row.extend(counts.map(|count| count.to_string()));
        row.push(format!("{} ago", span(one.heartbeat_age_ms)));
        if wide {
            row.extend([
                one.most.to_string(),
                text(&one.version),
                age(out, one.joined_at),
                text(&one.reason),
            ]);
        }
        table.row(row);
        table.paint(1, if matches!(one.state.as_str(), "degraded" | "silent") { "31" } else { "0" });
    }
    table
}
