//! Which row each task of a graph is drawn in: a layer is a column, and the server's order within it is kept.

use std::collections::HashMap;

use baton::TaskId;
use baton::api::flow::Graph;

/// What stands in a place: a task, or the line of a task on its way to a column further right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Task(usize),
    Line(usize),
}

impl Place {
    /// The task whose line goes on from here.
    pub(super) fn of(self) -> usize {
        match self {
            Place::Task(node) | Place::Line(node) => node,
        }
    }
}

/// A column of the drawing: its places from top to bottom, with their rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) places: Vec<(Place, usize)>,
}

/// The lines from one place: where they begin, and the rows of the next column that they lead to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) row: usize,
    pub(super) targets: Vec<usize>,
}

/// Columns, and the lines between each of them and the next.
#[derive(Debug)]
pub(super) struct Columns {
    pub(super) columns: Vec<Column>,
    children: HashMap<usize, Vec<usize>>,
}

impl Columns {
    pub(super) fn of(graph: &Graph) -> Columns {
        let index: HashMap<TaskId, usize> =
            graph.nodes.iter().enumerate().map(|(at, node)| (node.id, at)).collect();
        let mut children: HashMap<usize, Vec<usize>> = HashMap::new();
        for edge in &graph.edges {
            if let (Some(parent), Some(child)) = (index.get(&edge.parent), index.get(&edge.child)) {
                children.entry(*parent).or_default().push(*child);
            }
        }
        let layer = |node: usize| graph.nodes[node].layer as usize;
        let count = (0..graph.nodes.len()).map(|node| layer(node) + 1).max().unwrap_or_default();
        let mut columns: Vec<Vec<(u64, Place)>> = vec![Vec::new(); count];
        for (at, node) in graph.nodes.iter().enumerate() {
            columns[layer(at)].push((node.x, Place::Task(at)));
            let furthest = children.get(&at).into_iter().flatten().max_by_key(|child| layer(**child));
            let Some(furthest) = furthest.copied() else { continue };
            // A long line keeps to the straight way to its furthest end.
            let (begin, end) = (layer(at), layer(furthest));
            for (passed, column) in columns.iter_mut().enumerate().take(end).skip(begin + 1) {
                let part = (passed - begin) as f64 / (end - begin) as f64;
                let x = node.x as f64 * (1.0 - part) + graph.nodes[furthest].x as f64 * part;
                column.push((x as u64, Place::Line(at)));
            }
        }
        Columns { columns: rows(columns), children }
    }

    /// The lines from a column to the next one.
    pub(super) fn lines(&self, column: usize) -> Vec<Line> {
        let Some(next) = self.columns.get(column + 1) else { return Vec::new() };
        let line = |(place, row): &(Place, usize)| {
            let of = place.of();
            let children = self.children.get(&of).map_or(&[][..], Vec::as_slice);
            let leads = |(place, _): &&(Place, usize)| match place {
                Place::Task(task) => children.contains(task),
                Place::Line(task) => *task == of,
            };
            let targets: Vec<usize> = next.places.iter().filter(leads).map(|(_, row)| *row).collect();
            (!targets.is_empty()).then_some(Line { row: *row, targets })
        };
        self.columns[column].places.iter().filter_map(line).collect()
    }

    /// One row further down from this column on.
    pub(super) fn shift(&mut self, column: usize) {
        let rows = self.columns[column..].iter_mut().flat_map(|column| &mut column.places);
        rows.for_each(|(_, row)| *row += 1);
    }
}

/// Every second row is free, and shorter columns stand in the middle.
fn rows(columns: Vec<Vec<(u64, Place)>>) -> Vec<Column> {
    let longest = columns.iter().map(Vec::len).max().unwrap_or_default();
    let column = |mut places: Vec<(u64, Place)>| {
        places.sort_by_key(|(x, place)| (*x, place.of()));
        let above = longest - places.len();
        let row = |(at, (_, place)): (usize, (u64, Place))| (place, above + 2 * at);
        Column { places: places.into_iter().enumerate().map(row).collect() }
    };
    columns.into_iter().map(column).collect()
}
