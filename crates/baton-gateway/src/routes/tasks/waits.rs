//! Whom a blocked task waits for, in a sentence.

use baton_api::task::Task as Read;
use baton_core::{Status, limits};
use baton_store::Store;
use baton_store::calls::task::{Edge, EdgeState, EdgesOf, Side};

use super::explain::{Said, said};
use crate::auth::Grant;
use crate::problem::Fail;

/// Pages that are looked through, of 100 parents that are not done with, or of 500 of which none is.
const PAGES_MAX: usize = 20;
/// Parents that are named.
const NAMED_MAX: usize = 3;

/// The parents that a task waits for, as far as they were looked for.
#[derive(Default)]
struct Waits {
    /// The first one that ended badly.
    held: Option<Edge>,
    /// The first ones that have not ended.
    open: Vec<Edge>,
    seen: u64,
    /// There are more.
    cut: bool,
}

pub(super) async fn said_of(store: &Store, task: &Read, grant: &Grant) -> Result<Said, Fail> {
    let waits = look(store, task, grant).await?;
    // The count was read before: since then some may have ended, or been added.
    let count = task.open_parents.unwrap_or_default().max(waits.seen);
    if let Some(edge) = &waits.held {
        return Ok(held(edge, count - 1));
    }
    let named: Vec<String> = waits.open.iter().map(who).collect();
    let others = count - named.len() as u64;
    let cut = format!(" Not all of its {} parents were looked at.", task.parents);
    let cut = if waits.cut { cut.as_str() } else { "" };
    let sentence = match (&named[..], others) {
        ([], _) if waits.cut => format!("It waits for {count} tasks that have not ended.{cut}"),
        ([], _) => "What it waited for has just ended: it goes on in a moment.".to_owned(),
        (named, 0) => format!("It waits for {}.{cut}", listed(named)),
        (named, others) => format!("It waits for {} and {others} more.{cut}", named.join(", ")),
    };
    Ok(said("parents_open", sentence, None))
}

async fn look(store: &Store, task: &Read, grant: &Grant) -> Result<Waits, Fail> {
    let (mut waits, mut next) = (Waits::default(), Some(0));
    for _ in 0..PAGES_MAX {
        // One that is held is the thing to say, and says what there is to do.
        let Some(first) = next.filter(|_| waits.held.is_none()) else { break };
        let limit = limits::PAGE_MAX;
        let of = EdgesOf { task: task.id, side: Side::Parents, first, limit, only_open: true };
        let page = store.edges(of).await?;
        next = page.next;
        waits.seen += page.edges.len() as u64;
        for edge in page.edges.into_iter().map(|edge| anonymous(edge, grant)) {
            match edge.state {
                EdgeState::Held if waits.held.is_none() => waits.held = Some(edge),
                EdgeState::Open if waits.open.len() < NAMED_MAX => waits.open.push(edge),
                _ => {}
            }
        }
    }
    waits.cut = next.is_some();
    Ok(waits)
}

/// Of a task that is not for this reader only the id and the status are said.
fn anonymous(mut edge: Edge, grant: &Grant) -> Edge {
    if let Some(other) = edge.other.as_mut().filter(|other| !grant.reads(&other.queue)) {
        other.family.name = None;
        other.run = None;
    }
    edge
}

fn held(edge: &Edge, others: u64) -> Said {
    let ended = edge.other.as_ref().map_or("badly".to_owned(), |task| task.status().to_string());
    let name = edge.other.as_ref().and_then(|task| task.family.name.as_ref());
    let name = name.map_or(String::new(), |name| format!(" ({name})"));
    let others = if others > 0 { format!(" It waits for {others} more besides.") } else { String::new() };
    let sentence = format!("Its parent {}{name} ended {ended}, and its policy is hold.{others}", edge.task);
    said("parent_failed", sentence, Some(format!("baton task rerun {}", edge.task)))
}

/// `<id> (extract, running on worker-001-default)`
fn who(edge: &Edge) -> String {
    let Some(task) = &edge.other else { return edge.task.to_string() };
    let doing = match (task.status(), &task.run) {
        (Status::Running, Some(run)) => format!("running on {}", run.worker),
        (status, _) => status.to_string(),
    };
    let name = task.family.name.as_ref().map_or(String::new(), |name| format!("{name}, "));
    format!("{} ({name}{doing})", edge.task)
}

fn listed(names: &[String]) -> String {
    match names {
        [first @ .., last] if !first.is_empty() => format!("{} and {last}", first.join(", ")),
        names => names.concat(),
    }
}
