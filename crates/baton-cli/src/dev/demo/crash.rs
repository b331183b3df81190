//! What happens when processes die: a worker and a gateway are killed at work, and the histories say who went on.

use std::time::Duration;

use anyhow::{Context, Result};
use baton::{Client, Filter, Status, TaskId, Timestamp};

use super::{Life, called, introduce, lives, runs, set, verdict};
use crate::dev::fleet::Fleet;
use crate::exit::Exit;
use crate::out::{Out, Table, now_ms, span};

/// Tasks that the worker must hold, so that there is something to take over.
const HOLDS: usize = 3;
const LOOK_EVERY: Duration = Duration::from_millis(20);
const BUSY_WITHIN: Duration = Duration::from_secs(20);

pub(in crate::dev) async fn kill(out: &Out, fleet: &mut Fleet) -> Result<Exit> {
    let clients: Vec<Client> =
        (0..fleet.gateways.len()).map(|number| fleet.client(number)).collect::<Result<_>>()?;
    let first = clients.first().context("there is no gateway")?;
    let submitted = set::submit(first, set::work()?).await?;
    introduce(out, fleet, &submitted)?;
    let busy = tokio::time::timeout(BUSY_WITHIN, busy_worker(fleet, first)).await;
    let (victim, worker, held) = busy.context("no worker had enough to do")??;
    let killed_ms = now_ms();
    fleet.workers[victim].kill();
    let held_now = held.len();
    out.line(&format!("{}  killed {worker} while it held {held_now} tasks", Timestamp::from_ms(killed_ms)))?;
    let rest = kill_gateway(out, fleet, &clients)?;
    let lives = lives(rest, &submitted.ids).await?;
    takeovers(&lives, &worker, killed_ms).print(out)?;
    let verdict = verdict::judge(&submitted, &lives);
    out.line(&format!("\n{verdict}  in {}", span(now_ms().saturating_sub(killed_ms))))?;
    Ok(if verdict.is_good() { Exit::Fine } else { Exit::Failure })
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

/// A worker of ours that holds a few tasks: which process, its id, what it holds.
async fn busy_worker(fleet: &Fleet, client: &Client) -> Result<(usize, String, Vec<TaskId>)> {
    loop {
        for worker in client.workers().await? {
            let pid = worker.pid.clone();
            let process = fleet.workers.iter().position(|member| pid == Some(member.pid().to_string()));
            let Some(process) = process else { continue };
            let held = held(client, worker.id.as_str()).await?;
            if held.len() >= HOLDS {
                return Ok((process, worker.id.to_string(), held));
            }
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
    for Life { task, history } in lives {
        let runs = runs::of(history);
        let orphaned =
            |run: &runs::Run| run.worker == dead && run.end.as_ref().is_some_and(|(at, _)| *at >= killed_ms);
        let Some(at) = runs.iter().position(orphaned) else { continue };
        let (by, away) = match runs.get(at + 1) {
            Some(next) => (next.worker.clone(), span(next.from_ms.saturating_sub(killed_ms))),
            None => ("nobody".to_owned(), String::new()),
        };
        table.row([called(task), task.kind.to_string(), dead.to_owned(), by, away]);
    }
    table
}
