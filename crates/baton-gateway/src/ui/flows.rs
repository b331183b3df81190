//! `/ui/flows` and `/ui/flows/{id}`.

use axum::extract::Path;
use axum::response::Response;
use baton_api::flow::{Direction, Flow, FlowKinds, Graph};
use baton_api::task::{Explanation, Task, Tasks};
use baton_core::{Code, FlowId, FlowState, TaskId};
use baton_dashboard::flow::{Chosen, DRAWN_MAX, FlowPage, SHOWN_MAX, View};
use baton_dashboard::flows::FlowsPage;
use baton_dashboard::{Base, Link};
use futures_util::future::{join, join4};

use super::visit::Visit;
use crate::problem::Fail;

/// Rows of one page of each list.
const ROWS: u32 = 50;
const TASKS: u32 = 100;

fn api(path: &str) -> Link {
    Base::default().to(path)
}

pub(super) async fn list(visit: Visit) -> Result<Response, Fail> {
    let word = |name: &str| visit.query.get(name).trim().to_owned();
    let (cursor, name) = (word("cursor"), word("name"));
    let state = word("state").parse::<FlowState>().map_or(String::new(), |state| state.to_string());
    let sort = if word("sort") == "failing" { "failing".to_owned() } else { String::new() };
    let asked = api("/api/v1/flows").with("limit", ROWS).with("include", "oldest_open");
    let asked = asked.with_some("state", &state).with_some("name", &name).with_some("sort", &sort);
    let asked = asked.with_some("cursor", &cursor).to_string();
    let (shell, list) = join(visit.shell("Flows"), visit.api.get(&asked)).await;
    visit.show(&FlowsPage { shell, list: list?, state, name, sort, cursor })
}

pub(super) async fn one_flow(Path(id): Path<String>, visit: Visit) -> Result<Response, Fail> {
    let id: FlowId = id.parse().map_err(|_| Fail::new(Code::UnknownFlow))?;
    let flow: Flow = visit.api.get(&format!("/api/v1/flows/{id}")).await?;
    let view = View::of(visit.query.get("view"), flow.tasks);
    // Names are wider than high, so most flows are read best from the left to the right.
    let direction = visit.query.get("direction").parse().unwrap_or(Direction::Right);
    let cursor = visit.query.get("cursor").to_owned();
    let (shell, graph, tasks, chosen) = join4(
        visit.shell("Flows"),
        graph(&visit, &flow, view, direction),
        tasks(&visit, id, view, &cursor),
        chosen(&visit, id),
    )
    .await;
    let (origin, has_drawing) = (visit.origin(), visit.is_live());
    let (graph, tasks) = (graph?, tasks?);
    let kinds = kinds(&visit, &flow, view, direction).await?;
    visit.show(&FlowPage {
        shell,
        flow,
        view,
        direction,
        graph,
        kinds,
        tasks,
        cursor,
        chosen,
        origin,
        has_drawing,
    })
}

/// The graph to be drawn; for a table, who waits for whom. A page without it says so; one that has its drawing keeps it, and
/// asks again.
async fn graph(visit: &Visit, flow: &Flow, view: View, direction: Direction) -> Result<Option<Graph>, Fail> {
    let most = match view {
        View::Graph => DRAWN_MAX,
        View::Table => SHOWN_MAX,
        View::Timeline => 0,
    };
    if flow.tasks > most {
        return Ok(None);
    }
    let path = format!("/api/v1/flows/{}/graph", flow.id);
    let asked = api(&path).with("direction", direction.as_str()).to_string();
    match visit.is_live() {
        true => visit.api.get(&asked).await.map(Some),
        false => Ok(visit.api.get_some(&asked).await),
    }
}

/// Of what is too large to be drawn task by task.
async fn kinds(
    visit: &Visit,
    flow: &Flow,
    view: View,
    direction: Direction,
) -> Result<Option<FlowKinds>, Fail> {
    if view != View::Graph || flow.tasks <= DRAWN_MAX {
        return Ok(None);
    }
    let asked = api(&format!("/api/v1/flows/{}/kinds", flow.id)).with("direction", direction.as_str());
    let asked = asked.to_string();
    match visit.is_live() {
        true => visit.api.get(&asked).await.map(Some),
        false => Ok(visit.api.get_some(&asked).await),
    }
}

/// The rows of a table, or of a timeline: there with all that happened to them.
async fn tasks(visit: &Visit, id: FlowId, view: View, cursor: &str) -> Result<Option<Tasks>, Fail> {
    let include = match view {
        View::Graph => return Ok(None),
        View::Timeline => "history",
        View::Table => "",
    };
    let asked = api("/api/v1/tasks").with("flow", id).with("limit", TASKS);
    let asked = asked.with_some("include", include).with_some("cursor", cursor).to_string();
    visit.api.get(&asked).await.map(Some)
}

/// The node that was chosen, with why it is where it is.
async fn chosen(visit: &Visit, flow: FlowId) -> Option<Chosen> {
    let id: TaskId = visit.query.get("node").parse().ok()?;
    let (task, explain) = (format!("/api/v1/tasks/{id}"), format!("/api/v1/tasks/{id}/explain"));
    let (task, explanation) =
        join(visit.api.get_some::<Task>(&task), visit.api.get_some::<Explanation>(&explain)).await;
    let task = task.filter(|task| task.flow == Some(flow));
    Some(Chosen { id, explanation: explanation.filter(|_| task.is_some()), task })
}
