//! What happens when processes die: a worker and a gateway are killed at work, the supervisor replaces the worker, and
//! the histories say who went on.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use baton::api::worker::{State, Worker};
use baton::{Client, Filter, Status, TaskId, Timestamp};
use rustix::process::Pid;

use super::{Life, any, called, introduce, lives, runs, set, verdict};
use crate::dev::fleet::Fleet;
use crate::dev::kin;
use crate::exit::Exit;
use crate::out::{Out, Table, now_ms, span};

/// Tasks that the worker must hold, so that there is something to take over.
const HOLDS: usize = 3;
const LOOK_EVERY: Duration = Duration::from_millis(20);
const BUSY_WITHIN: Duration = Duration::from_secs(20);
/// A worker that died is replaced after a fifth of a second, if the machine is not too busy.
const REPLACED_WITHIN: Duration = Duration::from_secs(20);

pub(in crate::dev) async fn kill(out: &Out, fleet: &mut Fleet) -> Result<Exit> {
    let clients: Vec<Client> =
        (0..fleet.gateways.len()).map(|number| fleet.client(number)).collect::<Result<_>>()?;
    let first = clients.first().context("there is no gateway")?;
    let submitted = set::submit(first, set::work()?).await?;
    introduce(out, fleet, &submitted)?;
    let supervisor = fleet.supervisors.first().context("there is no supervisor")?.pid();
    let killed = tokio::time::timeout(BUSY_WITHIN, kill_busy_worker(supervisor, first)).await;
    let Killed { worker, held, at_ms: killed_ms } = killed.context("no worker had enough to do")??;
    let dead = worker.id.to_string();
    let process = worker.pid.as_deref().unwrap_or_default();
    out.line(&format!(
        "{}  killed {dead}, the process {process}, while it held {held} tasks",
        Timestamp::from_ms(killed_ms)
    ))?;
    let rest = kill_gateway(out, fleet, &clients)?;
    let Ok(next) = tokio::time::timeout(REPLACED_WITHIN, replacement(rest, &worker)).await else {
        bail!("nobody replaced {dead} within {REPLACED_WITHIN:?}");
    };
    let (at_ms, process) = (now_ms(), next.pid.as_deref().unwrap_or_default());
    let after = span(at_ms.saturating_sub(killed_ms));
    let at = Timestamp::from_ms(at_ms);
    out.line(&format!("{at}  the supervisor has replaced it by the process {process}, after {after}"))?;
    let lives = lives(rest, &submitted.ids).await?;
    takeovers(&lives, &dead, killed_ms).print(out)?;
    let verdict = verdict::judge(&submitted, &lives);
    out.line(&format!("\n{verdict}  in {}", span(now_ms().saturating_sub(killed_ms))))?;
    let clean = super::audited(out, fleet, &submitted.ids).await?;
    Ok(if verdict.is_good() && clean { Exit::Fine } else { Exit::Failure })
}

/// The last gateway, unless it is the only one. Those that are left can be asked.
fn kill_gateway<'a>(out: &Out, fleet: &mut Fleet, clients: &'a [Client]) -> Result<&'a [Client]> {
    let last = fleet.gateways.len() - 1;
    if last == 0 {
        return Ok(clients);
    }
    fleet.gateways[last].kill();
    out.line(&format!("{}  killed the gateway at {}", Timestamp::from_ms(now_ms()), clients[last].base()))?;
    Ok(&clients[..last])
}

/// A worker that is no more.
struct Killed {
    worker: Worker,
    /// How many tasks it held.
    held: usize,
    at_ms: u64,
}

/// Kills a worker that holds a few tasks, as soon as there is one. It must be a child of our supervisor: the Redis may have
/// workers of other fleets and hosts.
async fn kill_busy_worker(supervisor: Pid, client: &Client) -> Result<Killed> {
    let here = rustix::system::uname();
    let here = here.nodename().to_string_lossy();
    loop {
        for worker in client.workers().await? {
            let pid = worker.pid.as_deref().filter(|_| worker.host.as_deref() == Some(&*here));
            let Some(pid) = pid.and_then(kin::pid) else { continue };
            let held = held(client, worker.id.as_str()).await?.len();
            if held >= HOLDS && kin::kill_child(supervisor, pid) {
                return Ok(Killed { worker, held, at_ms: now_ms() });
            }
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// The next life of the worker: it has the same id, and so takes over at once what the dead one held.
async fn replacement(clients: &[Client], dead: &Worker) -> Worker {
    loop {
        let found = any(clients, async |client: &Client| client.worker(dead.id.as_str()).await).await;
        if let Ok(worker) = found
            && worker.boot != dead.boot
            && worker.state != State::Offline
        {
            return worker;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

async fn held(client: &Client, worker: &str) -> Result<Vec<TaskId>> {
    let page = client.page(&Filter::new().status(Status::Running).worker(worker), None).await?;
    Ok(page.tasks.into_iter().map(|task| task.id).collect())
}

/// Who went on with what the dead worker held, and how long nobody had it.
fn takeovers(lives: &[Life], dead: &str, killed_ms: u64) -> Table {
    let mut table = Table::new(&["TASK", "KIND", "HELD BY", "TAKEN OVER BY", "AWAY"]);
    // What the replacement has run since is under the same id.
    let orphaned = |run: &runs::Run| {
        let taken = |how: &str| how == "takeover" || how == "reclaim";
        let end = run.end.as_ref().filter(|(at, how)| *at >= killed_ms && taken(how));
        run.worker == dead && run.from_ms <= killed_ms && end.is_some()
    };
    for Life { task, history } in lives {
        let runs = runs::of(history);
        let Some(at) = runs.iter().position(orphaned) else { continue };
        let (by, away) = match runs.get(at + 1) {
            Some(next) if next.worker == dead => {
                ("its replacement".to_owned(), span(next.from_ms.saturating_sub(killed_ms)))
            }
            Some(next) => (next.worker.clone(), span(next.from_ms.saturating_sub(killed_ms))),
            None => ("nobody".to_owned(), String::new()),
        };
        table.row([called(task), task.kind.to_string(), dead.to_owned(), by, away]);
    }
    table
}
