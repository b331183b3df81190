//! From the body of `POST /flows` to what the store writes; or all that is wrong with it.

use std::collections::{BTreeMap, HashMap, HashSet};

use baton_api::flow::{NewFlow, NewFlowTask};
use baton_api::loose::{self, Loose, LooseTask};
use baton_api::problem::Pointed;
use baton_api::{Wrong, read};
use baton_auth::Action;
use baton_core::graph::{self, MISTAKES_MAX, Mistake, Mistakes, Node, Plan};
use baton_core::{Code, FlowId, OnParentFailure, TaskId, TaskRef, limits};
use baton_store::calls::task::NewTask;

use crate::auth::Grant;
use crate::convert::new_task::checked;
use crate::extract::refused;
use crate::problem::Fail;

/// A flow without mistakes, its tasks in the order in which they are written.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) name: Option<TaskRef>,
    pub(super) tasks: Vec<NewTask>,
    pub(super) parents: Vec<Vec<u32>>,
}

impl Draft {
    /// The id that each task with a ref has in this flow.
    pub(super) fn refs(tasks: &[NewTask], flow: FlowId) -> BTreeMap<String, TaskId> {
        let named = (1..).zip(tasks).filter_map(|(at, task)| Some((task.name.as_ref()?.to_string(), at)));
        named.map(|(name, at)| (name, flow.task(at))).collect()
    }
}

/// Reads, checks and orders a flow. Linear in its size; a large one takes about a second.
pub(super) fn draft(
    body: &[u8],
    id: FlowId,
    traceparent: Option<&str>,
    grant: &Grant,
) -> Result<Draft, Fail> {
    match read::<NewFlow>(body) {
        Ok(asked) => of(asked, id, traceparent, grant),
        Err(error) if error.wrong == Wrong::Syntax => Err(refused(error)),
        Err(error) => {
            let Loose { tasks, errors } = loose::look(body, MISTAKES_MAX);
            let edges = tasks.iter().map(|task| task.parents.len()).sum();
            not_too_large(tasks.len(), edges)?;
            let fail = all_wrong(tasks, errors, id);
            Err(fail.unwrap_or_else(|| refused(error)))
        }
    }
}

fn of(asked: NewFlow, id: FlowId, traceparent: Option<&str>, grant: &Grant) -> Result<Draft, Fail> {
    let NewFlow { name, on_parent_failure, tasks } = asked;
    if tasks.is_empty() {
        return Err(Fail::invalid("/tasks", "a flow has at least one task"));
    }
    not_too_large(tasks.len(), tasks.iter().map(|task| task.parents.len()).sum())?;
    let queues = tasks.iter().map(|task| task.queue.clone().unwrap_or_default());
    grant.must_in_all(Action::TasksWrite, queues, |at| format!("/tasks/{at}/queue"))?;
    let nodes: Vec<Node<'_, TaskRef>> = tasks.iter().map(node).collect();
    let plan = graph::plan(&nodes);
    let mut errors = repeated_keys(tasks.iter().map(Some));
    let mut made = Vec::with_capacity(tasks.len());
    for (at, task) in tasks.into_iter().enumerate() {
        match one(task, id, on_parent_failure, traceparent) {
            Ok(task) => made.push(task),
            Err(wrong) => errors.extend(wrong.into_iter().map(|error| within(at, error))),
        }
    }
    match plan {
        Ok(plan) if errors.is_empty() => Ok(in_order(name, made, &plan)),
        Ok(_) => Err(sorted(errors, Mistakes::default())),
        Err(mistakes) => Err(sorted(errors, mistakes)),
    }
}

/// Of one that is too large nothing else is said: the search for the rest would cost too much.
fn not_too_large(tasks: usize, edges: usize) -> Result<(), Fail> {
    for (what, size, max) in
        [("tasks", tasks, limits::FLOW_TASKS_MAX), ("edges", edges, limits::FLOW_EDGES_MAX)]
    {
        if size as u64 > max {
            return Err(Fail::invalid("/tasks", format!("{size} {what} are more than {max}")));
        }
    }
    Ok(())
}

fn node(task: &NewFlowTask) -> Node<'_, TaskRef> {
    Node { name: task.name.as_ref().map(TaskRef::as_str), parents: &task.parents }
}

fn loose_node(task: &LooseTask) -> Node<'_, String> {
    Node { name: task.name.as_deref(), parents: &task.parents }
}

/// Within a flow a key belongs to one task, of whatever queue.
fn repeated_keys<'a>(tasks: impl Iterator<Item = Option<&'a NewFlowTask>>) -> Vec<Pointed> {
    let mut first = HashMap::new();
    let mut errors = Vec::new();
    for (at, key) in tasks.enumerate().filter_map(|(at, task)| Some((at, task?.key.as_ref()?))) {
        let before = *first.entry(key).or_insert(at);
        if before != at {
            let message = format!("the key `{key}` is taken by the task at index {before}");
            errors.push(Pointed { pointer: format!("/tasks/{at}/key"), message });
        }
    }
    errors
}

fn one(
    mut task: NewFlowTask,
    id: FlowId,
    on_parent_failure: Option<OnParentFailure>,
    traceparent: Option<&str>,
) -> Result<NewTask, Vec<Pointed>> {
    let unwanted = task.on_duplicate.take().map(|_| {
        let message = "within a flow a key belongs to one task: leave this out".to_owned();
        Pointed { pointer: "/on_duplicate".to_owned(), message }
    });
    task.on_parent_failure = task.on_parent_failure.or(on_parent_failure);
    let name = task.name.take();
    // The id says when it was submitted; the store gives it its own, and its flow: whoever goes on with a draft that
    // another gateway began finds it under another id.
    match (checked(&task.alone(), id.task(1), traceparent), unwanted) {
        (Ok(made), None) => Ok(NewTask { name, ..made }),
        (made, unwanted) => Err(made.err().into_iter().flatten().chain(unwanted).collect()),
    }
}

fn in_order(name: Option<TaskRef>, made: Vec<NewTask>, plan: &Plan) -> Draft {
    let positions = plan.positions();
    let mut made: Vec<Option<NewTask>> = made.into_iter().map(Some).collect();
    let tasks = plan.order().iter().filter_map(|node| made[*node as usize].take()).collect();
    let above = |node: &u32| {
        let parents = plan.parents(*node).iter();
        parents.map(|parent| positions[*parent as usize]).collect()
    };
    Draft { name, tasks, parents: plan.order().iter().map(above).collect() }
}

fn within(at: usize, error: Pointed) -> Pointed {
    Pointed { pointer: format!("/tasks/{at}{}", error.pointer), ..error }
}

/// The mistakes of a flow that has some of form: those of the graph, and those of values, are looked for all the same.
fn all_wrong(tasks: Vec<LooseTask>, mut errors: Vec<Pointed>, id: FlowId) -> Option<Fail> {
    let nodes: Vec<Node<'_, String>> = tasks.iter().map(loose_node).collect();
    // A list that was cut short lacks names that others call.
    let is_whole = errors.len() < MISTAKES_MAX;
    let mistakes = if is_whole { graph::plan(&nodes).err() } else { None };
    errors.extend(repeated_keys(tasks.iter().map(|task| task.task.as_ref())));
    for (at, task) in tasks.into_iter().enumerate() {
        if let Some(Err(wrong)) = task.task.map(|task| one(task, id, None, None)) {
            errors.extend(wrong.into_iter().map(|error| within(at, error)));
        }
    }
    let mistakes = mistakes.unwrap_or_default();
    (!errors.is_empty() || !mistakes.is_empty()).then(|| sorted(errors, mistakes))
}

fn of_graph(mistake: &Mistake) -> Pointed {
    let pointer = match mistake.place() {
        (node, Some(parent)) => format!("/tasks/{node}/parents/{parent}"),
        (node, None) => format!("/tasks/{node}/ref"),
    };
    Pointed { pointer, message: mistake.to_string() }
}

/// In the order of the body, one for each place, and as many as somebody reads.
fn sorted(errors: Vec<Pointed>, mistakes: Mistakes) -> Fail {
    let code = match errors.is_empty() && mistakes.are_cycles() {
        true => Code::DependencyCycle,
        false => Code::Validation,
    };
    let mut all = errors;
    all.extend(mistakes.listed.iter().map(of_graph));
    let mut places = HashSet::new();
    all.retain(|error| places.insert(error.pointer.clone()));
    let task = |error: &Pointed| error.pointer.split('/').nth(2).and_then(|at| at.parse::<usize>().ok());
    all.sort_by_key(task);
    let hidden = mistakes.more + all.len().saturating_sub(MISTAKES_MAX);
    all.truncate(MISTAKES_MAX);
    let fail = Fail::all_of(code, all);
    if hidden > 0 { fail.at("/tasks", format!("there are {hidden} more mistakes")) } else { fail }
}
