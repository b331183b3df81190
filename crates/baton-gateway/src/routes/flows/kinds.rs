//! `GET /flows/{id}/kinds`: a flow of any size in a picture of its kinds.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use baton_api::flow::{Direction, FlowKinds, KindEdge, KindNode};
use baton_auth::Action;
use baton_core::{FlowId, Kind, Status};
use baton_store::calls::flow::{FlowKinds as Counted, Sort};

use super::graph::DrawQuery;
use super::list::known;
use crate::app::App;
use crate::auth::{Grant, reach};
use crate::clock;
use crate::extract::{Caller, FlowPath, Query};
use crate::graph::{Drawing, Edge, draw};
use crate::problem::Fail;

/// Kinds that have a box of their own: those of most tasks. The others share one.
const KINDS_MAX: usize = 50;
/// A flow is counted at most this often: it may take a second.
const KEPT_MS: u64 = 5_000;

/// Draw a flow by kinds
///
/// How many of its tasks are of which kind and in which status, and how often one kind waits for another: for flows that are too
/// large to be drawn task by task. It is up to five seconds old. Tasks that the reader may not read are left out.
#[utoipa::path(
    get, path = "/flows/{id}/kinds", tag = "flows", operation_id = "get_flow_kinds",
    security(("bearer" = ["tasks:read"])),
    params(FlowPath, DrawQuery),
    responses((status = 200, description = "Its kinds", body = FlowKinds)),
    extensions(("x-problem-codes" = json!(["unknown_flow", "overloaded"])))
)]
pub(crate) async fn flow_kinds(
    State(app): State<App>,
    FlowPath(id): FlowPath,
    Query(query): Query<DrawQuery>,
    caller: Caller,
) -> Result<Json<FlowKinds>, Fail> {
    reach::some_of_flow(&app, &caller.grant, id).await?;
    known(&app, id).await?;
    let counted = counted(&app, id).await?;
    let picture = Picture::of(&counted, &caller.grant);
    let (nodes, edges) = (picture.nodes.len(), picture.forward());
    let drawing = app.apart(move || draw(nodes, &edges, query.direction)).await?;
    let truncated = counted.is_partial;
    Ok(Json(FlowKinds { truncated, ..picture.drawn(id, query.direction, &drawing) }))
}

async fn counted(app: &App, id: FlowId) -> Result<Arc<Counted>, Fail> {
    if let Some(counted) = app.kinds.get(&id, clock::now_ms()) {
        return Ok(counted);
    }
    let _place = app.place().await?;
    // Somebody else may have counted it while this one waited.
    if let Some(counted) = app.kinds.get(&id, clock::now_ms()) {
        return Ok(counted);
    }
    let counted = Arc::new(app.store.flow_kinds(id).await?);
    let now_ms = clock::now_ms();
    app.kinds.put(id, Arc::clone(&counted), now_ms, now_ms + KEPT_MS);
    Ok(counted)
}

/// Boxes and lines, without places.
#[derive(Debug, Default, PartialEq, Eq)]
struct Picture {
    nodes: Vec<Node>,
    edges: BTreeMap<(usize, usize), u64>,
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Node {
    /// None: all kinds that have no box of their own.
    kind: Option<Kind>,
    kinds: u64,
    counts: BTreeMap<Status, u64>,
}

impl Picture {
    /// Of what the grant reads. Kinds stand in the order of their first tasks, which come before those that wait for them.
    fn of(counted: &Counted, grant: &Grant) -> Picture {
        let everywhere = grant.reaches_all(Action::TasksRead);
        let reads = |sort: &Sort| everywhere || grant.reads(&sort.queue);
        let mut sums: BTreeMap<&Kind, u64> = BTreeMap::new();
        for (sort, counts) in counted.tasks.iter().filter(|(sort, _)| reads(sort)) {
            *sums.entry(&sort.kind).or_default() += counts.values().sum::<u64>();
        }
        let mut largest: Vec<(&Kind, u64)> = sums.into_iter().collect();
        largest.sort_by_key(|(kind, tasks)| (std::cmp::Reverse(*tasks), *kind));
        let own: Vec<&Kind> = largest.iter().take(KINDS_MAX).map(|(kind, _)| *kind).collect();
        let mut picture = Picture::default();
        let mut places: HashMap<&Kind, usize> = HashMap::new();
        let mut shared = None;
        for sort in counted.order.iter().filter(|sort| reads(sort)) {
            let place = *places.entry(&sort.kind).or_insert_with(|| {
                let kind = own.contains(&&sort.kind).then(|| sort.kind.clone());
                let place = if kind.is_some() { None } else { shared };
                let place = place.unwrap_or(picture.nodes.len());
                if kind.is_none() {
                    shared = Some(place);
                }
                if place == picture.nodes.len() {
                    picture.nodes.push(Node { kind, ..Node::default() });
                }
                picture.nodes[place].kinds += 1;
                place
            });
            for (status, count) in counted.tasks.get(sort).into_iter().flatten() {
                *picture.nodes[place].counts.entry(*status).or_default() += count;
            }
        }
        for ((parents, children), count) in &counted.edges {
            if reads(parents) && reads(children) {
                let ends = (places.get(&parents.kind), places.get(&children.kind));
                if let (Some(from), Some(to)) = ends {
                    *picture.edges.entry((*from, *to)).or_default() += count;
                }
            }
        }
        picture
    }

    /// Lines that lead on. Two kinds may wait for each other, task by task, and then one of the ways leads back.
    fn forward(&self) -> Vec<Edge> {
        let on = self.edges.keys().filter(|(from, to)| from < to);
        on.map(|(from, to)| (*from as u32, *to as u32)).collect()
    }

    fn drawn(self, flow: FlowId, direction: Direction, drawing: &Drawing) -> FlowKinds {
        let within = |at: usize| self.edges.get(&(at, at)).copied().unwrap_or_default();
        let node = |(at, of): (usize, &Node)| {
            let place = drawing.places.get(at).copied().unwrap_or_default();
            KindNode {
                kind: of.kind.clone(),
                kinds: of.kinds,
                tasks: of.counts.values().sum(),
                counts: of.counts.iter().map(|(status, count)| (status.to_string(), *count)).collect(),
                within: within(at),
                layer: place.layer,
                x: place.x,
                y: place.y,
            }
        };
        let nodes: Vec<KindNode> = self.nodes.iter().enumerate().map(node).collect();
        let between = self.edges.iter().filter(|((from, to), _)| from != to);
        let edge = |((from, to), count): (&(usize, usize), &u64)| KindEdge {
            parents: *from as u64,
            children: *to as u64,
            edges: *count,
        };
        FlowKinds {
            flow,
            tasks: nodes.iter().map(|node| node.tasks).sum(),
            edges: between.map(edge).collect(),
            nodes,
            direction,
            truncated: false,
            width: drawing.width,
            height: drawing.height,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sort(queue: &str, kind: &str) -> Sort {
        Sort { queue: queue.parse().unwrap(), kind: kind.parse().unwrap() }
    }

    fn counted(order: Vec<Sort>, edges: &[(usize, usize, u64)]) -> Counted {
        let tasks = order.iter().enumerate().map(|(at, sort)| {
            (
                sort.clone(),
                BTreeMap::from([(Status::Pending, 1), (Status::Failed, order.len() as u64 - at as u64)]),
            )
        });
        let edges =
            edges.iter().map(|(from, to, count)| ((order[*from].clone(), order[*to].clone()), *count));
        Counted { tasks: tasks.collect(), edges: edges.collect(), order: order.clone(), is_partial: false }
    }

    #[test]
    fn queues_of_a_kind_are_one_box_and_what_is_not_read_is_none() {
        let order = vec![sort("a", "x"), sort("b", "x"), sort("b", "y")];
        let counted = counted(order, &[(0, 1, 2), (0, 2, 3), (1, 2, 4), (2, 0, 5)]);
        let all = Picture::of(&counted, &crate::auth::of_key("tasks:read"));
        assert_eq!((all.nodes.len(), all.nodes[0].counts[&Status::Failed]), (2, 5));
        assert_eq!(all.edges, BTreeMap::from([((0, 0), 2), ((0, 1), 7), ((1, 0), 5)]));
        assert_eq!(all.forward(), [(0, 1)]);
        let own = Picture::of(&counted, &crate::auth::of_key("tasks:read@a"));
        assert_eq!((own.nodes.len(), own.nodes[0].counts[&Status::Failed], own.edges.len()), (1, 3, 0));
    }

    #[test]
    fn kinds_beyond_the_largest_share_a_box() {
        let order: Vec<Sort> = (0..60).map(|number| sort("a", &format!("k{number}"))).collect();
        let counted = counted(order, &[(0, 59, 1), (58, 59, 2)]);
        let picture = Picture::of(&counted, &crate::auth::of_key("tasks:read"));
        let last = picture.nodes.last().unwrap();
        assert_eq!((picture.nodes.len(), &last.kind, last.kinds), (KINDS_MAX + 1, &None, 10));
        assert_eq!(picture.edges, BTreeMap::from([((0, 50), 1), ((50, 50), 2)]));
    }
}
