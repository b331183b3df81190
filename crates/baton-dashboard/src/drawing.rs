//! A graph as SVG: boxes with a mark, a name and a word, and lines between them. Where they stand is the interface's answer, and
//! what their colours are is the style sheet's, so a status that changes is a class and a word that change, and nothing moves.

use std::collections::{HashMap, HashSet};

use askama::Template;
use askama::filters::HtmlSafe;
use baton_api::flow::{Direction, EdgeState, Graph, GraphEdge, GraphNode};
use baton_core::{Status, TaskId};

use crate::link::Link;
use crate::words;

/// A box, as the interface has it.
pub(crate) const BOX: (u64, u64) = (160, 40);
/// Around the drawing.
const MARGIN: u64 = 24;
/// A drawing of one task is not stretched to the width of a page.
const LEAST: (u64, u64) = (1_000, 400);
/// How much of a name fits into a box, in widths of a plain letter.
pub(crate) const NAME_MAX: usize = 18;
pub(crate) const KIND_MAX: usize = 10;

/// What is drawn, and what of it is special.
#[derive(Debug)]
pub struct Subject<'a> {
    pub graph: &'a Graph,
    pub title: String,
    /// Where the marks of the statuses are.
    pub marks: Link,
    pub chosen: Option<TaskId>,
}

/// A drawn graph.
#[derive(Clone, Debug, Template)]
#[template(path = "drawing.html")]
pub struct Drawing {
    title: String,
    description: String,
    marks: Link,
    /// Left, top, width and height of what is seen at first.
    view: (i64, i64, u64, u64),
    nodes: Vec<Node>,
    lines: Vec<Line>,
}

impl HtmlSafe for Drawing {}

/// All of a drawing in a corner, with a frame around what is seen: the script fills it.
#[derive(Clone, Debug, Template)]
#[template(path = "map.html")]
pub struct Map {
    view: (i64, i64, u64, u64),
}

impl HtmlSafe for Map {}

#[derive(Clone, Debug)]
struct Node {
    class: String,
    status: Status,
    link: Link,
    /// The upper left corner.
    x: u64,
    y: u64,
    name: String,
    kind: String,
    /// What it is found by.
    find: String,
}

#[derive(Clone, Debug)]
struct Line {
    class: String,
    parent: u32,
    child: u32,
    path: String,
}

impl Drawing {
    /// `link` leads to where a node is chosen.
    pub fn of(subject: &Subject<'_>, link: impl Fn(TaskId) -> Link) -> Drawing {
        let graph = subject.graph;
        let path = Path::of(graph);
        let at: HashMap<TaskId, u32> = graph.nodes.iter().map(|node| node.id).zip(0..).collect();
        let nodes = graph.nodes.iter().map(|node| drawn(node, subject, &path, link(node.id))).collect();
        let lines = graph.edges.iter().filter_map(|edge| {
            let (parent, child) = (*at.get(&edge.parent)?, *at.get(&edge.child)?);
            let ends = (&graph.nodes[parent as usize], &graph.nodes[child as usize]);
            let class = line_class(edge, path.has(edge));
            let path = curve((ends.0.x, ends.0.y), (ends.1.x, ends.1.y), graph.direction);
            Some(Line { class, parent, child, path })
        });
        Drawing {
            title: subject.title.clone(),
            description: described(graph),
            marks: subject.marks.clone(),
            view: view(graph.width, graph.height),
            nodes,
            lines: lines.collect(),
        }
    }
}

impl Drawing {
    pub fn map(&self) -> Map {
        Map { view: self.view }
    }
}

/// One letter for each node and each edge, in their order: all that changes of a drawing while tasks go their ways. What is on the
/// critical path has a capital one.
pub fn letters(graph: &Graph) -> (String, String) {
    let path = Path::of(graph);
    let nodes = graph.nodes.iter().map(|node| capital(letter(node.status), path.tasks.contains(&node.id)));
    let edges = graph.edges.iter().map(|edge| {
        let letter = match edge.state {
            EdgeState::Open => 'o',
            EdgeState::Held => 'h',
            EdgeState::Closed => 'c',
        };
        capital(letter, path.has(edge))
    });
    (nodes.collect(), edges.collect())
}

fn capital(letter: char, is_so: bool) -> char {
    if is_so { letter.to_ascii_uppercase() } else { letter }
}

fn letter(status: Status) -> char {
    match status {
        Status::Scheduled => 's',
        Status::Blocked => 'b',
        Status::Pending => 'p',
        Status::Running => 'r',
        Status::Completed => 'c',
        Status::Failed => 'f',
        Status::Timeout => 't',
        Status::Cancelled => 'x',
    }
}

/// The critical path, to be asked what is on it.
struct Path {
    tasks: HashSet<TaskId>,
    edges: HashSet<(TaskId, TaskId)>,
}

impl Path {
    fn of(graph: &Graph) -> Path {
        let pairs = graph.critical.windows(2).map(|pair| (pair[0], pair[1]));
        Path { tasks: graph.critical.iter().copied().collect(), edges: pairs.collect() }
    }

    fn has(&self, edge: &GraphEdge) -> bool {
        self.edges.contains(&(edge.parent, edge.child))
    }
}

fn drawn(node: &GraphNode, subject: &Subject<'_>, path: &Path, link: Link) -> Node {
    let (name, kind) = names(node);
    let mut class = format!("node {}", node.status);
    for (word, is_so) in
        [(" critical", path.tasks.contains(&node.id)), (" chosen", subject.chosen == Some(node.id))]
    {
        class.push_str(if is_so { word } else { "" });
    }
    let find = format!("{name} {kind} {}", words::short(node.id.to_string())).to_lowercase();
    Node {
        class,
        status: node.status,
        link,
        x: node.x - BOX.0 / 2,
        y: node.y - BOX.1 / 2,
        name: fitting(&name, NAME_MAX),
        kind: fitting(&kind, KIND_MAX),
        find,
    }
}

/// What a task is called in a graph, and what it is beside that.
pub fn names(node: &GraphNode) -> (String, String) {
    let kind = node.kind.as_ref().map(ToString::to_string);
    match (node.name.as_ref().map(words::line), kind) {
        (Some(name), Some(kind)) => (name, kind),
        (None, Some(kind)) => (kind, words::short(node.id.to_string())),
        // Of a task of another queue, only its place is known.
        (name, None) => (name.unwrap_or_else(|| words::short(node.id.to_string())), String::new()),
    }
}

/// As much of a text as fits. Letters that are not Latin are taken for wide ones.
pub(crate) fn fitting(text: &str, most: usize) -> String {
    let wide = |letter: char| if (letter as u32) < 0x250 { 1 } else { 2 };
    if text.chars().map(wide).sum::<usize>() <= most {
        return text.to_owned();
    }
    let mut left = most - 1;
    let fits = text.chars().take_while(|letter| {
        let fits = left >= wide(*letter);
        left = left.saturating_sub(wide(*letter));
        fits
    });
    let mut cut: String = fits.collect();
    cut.push('…');
    cut
}

/// Of a line, for the style sheet.
pub(crate) fn edge_class(state: EdgeState) -> &'static str {
    match state {
        EdgeState::Open => "edge open",
        EdgeState::Held => "edge held",
        EdgeState::Closed => "edge closed",
    }
}

fn line_class(edge: &GraphEdge, is_critical: bool) -> String {
    format!("{}{}", edge_class(edge.state), if is_critical { " critical" } else { "" })
}

/// A task beside another one, and what their edge is.
pub(crate) type Beside<'a> = (&'a GraphNode, EdgeState);

/// Those that a task waits for, or those that wait for it.
pub(crate) fn beside(graph: &Graph, id: TaskId, parents: bool) -> Vec<Beside<'_>> {
    let edges = graph.edges.iter().filter(|edge| (if parents { edge.child } else { edge.parent }) == id);
    let beside = edges.filter_map(|edge| {
        let other = if parents { edge.parent } else { edge.child };
        Some((graph.nodes.iter().find(|node| node.id == other)?, edge.state))
    });
    beside.collect()
}

/// From the side of one box to the side of another, leaving and arriving at a right angle.
pub(crate) fn curve(from: (u64, u64), to: (u64, u64), direction: Direction) -> String {
    // Along the way that the graph goes, and across it.
    let (ends, across, half) = match direction {
        Direction::Right => ((from.0, to.0), (from.1, to.1), BOX.0 / 2),
        Direction::Down => ((from.1, to.1), (from.0, to.0), BOX.1 / 2),
    };
    let (first, last) = (ends.0 + half, ends.1.saturating_sub(half + 2));
    let bend = bend(first, last);
    let at = |along: u64, across: u64| match direction {
        Direction::Right => format!("{along} {across}"),
        Direction::Down => format!("{across} {along}"),
    };
    format!(
        "M{}C{} {} {}",
        at(first, across.0),
        at(first + bend, across.0),
        at(last - bend.min(last), across.1),
        at(last, across.1)
    )
}

/// Long lines bend near their ends, and are straight between.
fn bend(from: u64, to: u64) -> u64 {
    (to.saturating_sub(from) / 2).min(80)
}

/// All of it, with a margin; what is small stands in the middle.
pub(crate) fn view(width: u64, height: u64) -> (i64, i64, u64, u64) {
    let wide = (width + 2 * MARGIN).max(LEAST.0);
    let high = (height + 2 * MARGIN).max(LEAST.1);
    let before = |all: u64, own: u64| -(((all - own) / 2) as i64);
    (before(wide, width), before(high, height), wide, high)
}

fn described(graph: &Graph) -> String {
    let with = |status: &Status| graph.nodes.iter().filter(|node| node.status == *status).count() as u64;
    let counts = Status::ALL.iter().map(|status| (with(status), status)).filter(|(many, _)| *many > 0);
    let counts: Vec<String> =
        counts.map(|(many, status)| format!("{} {status}", words::grouped(many))).collect();
    format!(
        "{} tasks and {} edges between them: {}.",
        words::grouped(graph.nodes.len() as u64),
        words::grouped(graph.edges.len() as u64),
        counts.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::Base;

    fn graph() -> Graph {
        let id = |position: u8| format!("01a1fc29-8a56-7000-8a14-c38b1c00{position}000");
        let node = |position, name: &str, status: &str, x, y| {
            format!(
                r#"{{"id":"{}","ref":"{name}","kind":"table.extract","status":"{status}","layer":0,"x":{x},"y":{y}}}"#,
                id(position)
            )
        };
        let nodes =
            [node(1, "a<b>&\\\"", "completed", 80, 20), node(2, "load", "blocked", 312, 20)].join(",");
        let text = format!(
            r#"{{"nodes":[{nodes}],"edges":[{{"parent":"{}","child":"{}","state":"held"}}],
                "direction":"right","width":392,"height":40,"drawing":"d","tasks":2,"truncated":false,
                "critical":["{}","{}"]}}"#,
            id(1),
            id(2),
            id(1),
            id(2)
        );
        serde_json::from_str(&text).unwrap()
    }

    fn draw(graph: &Graph) -> String {
        let base = Base::default();
        let link = |id: TaskId| base.to("/ui/flows/x").with("node", id);
        let subject = Subject {
            graph,
            title: "nightly".to_owned(),
            marks: base.asset("marks.svg"),
            chosen: Some(graph.nodes[1].id),
        };
        Drawing::of(&subject, link).to_string()
    }

    #[test]
    fn a_status_is_a_class_a_mark_and_a_word() {
        let text = draw(&graph());
        for part in [
            "class=\"node completed critical\"",
            "class=\"node blocked critical chosen\"",
            "marks.svg#completed",
            ">blocked<",
            "class=\"edge held critical\"",
            "d=\"M160 20C195 20 195 20 230 20\"",
            "2 tasks and 1 edges between them: 1 blocked, 1 completed.",
        ] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
        assert!(!text.contains("<b>") && text.contains("a&#60;b&#62;"), "{text}");
    }

    #[test]
    fn letters_say_what_changes() {
        assert_eq!(letters(&graph()), ("CB".to_owned(), "H".to_owned()));
        let mut plain = graph();
        plain.critical.clear();
        assert_eq!(letters(&plain), ("cb".to_owned(), "h".to_owned()));
    }

    #[test]
    fn long_names_are_cut_to_the_box() {
        assert_eq!(fitting("extract", 18), "extract");
        assert_eq!(fitting("a.very.long.name.of.a.task", 18), "a.very.long.name.…");
        assert_eq!(fitting("数据数据数据数据数据数据", 10), "数据数据…");
    }

    #[test]
    fn small_drawings_stand_in_the_middle() {
        assert_eq!(view(160, 40), (-420, -180, 1_000, 400));
        assert_eq!(view(3_000, 900), (-24, -24, 3_048, 948));
    }
}
