//! `baton task ls`.

use std::pin::pin;

use anyhow::Result;
use baton::api::task::Task;
use baton::{Client, Filter, FlowId, Status};
use clap::Args;
use futures_util::{StreamExt, TryStreamExt};

use crate::console;
use crate::out::{Format, Out, Table, age, code, say, span};

#[derive(Args)]
#[command(before_help = "Examples:
  baton task ls                                     tasks by status, then queue
  baton task ls --status failed,timeout --queue mail
  baton task ls --flow 01a1fc29-8a56-7000-ba14-c38b1c000000 -o wide
  baton task ls 'kind:mail -tag:test created:>2h payload.user.id:42'
  baton task ls status:failed error:refused
  baton task ls --all --json | jq -r .kind | sort | uniq -c")]
pub(crate) struct Ls {
    /// A search: name:value, -name:value, several values with commas, or a word of any text
    #[arg(value_name = "QUERY")]
    query: Vec<String>,
    /// scheduled, blocked, pending, running, completed, failed, timeout, cancelled
    #[arg(long, value_delimiter = ',')]
    status: Vec<Status>,
    /// Of these queues
    #[arg(long, value_delimiter = ',')]
    queue: Vec<String>,
    /// Of these kinds
    #[arg(long, value_delimiter = ',')]
    kind: Vec<String>,
    /// Whom these workers run, or ran last
    #[arg(long, value_delimiter = ',')]
    worker: Vec<String>,
    /// With one of these tags
    #[arg(long, value_delimiter = ',')]
    tag: Vec<String>,
    /// With this dedupe key
    #[arg(long)]
    key: Option<String>,
    /// Of one flow, in the order in which they stand in it
    #[arg(long, value_name = "ID")]
    flow: Option<FlowId>,
    /// How many at most
    #[arg(long, default_value_t = 50, conflicts_with = "all", value_parser = console::limit)]
    limit: usize,
    /// All of them
    #[arg(long)]
    all: bool,
}

pub(super) async fn run(out: &Out, client: &Client, ls: Ls) -> Result<()> {
    let limit = if ls.all { usize::MAX } else { ls.limit };
    let mut tasks = pin!(client.list(filter(&ls)).take(limit));
    match out.format {
        Format::Json => {
            while let Some(task) = tasks.try_next().await? {
                out.json_line(&task)?;
            }
        }
        Format::Name => {
            while let Some(task) = tasks.try_next().await? {
                out.line(&task.id.to_string())?;
            }
        }
        Format::Table | Format::Wide => return table(out, tasks.try_collect().await?, limit),
    }
    Ok(())
}

fn filter(ls: &Ls) -> Filter {
    let mut filter = Filter::new().page_of(if ls.all { 500 } else { ls.limit.min(500) as u64 });
    if !ls.query.is_empty() {
        filter = filter.search(&ls.query.join(" "));
    }
    filter = ls.status.iter().fold(filter, |filter, status| filter.status(*status));
    filter = ls.queue.iter().fold(filter, |filter, queue| filter.queue(queue));
    filter = ls.kind.iter().fold(filter, |filter, kind| filter.kind(kind));
    filter = ls.worker.iter().fold(filter, |filter, worker| filter.worker(worker));
    filter = ls.tag.iter().fold(filter, |filter, tag| filter.tag(tag));
    filter = ls.flow.iter().fold(filter, |filter, flow| filter.flow(*flow));
    ls.key.iter().fold(filter, |filter, key| filter.key(key))
}

fn table(out: &Out, tasks: Vec<Task>, limit: usize) -> Result<()> {
    if tasks.is_empty() {
        say("no tasks match; to make one: baton task submit echo --payload '{\"hi\":1}'");
        return Ok(());
    }
    let wide = out.format == Format::Wide;
    let mut heads = vec!["ID", "STATUS", "KIND", "QUEUE", "ATTEMPT", "CREATED"];
    heads.extend(if wide {
        &["PRIO", "WAIT", "RUN", "WORKER", "REF", "KEY", "TAGS", "ERROR"][..]
    } else {
        &[]
    });
    let mut table = Table::new(&heads);
    for task in &tasks {
        let status = crate::out::status(task.status, out.is_terminal(), false);
        let attempt = format!("{}/{}", task.attempt, task.max_attempts);
        let mut row =
            vec![task.id.to_string(), status, task.kind.to_string(), task.queue.to_string(), attempt];
        row.push(age(out, task.created_at));
        if wide {
            row.extend(more(task));
        }
        table.row(row);
        table.paint(1, code(task.status));
    }
    table.print(out)?;
    if tasks.len() == limit {
        say(&format!("the first {limit}; more with --limit or --all"));
    }
    Ok(())
}

fn more(task: &Task) -> [String; 8] {
    [
        task.priority.to_string(),
        task.wait_ms.map(span).unwrap_or_default(),
        task.run_ms.map(span).unwrap_or_default(),
        task.worker.clone().unwrap_or_default(),
        task.name.clone().unwrap_or_default(),
        task.key.clone().unwrap_or_default(),
        task.tags.join(","),
        task.error.clone().unwrap_or_default(),
    ]
}
