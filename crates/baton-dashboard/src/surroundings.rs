//! A task between those that it waits for and those that wait for it, as a small drawing.

use askama::Template;
use askama::filters::HtmlSafe;
use baton_api::flow::{Graph, GraphNode};
use baton_core::{Status, TaskId};

use crate::drawing::{BOX, Beside, KIND_MAX, NAME_MAX, beside, edge_class, fitting, names};
use crate::link::Link;
use crate::shell::Shell;

/// Boxes of one side; what more there is, is counted.
const EACH_MAX: usize = 6;
const STEP: (u64, u64) = (232, 52);

#[derive(Clone, Debug, Template)]
#[template(path = "surroundings.html")]
pub struct Surroundings {
    marks: Link,
    description: String,
    width: u64,
    height: u64,
    boxes: Vec<Box>,
    lines: Vec<(&'static str, String)>,
    /// What is left out: place and sentence.
    more: Vec<(u64, u64, String)>,
}

impl HtmlSafe for Surroundings {}

#[derive(Clone, Debug)]
struct Box {
    class: String,
    status: Status,
    /// The task itself leads nowhere.
    link: Option<Link>,
    x: u64,
    y: u64,
    name: String,
    kind: String,
}

impl Surroundings {
    /// None: nothing is around it.
    pub fn of(graph: &Graph, focus: TaskId, shell: &Shell) -> Option<Surroundings> {
        let (above, below) = (beside(graph, focus, true), beside(graph, focus, false));
        if above.is_empty() && below.is_empty() {
            return None;
        }
        let node = graph.nodes.iter().find(|node| node.id == focus)?;
        let rows = [above.len(), below.len()].map(|many| many.min(EACH_MAX)).into_iter().max()?.max(1) as u64;
        let over = above.len().max(below.len()) > EACH_MAX;
        let columns = [!above.is_empty(), true, !below.is_empty()];
        let mut drawn = Surroundings {
            marks: shell.base.asset("marks.svg"),
            description: format!("It waits for {} tasks, and {} wait for it.", above.len(), below.len()),
            width: (columns.iter().filter(|there| **there).count() as u64 - 1) * STEP.0 + BOX.0 + 4,
            height: (rows - 1) * STEP.1 + BOX.1 + 4 + if over { 20 } else { 0 },
            boxes: Vec::new(),
            lines: Vec::new(),
            more: Vec::new(),
        };
        let middle = 2 + if above.is_empty() { 0 } else { STEP.0 };
        let centre = 2 + (rows - 1) * STEP.1 / 2;
        drawn.side(&above, (2, rows), (middle, centre), true, shell);
        drawn.side(&below, (middle + STEP.0, rows), (middle, centre), false, shell);
        drawn.put(node, (middle, centre), None);
        Some(drawn)
    }

    /// One side of it, in the middle of its height.
    fn side(
        &mut self,
        side: &[Beside<'_>],
        (x, rows): (u64, u64),
        own: (u64, u64),
        is_above: bool,
        shell: &Shell,
    ) {
        let shown = side.len().min(EACH_MAX);
        let top = 2 + (rows - shown as u64) * STEP.1 / 2;
        for (row, (node, state)) in (0..).zip(&side[..shown]) {
            let at = (x, top + row * STEP.1);
            self.put(node, at, Some(shell.task(node.id)));
            let ends = if is_above { (at, own) } else { (own, at) };
            self.lines.push((edge_class(*state), line(ends.0, ends.1)));
        }
        if side.len() > shown {
            let text = format!("and {} more", side.len() - shown);
            self.more.push((x + BOX.0 / 2, top + shown as u64 * STEP.1 + 4, text));
        }
    }

    fn put(&mut self, node: &GraphNode, (x, y): (u64, u64), link: Option<Link>) {
        let (name, kind) = names(node);
        let class = format!("node {}{}", node.status, if link.is_none() { " chosen" } else { "" });
        let (name, kind) = (fitting(&name, NAME_MAX), fitting(&kind, KIND_MAX));
        self.boxes.push(Box { class, status: node.status, link, x, y, name, kind });
    }
}

fn line(from: (u64, u64), to: (u64, u64)) -> String {
    let (left, right) = (from.0 + BOX.0, to.0 - 2);
    let (start, end) = (from.1 + BOX.1 / 2, to.1 + BOX.1 / 2);
    let bend = (right - left) / 2;
    format!("M{left} {start}C{} {start} {} {end} {right} {end}", left + bend, right - bend)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(parents: u8, children: u8) -> Graph {
        let id = |position: u8| format!("01a1fc29-8a56-7000-8a14-c38b1c{position:03}000");
        let others = 1..=parents + children;
        let node = |position: u8| {
            format!(r#"{{"id":"{}","kind":"x","status":"pending","layer":0,"x":80,"y":20}}"#, id(position))
        };
        let edge = |at: u8| {
            let (parent, child) = if at <= parents { (at, 0) } else { (0, at) };
            format!(r#"{{"parent":"{}","child":"{}","state":"open"}}"#, id(parent), id(child))
        };
        let nodes: Vec<String> = (0..=parents + children).map(node).collect();
        let edges: Vec<String> = others.map(edge).collect();
        let text = format!(
            r#"{{"nodes":[{}],"edges":[{}],"width":160,"height":40,"tasks":1,"truncated":false}}"#,
            nodes.join(","),
            edges.join(",")
        );
        serde_json::from_str(&text).unwrap()
    }

    fn draw(parents: u8, children: u8) -> Option<Surroundings> {
        let graph = graph(parents, children);
        Surroundings::of(&graph, graph.nodes[0].id, &crate::shell::tests_shell())
    }

    #[test]
    fn nothing_is_drawn_around_a_task_that_stands_alone() {
        assert!(draw(0, 0).is_none());
    }

    #[test]
    fn both_sides_are_drawn_and_what_is_left_out_is_counted() {
        let drawn = draw(2, 9).unwrap();
        assert_eq!((drawn.boxes.len(), drawn.lines.len()), (2 + 1 + 6, 2 + 6));
        assert_eq!(drawn.more[0].2, "and 3 more");
        let inside = |one: &Box| one.x + BOX.0 <= drawn.width && one.y + BOX.1 <= drawn.height;
        assert!(drawn.boxes.iter().all(inside), "{drawn:?}");
        for (at, one) in drawn.boxes.iter().enumerate() {
            let apart = |other: &Box| one.x.abs_diff(other.x) >= BOX.0 || one.y.abs_diff(other.y) >= BOX.1;
            assert!(drawn.boxes[at + 1..].iter().all(apart), "{drawn:?}");
        }
        let text = drawn.to_string();
        assert!(text.contains("It waits for 2 tasks, and 9 wait for it."), "{text}");
    }

    #[test]
    fn a_side_that_is_empty_takes_no_room() {
        assert_eq!(draw(1, 0).unwrap().width, STEP.0 + BOX.0 + 4);
        assert_eq!(draw(1, 1).unwrap().width, 2 * STEP.0 + BOX.0 + 4);
    }
}
