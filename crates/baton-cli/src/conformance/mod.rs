//! `baton conformance`: plays the server for a worker that somebody else wrote, and grades how it speaks the protocol.
//!
//! Each case has a server and a process of its own, so that none can spoil another, and all of them are under way at once.
//! A case knows only what comes over HTTP, and how the process ended: what a worker does within itself is its own affair.

mod answer;
mod cases;
mod play;
mod program;
mod serve;
mod stage;

use std::time::{Duration, Instant};

use anyhow::Result;
use clap::Args;
use serde::Serialize;
use tokio::task::JoinSet;

use crate::console::span;
use crate::exit::{Exit, Stop};
use crate::out::{Format, Out, Table, say};
use crate::wait::until;
use cases::{CASES, Case};
use stage::{Miss, Stage};

#[derive(Args)]
#[command(before_help = "Examples:
  baton conformance --cmd 'python3 my_worker.py'
  baton conformance --cmd ./worker --case lease-lost --case cancel
  baton conformance --cmd ./worker --json | jq -r 'select(.verdict == \"fail\").case'
The worker is started once for each case, with BATON_URL, BATON_API_KEY and BATON_CONFORMANCE=1; cases run side by side. It needs
three handlers: `echo` returns its payload, `sleep` takes {\"ms\": N} and as long, unless it is told to stop, and `draw` returns
another text each time. A case that needs a handler which is not there is not seen. The exit code is 1 if a case fails, or if none
passes.")]
pub(crate) struct Conformance {
    /// How the worker is started, as a shell reads it
    #[arg(long, value_name = "COMMAND")]
    cmd: String,
    /// Only this case; several times for several
    #[arg(long, value_name = "NAME", value_parser = named)]
    case: Vec<&'static str>,
    /// How long one case may take
    #[arg(long, value_name = "TIME", default_value = "45s", value_parser = span)]
    timeout: Duration,
}

fn named(text: &str) -> Result<&'static str, String> {
    let names = || CASES.iter().map(|case| case.name);
    names()
        .find(|name| *name == text)
        .ok_or_else(|| format!("there is no such case: there are {}", names().collect::<Vec<_>>().join(", ")))
}

/// How a worker did in one case.
#[derive(Debug, Serialize)]
struct Graded {
    case: &'static str,
    verdict: Verdict,
    /// What was seen, in a sentence.
    seen: String,
    /// What is expected of a worker.
    expected: &'static str,
    took_ms: u64,
    /// The last that the process wrote, where it failed.
    #[serde(skip_serializing_if = "String::is_empty")]
    wrote: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Verdict {
    Pass,
    Fail,
    /// The case did not come about.
    NotSeen,
}

impl Verdict {
    fn shown(self) -> (&'static str, &'static str) {
        match self {
            Verdict::Pass => ("pass", "32"),
            Verdict::Fail => ("fail", "31"),
            Verdict::NotSeen => ("not seen", "33"),
        }
    }
}

pub(crate) async fn run(out: &Out, asked: Conformance) -> Result<Exit> {
    let chosen: Vec<&'static Case> =
        CASES.iter().filter(|case| asked.case.is_empty() || asked.case.contains(&case.name)).collect();
    let graded = until(grade_all(&asked, &chosen), None).await?;
    show(out, &graded)?;
    let any = |verdict| graded.iter().any(|one| one.verdict == verdict);
    if !any(Verdict::Pass) && !any(Verdict::Fail) {
        let why = "nothing was graded: the worker needs handlers for the kinds `echo`, `sleep` and `draw` where BATON_CONFORMANCE is set";
        return Err(Stop::new(Exit::Failure, why).into());
    }
    Ok(if any(Verdict::Fail) { Exit::Failure } else { Exit::Fine })
}

async fn grade_all(asked: &Conformance, chosen: &[&'static Case]) -> Result<Vec<Graded>> {
    let mut under_way = JoinSet::new();
    for (place, case) in chosen.iter().copied().enumerate() {
        let (command, timeout) = (asked.cmd.clone(), asked.timeout);
        under_way.spawn(async move { (place, grade(case, &command, timeout).await) });
    }
    let mut graded = Vec::new();
    while let Some(ended) = under_way.join_next().await {
        let (place, one) = ended?;
        graded.push((place, one?));
    }
    graded.sort_by_key(|(place, _)| *place);
    Ok(graded.into_iter().map(|(_, one)| one).collect())
}

async fn grade(case: &'static Case, command: &str, timeout: Duration) -> Result<Graded> {
    let begun = now();
    let stage = Stage::set(command).await?;
    let played = tokio::time::timeout(timeout, (case.play)(&stage)).await;
    let late = || Miss::Failed(format!("it was not through after {} s", timeout.as_secs()));
    let (verdict, seen) = match stage.wrong().map_or_else(|| played.unwrap_or_else(|_| Err(late())), Err) {
        Ok(seen) => (Verdict::Pass, seen),
        Err(Miss::Failed(why)) => (Verdict::Fail, why),
        Err(Miss::NotSeen(why)) => (Verdict::NotSeen, why),
    };
    let wrote = if verdict == Verdict::Fail { stage.program().last_words() } else { String::new() };
    let took_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(Graded { case: case.name, verdict, seen, expected: case.expected, took_ms, wrote })
}

fn show(out: &Out, graded: &[Graded]) -> Result<()> {
    match out.format {
        Format::Json => return graded.iter().try_for_each(|one| out.json_line(one)),
        Format::Name => {
            let failed = graded.iter().filter(|one| one.verdict == Verdict::Fail);
            return failed.into_iter().try_for_each(|one| out.line(one.case));
        }
        Format::Table | Format::Wide => {}
    }
    let mut heads = vec!["CASE", "VERDICT", "SEEN"];
    heads.extend((out.format == Format::Wide).then_some("EXPECTED"));
    let mut table = Table::new(&heads);
    for one in graded {
        let (word, code) = one.verdict.shown();
        let mut row = vec![one.case.to_owned(), word.to_owned(), one.seen.clone()];
        row.extend((out.format == Format::Wide).then(|| one.expected.to_owned()));
        table.row(row);
        table.paint(1, code);
    }
    table.print(out)?;
    for one in graded.iter().filter(|one| !one.wrote.is_empty()) {
        say(&format!("{}: the last that it wrote:\n{}", one.case, crate::out::plain(&one.wrote)));
    }
    let count = |verdict| graded.iter().filter(|one| one.verdict == verdict).count();
    say(&format!(
        "{} passed, {} failed, {} not seen",
        count(Verdict::Pass),
        count(Verdict::Fail),
        count(Verdict::NotSeen)
    ));
    Ok(())
}

/// For what is measured between two requests, and decides nothing but a verdict.
fn now() -> Instant {
    #[expect(clippy::disallowed_methods, reason = "a grader measures how long others wait")]
    Instant::now()
}
