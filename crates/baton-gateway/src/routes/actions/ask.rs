//! What is asked for, read as a plan; and whether the caller may have it.

use std::collections::BTreeMap;

use baton_api::operation::{NewAction, TaskFilter};
use baton_api::problem::Pointed;
use baton_auth::Action;
use baton_core::operation::Act;
use baton_core::query::{Query, Term, Test};
use baton_core::{Code, Priority, QueueName, Shard, Status, TaskId, limits};

use crate::app::App;
use crate::auth::{Grant, reach};
use crate::bulk::Plan;
use crate::problem::Fail;

/// What it takes to do this to a task.
pub(super) fn action(act: Act) -> Action {
    match act {
        Act::Cancel => Action::TasksCancel,
        Act::Rerun | Act::Promote | Act::Reprioritise => Action::TasksWrite,
    }
}

fn wrong(errors: &mut Vec<Pointed>, pointer: impl Into<String>, message: impl Into<String>) {
    errors.push(Pointed { pointer: pointer.into(), message: message.into() });
}

/// All mistakes together, each with its place.
pub(super) fn plan(asked: NewAction) -> Result<Plan, Fail> {
    let mut errors = Vec::new();
    let NewAction { action: act, ids, filter, priority, .. } = asked;
    match (&ids, &filter) {
        (None, None) => {
            wrong(&mut errors, "", "say which tasks: name them with ids, or describe them with filter")
        }
        (Some(_), Some(_)) => wrong(&mut errors, "/filter", "tasks are named or described, not both"),
        (Some(ids), None) => check_ids(ids, &mut errors),
        (None, Some(filter)) => check_filter(act, filter, &mut errors),
    }
    let priority = check_priority(act, priority, &mut errors);
    if !errors.is_empty() {
        return Err(Fail::all(errors));
    }
    let mut tasks = ids.unwrap_or_default();
    tasks.sort_unstable();
    tasks.dedup();
    // Its search was read already.
    Plan::new(act, priority, tasks, filter.unwrap_or_default()).map_err(|_| Fail::new(Code::Internal))
}

fn check_ids(ids: &[TaskId], errors: &mut Vec<Pointed>) {
    let most = limits::OPERATION_IDS_MAX;
    if ids.is_empty() {
        wrong(errors, "/ids", "name at least one task");
    }
    if ids.len() as u64 > most {
        wrong(
            errors,
            "/ids",
            format!("{} tasks are named, and {most} may be: describe them with filter", ids.len()),
        );
    }
}

fn check_filter(act: Act, filter: &TaskFilter, errors: &mut Vec<Pointed>) {
    for (at, status) in filter.status.iter().enumerate().filter(|(_, status)| !act.takes().contains(status)) {
        wrong(errors, format!("/filter/status/{at}"), not_for(act, *status));
    }
    let query = Query::parse(&filter.q).unwrap_or_else(|mistakes| {
        for mistake in mistakes {
            wrong(errors, "/filter/q", format!("at byte {}: {}", mistake.at, mistake.message));
        }
        Query::default()
    });
    check_terms(act, query.terms(), errors);
    let narrow = TaskFilter { status: Vec::new(), q: String::new(), all: false, ..filter.clone() };
    let is_wide = narrow == TaskFilter::default() && !query.terms().iter().any(narrows);
    // A mistake in it is said by itself.
    if is_wide && !filter.all && errors.is_empty() {
        let message = "this fits the tasks of all queues: say what they have in common, or \"all\": true if that is meant";
        wrong(errors, "/filter", message);
    }
}

fn not_for(act: Act, status: Status) -> String {
    let takes: Vec<&str> = act.takes().iter().map(|status| status.as_str()).collect();
    format!("{act} is for tasks that are {}, not for {status} ones", takes.join(", "))
}

/// Whether it says what the tasks have in common. What they are not is said of nearly all of them.
fn narrows(term: &Term) -> bool {
    !term.negated && !matches!(term.test, Test::Status(_))
}

/// Terms that hold for no task to which it can be done.
fn check_terms(act: Act, terms: &[Term], errors: &mut Vec<Pointed>) {
    for term in terms.iter().filter(|term| !term.negated) {
        match &term.test {
            Test::Status(asked) => {
                let others = asked.iter().filter(|status| !act.takes().contains(status));
                others.for_each(|status| wrong(errors, "/filter/q", not_for(act, *status)));
            }
            Test::Finished(..) if !act.takes().iter().any(|status| status.is_terminal()) => {
                wrong(
                    errors,
                    "/filter/q",
                    format!("{act} is for tasks that have not ended: finished never holds"),
                );
            }
            _ => {}
        }
    }
}

fn check_priority(act: Act, priority: Option<i64>, errors: &mut Vec<Pointed>) -> Option<Priority> {
    match (act, priority) {
        (Act::Reprioritise, None) => wrong(errors, "/priority", "say which priority: 0 to 9, 9 first"),
        (Act::Reprioritise, Some(number)) => match Priority::new(number) {
            Ok(priority) => return Some(priority),
            Err(error) => wrong(errors, "/priority", format!("failed to {error}")),
        },
        (_, Some(_)) => wrong(errors, "/priority", format!("{act} changes no priority")),
        (_, None) => {}
    }
    None
}

/// All or nothing: refuses unless it is allowed in the queue of every task. Answers these queues; none means any.
pub(super) async fn allowed(app: &App, grant: &Grant, plan: &Plan) -> Result<Vec<QueueName>, Fail> {
    let action = action(plan.act);
    if let Some(flow) = plan.flow() {
        let unknown = || Fail::new(Code::UnknownFlow);
        app.store.keys(flow.shard()).map_err(|_| unknown())?;
        reach::flow(app, grant, flow, action).await?;
        if !plan.query.is_empty() {
            reach::flow(app, grant, flow, Action::TasksRead).await?;
        }
        if app.store.flow_tasks(flow, 0, 1, 0).await?.total == 0 {
            return Err(unknown());
        }
    }
    if !plan.tasks.is_empty() {
        return of_tasks(app, grant, plan).await;
    }
    of_filter(grant, plan, action)?;
    // A search looks into what lies beside tasks, and whether it holds tells something of it.
    if !plan.query.is_empty() {
        of_filter(grant, plan, Action::TasksRead)?;
    }
    Ok(plan.queues())
}

fn of_filter(grant: &Grant, plan: &Plan, action: Action) -> Result<(), Fail> {
    let by_search = plan.filter.queue.is_empty();
    let queues = if by_search { plan.queues() } else { plan.filter.queue.clone() };
    let place = |at| if by_search { "/filter/q".to_owned() } else { format!("/filter/queue/{at}") };
    grant.must_in_all(action, &queues, place)?;
    if queues.is_empty() && plan.flow().is_none() && !grant.reaches_all(action) {
        let message =
            format!("the credential does not allow {action} in every queue: name those that are meant");
        return Err(Fail::lacks(action).at("/filter/queue", message));
    }
    Ok(())
}

/// The queues of tasks that are named, where it matters which they are.
async fn of_tasks(app: &App, grant: &Grant, plan: &Plan) -> Result<Vec<QueueName>, Fail> {
    let action = action(plan.act);
    if grant.reaches_all(action) {
        return Ok(Vec::new());
    }
    let mut by_shard: BTreeMap<Shard, Vec<TaskId>> = BTreeMap::new();
    for task in plan.tasks.iter().filter(|task| app.store.keys(task.shard()).is_ok()) {
        by_shard.entry(task.shard()).or_default().push(*task);
    }
    let mut queues = Vec::new();
    for (shard, tasks) in by_shard {
        for some in tasks.chunks(limits::PAGE_MAX as usize) {
            let read = app.store.read_tasks(shard, some, false).await?;
            queues.extend(read.into_iter().flatten().map(|task| (task.id, task.queue)));
        }
    }
    let outside: Vec<Pointed> = queues
        .iter()
        .filter(|(_, queue)| !grant.reaches(action, queue))
        .map(|(task, queue)| Pointed {
            pointer: "/ids".to_owned(),
            message: format!("the credential does not allow {action} in the queue {queue} of {task}"),
        })
        .collect();
    if !outside.is_empty() {
        return Err(Fail::lacks(action).with_all(outside, 100));
    }
    let mut queues: Vec<QueueName> = queues.into_iter().map(|(_, queue)| queue).collect();
    queues.sort();
    queues.dedup();
    // None would mean any.
    if queues.is_empty() { Err(Fail::new(Code::UnknownTask)) } else { Ok(queues) }
}
