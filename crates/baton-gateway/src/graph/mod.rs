//! Where each task of a graph stands when it is drawn: in layers, parents above their children, or to the left of them.
//!
//! The same graph is always drawn in the same way, and where its tasks are in their lives moves none of them.

mod critical;
mod kept;
mod layers;
mod pieces;
mod plain;
mod ranked;
#[cfg(test)]
mod tests;

use baton_api::flow::Direction;

pub(crate) use critical::critical;
pub(crate) use kept::{Kept, name};
use layers::Layers;
use pieces::Piece;

/// A box, and the room between two of them.
pub(crate) const BOX: (u64, u64) = (160, 40);
pub(crate) const GAP: (u64, u64) = (40, 60);
const STEP: (u64, u64) = (BOX.0 + GAP.0, BOX.1 + GAP.1);
/// Where layers stand beside each other: edges need room in their length, boxes little above each other.
const STEP_RIGHT: (u64, u64) = (BOX.0 + 56, BOX.1 + 20);

/// Tasks that are drawn; of more the first are.
pub(crate) const NODES_MAX: usize = 5_000;
/// Edges that are drawn.
pub(crate) const EDGES_MAX: usize = 20_000;

/// From a parent to its child, by their places in the list of tasks.
pub(crate) type Edge = (u32, u32);

/// Where one task stands: its layer, and the middle of its box.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) layer: u64,
    pub(crate) x: u64,
    pub(crate) y: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Drawing {
    pub(crate) places: Vec<Place>,
    pub(crate) width: u64,
    pub(crate) height: u64,
}

/// Draws so many tasks with these edges. It may take some tens of ms.
pub(crate) fn draw(nodes: usize, edges: &[Edge], direction: Direction) -> Drawing {
    let layers = Layers::of(nodes, edges);
    let mut pieces = pieces::cut(&layers);
    let few = ranked::fits(&layers);
    for piece in &mut pieces {
        let middles = if few { ranked::middles(piece) } else { None };
        piece.middles = apart(piece, middles.unwrap_or_else(|| plain::middles(piece)));
    }
    pieces::pack(&layers, &pieces, direction)
}

/// Moves boxes of one layer to the right until none touches the next, and all of them to the left edge.
fn apart(piece: &Piece, middles: Vec<f64>) -> Vec<u64> {
    let left = middles.iter().copied().fold(f64::INFINITY, f64::min);
    let mut moved: Vec<u64> = middles.iter().map(|x| (x - left).round() as u64 + BOX.0 / 2).collect();
    for mut layer in piece.by_layer() {
        layer.sort_by_key(|node| (moved[*node], *node));
        for pair in 1..layer.len() {
            let free = moved[layer[pair - 1]] + STEP.0;
            moved[layer[pair]] = moved[layer[pair]].max(free);
        }
    }
    moved
}
