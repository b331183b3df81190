//! A flow of many tasks by their kinds: a box for each kind with the shares of its statuses, lines between them, and all of it as
//! text.

use askama::Template;
use askama::filters::HtmlSafe;
use baton_api::flow::{FlowKinds, KindNode};
use baton_core::Status;

use crate::drawing::{BOX, NAME_MAX, curve, fitting, view};
use crate::link::Link;
use crate::shell::Shell;
use crate::words;

/// The drawing and its table.
#[derive(Debug, Template)]
#[template(path = "flow_kinds.html")]
pub struct KindsDrawing<'a> {
    title: String,
    /// Left, top, width and height of what is seen.
    view: (i64, i64, u64, u64),
    boxes: Vec<Boxed<'a>>,
    lines: Vec<Line>,
    truncated: bool,
    shell: &'a Shell,
}

impl HtmlSafe for KindsDrawing<'_> {}

#[derive(Debug)]
struct Boxed<'a> {
    node: &'a KindNode,
    name: String,
    /// As much of it as fits.
    short: String,
    tasks: String,
    link: Option<Link>,
    x: u64,
    y: u64,
    shares: Vec<Share>,
    /// Whom its tasks wait for, and how often.
    waits: Vec<(String, u64)>,
}

/// Of one status, in a bar as wide as the box.
#[derive(Debug)]
struct Share {
    status: Status,
    x: u64,
    width: u64,
    count: u64,
}

#[derive(Debug)]
struct Line {
    path: String,
    said: String,
}

/// The bar, within its box.
const BAR: (u64, u64) = (8, BOX.0 - 16);

impl<'a> KindsDrawing<'a> {
    pub fn of(kinds: &'a FlowKinds, called: &str, shell: &'a Shell) -> KindsDrawing<'a> {
        let names: Vec<String> = kinds.nodes.iter().map(name).collect();
        let called_at = |at: u64| names.get(at as usize).cloned().unwrap_or_default();
        let waits = |at: usize| {
            let of = kinds.edges.iter().filter(move |edge| edge.children as usize == at);
            let others = of.map(|edge| (called_at(edge.parents), edge.edges));
            let own = Some(("its own".to_owned(), kinds.nodes[at].within)).filter(|(_, within)| *within > 0);
            others.chain(own).collect()
        };
        let boxed = |(at, node): (usize, &'a KindNode)| Boxed {
            node,
            name: names[at].clone(),
            short: fitting(&names[at], NAME_MAX + 4),
            tasks: words::tasks(node.tasks),
            link: node.kind.as_ref().map(|kind| shell.tasks().with("flow", kinds.flow).with("kind", kind)),
            x: node.x.saturating_sub(BOX.0 / 2),
            y: node.y.saturating_sub(BOX.1 / 2),
            shares: shares(node),
            waits: waits(at),
        };
        let lines = kinds.edges.iter().filter_map(|edge| {
            let (from, to) =
                (kinds.nodes.get(edge.parents as usize)?, kinds.nodes.get(edge.children as usize)?);
            // Ways that lead back would run through the boxes: the table has them.
            let on = from.layer < to.layer;
            on.then(|| Line {
                path: curve((from.x, from.y), (to.x, to.y), kinds.direction),
                said: format!(
                    "{} waits for {}: {} edges",
                    called_at(edge.children),
                    called_at(edge.parents),
                    words::grouped(edge.edges)
                ),
            })
        });
        KindsDrawing {
            title: format!("The kinds of flow {called}"),
            view: view(kinds.width, kinds.height),
            boxes: kinds.nodes.iter().enumerate().map(boxed).collect(),
            lines: lines.collect(),
            truncated: kinds.truncated,
            shell,
        }
    }

    fn described(&self) -> String {
        let tasks: u64 = self.boxes.iter().map(|of| of.node.tasks).sum();
        let kinds: u64 = self.boxes.iter().map(|of| of.node.kinds).sum();
        format!(
            "{} of {} kinds, and how often they wait for each other.",
            words::tasks(tasks),
            words::grouped(kinds)
        )
    }
}

fn name(node: &KindNode) -> String {
    match &node.kind {
        Some(kind) => kind.to_string(),
        None => format!("{} other kinds", words::grouped(node.kinds)),
    }
}

/// In the order of the lifecycle. A status that any task has is seen, however few they are.
fn shares(node: &KindNode) -> Vec<Share> {
    let counts = Status::ALL.iter().filter_map(|status| {
        let count = *node.counts.get(status.as_str())?;
        (count > 0).then_some((*status, count))
    });
    let counts: Vec<(Status, u64)> = counts.collect();
    let room = BAR.1 - 2 * counts.len() as u64;
    let mut x = BAR.0;
    let mut share = |(status, count): (Status, u64)| {
        let width = 2 + (u128::from(count) * u128::from(room) / u128::from(node.tasks.max(1))) as u64;
        let share = Share { status, x, width, count };
        x += width;
        share
    };
    counts.into_iter().map(&mut share).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_of_many_are_seen_and_all_fit_their_box() {
        let counts = [("running", 1), ("completed", 99_998), ("failed", 1), ("blocked", 0)];
        let counts = counts.map(|(status, count)| (status.to_owned(), count)).into();
        let node =
            KindNode { kind: None, kinds: 7, tasks: 100_000, counts, within: 0, layer: 0, x: 80, y: 20 };
        let shares = shares(&node);
        let said: Vec<(&str, u64)> =
            shares.iter().map(|share| (share.status.as_str(), share.width)).collect();
        assert_eq!(said, [("running", 2), ("completed", 139), ("failed", 2)]);
        assert!(shares.last().is_some_and(|last| last.x + last.width <= BAR.0 + BAR.1));
        assert_eq!(name(&node), "7 other kinds");
    }
}
