//! How workers look.

use anyhow::Result;
use baton::api::worker::{Directive, State, Worker};

use crate::out::{Format, Out, Table, age, paint, say, span, tame};

/// Those that live, unless all are asked for. That some are left out is said.
pub(super) fn some(out: &Out, mut workers: Vec<Worker>, all: bool) -> Result<()> {
    let there = workers.len();
    workers.retain(|worker| all || worker.state != State::Offline);
    match there - workers.len() {
        0 if there == 0 => {
            say("there are no workers; `baton pool run` keeps some alive, `baton worker run` is one")
        }
        0 => {}
        1 => say("1 that is offline is left out; --all shows it"),
        hidden => say(&format!("{hidden} that are offline are left out; --all shows them")),
    }
    if workers.is_empty() { Ok(()) } else { list(out, &workers) }
}

pub(super) fn one(out: &Out, worker: &Worker) -> Result<()> {
    match out.format {
        Format::Json => out.document(worker),
        Format::Name => out.line(worker.id.as_str()),
        Format::Table | Format::Wide => out.text(&details(out, worker)),
    }
}

fn details(out: &Out, worker: &Worker) -> String {
    let count = |count: Option<u64>| count.map(|count| count.to_string());
    let names = |names: &[String]| (!names.is_empty()).then(|| names.join(", "));
    let tasks: Vec<String> = worker.tasks.iter().map(ToString::to_string).collect();
    let directive = worker.directive.map(|directive| match directive {
        Directive::Quiet => "quiet: it claims no more",
        Directive::Stop => "stop: it ends",
    });
    let pairs = [
        ("worker", Some(worker.id.to_string())),
        ("state", Some(paint(out.colour, look(worker.state), worker.state.as_str()))),
        ("told", directive.map(str::to_owned)),
        ("pool", worker.pool.clone()),
        ("boot", worker.boot.clone()),
        ("holds", Some(worker.holds.to_string())),
        ("slots", count(worker.slots)),
        ("done", count(worker.done)),
        ("failed", count(worker.failed)),
        ("queues", names(&worker.queues)),
        ("kinds", names(&worker.kinds)),
        ("host", worker.host.clone()),
        ("pid", worker.pid.clone()),
        ("version", worker.version.clone()),
        ("lease", Some(span(worker.lease_ms))),
        ("lease ends", worker.lease_expires_at.map(|at| age(out, at))),
        ("heartbeat", worker.heartbeat_age_ms.map(|ms| format!("{} ago", span(ms)))),
        ("registered", Some(age(out, worker.registered_at))),
        ("last life", worker.ended.clone()),
    ];
    let line = |name: &str, value: &str| {
        format!("{}{}\n", paint(out.colour, "2", &format!("{name:<12}")), tame(out, value))
    };
    let known = pairs.into_iter().filter_map(|(name, value)| value.map(|value| line(name, &value)));
    let about = worker.about.iter().map(|(name, value)| line(name, value));
    known.chain(about).chain(tasks.iter().map(|task| line("task", task))).collect()
}

pub(super) fn list(out: &Out, workers: &[Worker]) -> Result<()> {
    match out.format {
        Format::Json => workers.iter().try_for_each(|worker| out.json_line(worker)),
        Format::Name => workers.iter().try_for_each(|worker| out.line(worker.id.as_str())),
        Format::Table | Format::Wide => table(out, workers).print(out),
    }
}

fn table(out: &Out, workers: &[Worker]) -> Table {
    let wide = out.format == Format::Wide;
    let mut heads = vec!["WORKER", "STATE", "HOLDS", "SLOTS", "HEARTBEAT", "POOL", "QUEUES"];
    let further = &["KINDS", "HOST", "PID", "VERSION", "LEASE", "DONE", "FAILED", "ENDED"][..];
    heads.extend(if wide { further } else { &[] });
    let mut table = Table::new(&heads);
    for worker in workers {
        let heartbeat = worker.heartbeat_age_ms.map(|ms| format!("{} ago", span(ms))).unwrap_or_default();
        let slots = worker.slots.map(|slots| slots.to_string()).unwrap_or_default();
        let mut row = vec![
            worker.id.to_string(),
            worker.state.as_str().to_owned(),
            worker.holds.to_string(),
            slots,
            heartbeat,
        ];
        row.extend([worker.pool.clone().unwrap_or_default(), worker.queues.join(",")]);
        if wide {
            row.extend(more(worker));
        }
        table.row(row);
        table.paint(1, look(worker.state));
    }
    table
}

fn more(worker: &Worker) -> [String; 8] {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let count = |value: Option<u64>| value.map(|count| count.to_string()).unwrap_or_default();
    let (host, pid, version) = (text(&worker.host), text(&worker.pid), text(&worker.version));
    let (done, failed, ended) = (count(worker.done), count(worker.failed), text(&worker.ended));
    [worker.kinds.join(","), host, pid, version, span(worker.lease_ms), done, failed, ended]
}

fn look(state: State) -> &'static str {
    match state {
        State::Idle => "32",
        State::Busy => "36",
        State::Quiet => "33",
        State::Offline => "90",
    }
}
