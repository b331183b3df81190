//! `baton flow graph`: a drawing where it can be read, a table of the layers otherwise.

use std::collections::{BTreeSet, HashMap};

use anyhow::Result;
use baton::TaskId;
use baton::api::flow::{EdgeState, Graph, GraphNode};

use super::draw::{self, draw, name};
use crate::out::{Format, Out, Table, code, glyph, paint, say};

pub(super) fn show(out: &Out, graph: &Graph) -> Result<()> {
    match out.format {
        Format::Json => return out.document(graph),
        Format::Name => return graph.nodes.iter().try_for_each(|node| out.line(&node.id.to_string())),
        Format::Table => picture(out, graph)?,
        Format::Wide => table(graph).print(out)?,
    }
    if graph.truncated {
        say(&format!("{} of its {} tasks are shown", graph.nodes.len(), graph.tasks));
    }
    Ok(())
}

fn picture(out: &Out, graph: &Graph) -> Result<()> {
    if graph.nodes.len() > draw::TASKS_MAX {
        return table(graph).print(out);
    }
    let drawing = draw(graph, out.colour);
    if out.width.is_some_and(|width| drawing.width > width) {
        say(&format!("the drawing takes {} columns; as a table:", drawing.width));
        return table(graph).print(out);
    }
    out.text(&drawing.text)?;
    let signs: BTreeSet<_> = graph.nodes.iter().map(|node| node.status).collect();
    let sign =
        |status: &baton::Status| paint(out.colour, code(*status), &format!("{} {status}", glyph(*status)));
    out.line(&format!("\n {}", signs.iter().map(sign).collect::<Vec<_>>().join("   ")))?;
    held(graph).iter().try_for_each(|line| out.line(&format!(" {line}")))
}

/// Who is held by whom, in words: a line alone does not say it.
fn held(graph: &Graph) -> Vec<String> {
    let nodes: HashMap<TaskId, &GraphNode> = graph.nodes.iter().map(|node| (node.id, node)).collect();
    let line = |edge: &&baton::api::flow::GraphEdge| {
        let (parent, child) = (nodes.get(&edge.parent)?, nodes.get(&edge.child)?);
        Some(format!("{} is held by {}, which ended {}", name(child), name(parent), parent.status))
    };
    graph.edges.iter().filter(|edge| edge.state == EdgeState::Held).filter_map(|edge| line(&edge)).collect()
}

fn table(graph: &Graph) -> Table {
    let names: HashMap<TaskId, String> = graph.nodes.iter().map(|node| (node.id, name(node))).collect();
    let mut waits: HashMap<TaskId, Vec<String>> = HashMap::new();
    for edge in graph.edges.iter().filter(|edge| edge.state != EdgeState::Closed) {
        let parent = names.get(&edge.parent).cloned().unwrap_or_else(|| edge.parent.to_string());
        let held = if edge.state == EdgeState::Held { " (held)" } else { "" };
        waits.entry(edge.child).or_default().push(format!("{parent}{held}"));
    }
    let mut nodes: Vec<&GraphNode> = graph.nodes.iter().collect();
    nodes.sort_by_key(|node| (node.layer, node.x));
    let mut table = Table::new(&["LAYER", "TASK", "STATUS", "KIND", "QUEUE", "WAITS FOR"]);
    for node in nodes {
        table.row([
            node.layer.to_string(),
            name(node),
            node.status.to_string(),
            node.kind.as_ref().map(ToString::to_string).unwrap_or_default(),
            node.queue.as_ref().map(ToString::to_string).unwrap_or_default(),
            waits.get(&node.id).map(|parents| parents.join(", ")).unwrap_or_default(),
        ]);
        table.paint(2, code(node.status));
    }
    table
}
