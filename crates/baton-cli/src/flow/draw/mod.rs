//! A graph in a terminal, from the layers and the order that the server has laid out.

mod columns;
mod tracks;

use baton::api::flow::{Graph, GraphNode};

use crate::out::{code, glyph, paint};
use columns::{Column, Columns, Place};
use tracks::Tracks;

/// More tasks than this are better read as a table.
pub(super) const TASKS_MAX: usize = 60;

/// The drawing, and how many columns of the terminal it takes.
pub(super) struct Drawing {
    pub(super) text: String,
    pub(super) width: usize,
}

pub(super) fn draw(graph: &Graph, colour: bool) -> Drawing {
    let mut columns = Columns::of(graph);
    let mut between = Vec::new();
    for column in 0..columns.columns.len() {
        let tracks = Tracks::of(columns.lines(column)).or_else(|| {
            // In rows of their own, no line can be taken for another.
            columns.shift(column + 1);
            Tracks::of(columns.lines(column))
        });
        between.extend(tracks);
    }
    let rows = columns.columns.iter().flat_map(|column| &column.places).map(|(_, row)| row + 1).max();
    let mut drawing = Drawing { text: String::new(), width: 0 };
    for row in 0..rows.unwrap_or_default() {
        let (line, width) = line(graph, &columns.columns, &between, row, colour);
        drawing.text.push_str(line.trim_end());
        drawing.text.push('\n');
        drawing.width = drawing.width.max(width);
    }
    drawing
}

/// One row through all columns.
fn line(graph: &Graph, columns: &[Column], between: &[Tracks], row: usize, colour: bool) -> (String, usize) {
    let (mut line, mut width) = (String::new(), 0);
    for (at, column) in columns.iter().enumerate() {
        let length = |place: Place| label(graph, place).chars().count();
        let widest = column.places.iter().map(|(place, _)| length(*place)).max().unwrap_or_default();
        let lines = between.get(at).map(|tracks| tracks.row(row)).unwrap_or_default();
        match column.places.iter().find(|(_, of)| *of == row).map(|(place, _)| *place) {
            None => line.push_str(&" ".repeat(widest + 2)),
            Some(Place::Line(_)) => line.push_str(&"─".repeat(widest + 2)),
            Some(place @ Place::Task(node)) => {
                let rest = if lines.starts_with('─') { "─" } else { " " }.repeat(widest - length(place));
                let text = paint(colour, code(graph.nodes[node].status), &label(graph, place));
                line.push_str(&format!(" {text} {rest}"));
            }
        }
        line.push_str(&lines);
        width += widest + 2 + lines.chars().count();
    }
    (line, width)
}

fn label(graph: &Graph, place: Place) -> String {
    match place {
        Place::Task(node) => format!("{} {}", glyph(graph.nodes[node].status), name(&graph.nodes[node])),
        Place::Line(_) => String::new(),
    }
}

/// What it is called, or what kind it is and which one; of a task that is not for us, only which one.
pub(super) fn name(node: &GraphNode) -> String {
    match (&node.name, &node.kind) {
        (Some(name), _) => name.clone(),
        (None, Some(kind)) => format!("{kind} {}", crate::out::short(node.id)),
        (None, None) => format!("? {}", crate::out::short(node.id)),
    }
}

#[cfg(test)]
mod tests;
