//! A graph often falls into pieces that have nothing to do with each other: each is drawn by itself, and they are set
//! side by side, in rows.

use std::collections::BTreeMap;

use baton_api::flow::Direction;

use super::layers::Layers;
use super::{BOX, Drawing, Edge, GAP, Place, STEP, STEP_RIGHT};

/// Tasks that hang together. Within a piece they go by their places in `nodes`.
#[derive(Debug, Default)]
pub(super) struct Piece {
    pub(super) nodes: Vec<u32>,
    pub(super) layer: Vec<u32>,
    pub(super) edges: Vec<Edge>,
    /// Where the middle of each box is, from the left of the piece.
    pub(super) middles: Vec<u64>,
}

impl Piece {
    /// The tasks of each layer, from the top.
    pub(super) fn by_layer(&self) -> Vec<Vec<usize>> {
        let depth = self.layer.iter().max().map_or(0, |most| *most as usize + 1);
        let mut layers = vec![Vec::new(); depth];
        for (node, layer) in self.layer.iter().enumerate() {
            layers[*layer as usize].push(node);
        }
        layers
    }

    fn size(&self, direction: Direction) -> (u64, u64) {
        let widest = self.middles.iter().max().map_or(0, |middle| middle + BOX.0 / 2);
        let deepest = self.layer.iter().max().map_or(0, |layer| u64::from(*layer));
        if self.nodes.is_empty() {
            return (0, 0);
        }
        match direction {
            Direction::Down => (widest, deepest * STEP.1 + BOX.1),
            Direction::Right => (deepest * STEP_RIGHT.0 + BOX.0, across(widest - BOX.0 / 2) + BOX.1 / 2),
        }
    }

    /// The middle of a box, from the upper left corner of the piece.
    fn spot(&self, at: usize, direction: Direction) -> (u64, u64) {
        let (layer, middle) = (u64::from(self.layer[at]), self.middles[at]);
        match direction {
            Direction::Down => (middle, layer * STEP.1 + BOX.1 / 2),
            Direction::Right => (layer * STEP_RIGHT.0 + BOX.0 / 2, across(middle)),
        }
    }
}

/// The middle of a box along its layer, where layers stand beside each other: boxes are less high than wide.
fn across(middle: u64) -> u64 {
    (middle - BOX.0 / 2) * STEP_RIGHT.1 / STEP.0 + BOX.1 / 2
}

/// The pieces of a graph, in the order of their first tasks.
pub(super) fn cut(layers: &Layers) -> Vec<Piece> {
    let mut group: Vec<u32> = (0..layers.layer.len() as u32).collect();
    for (parent, child) in &layers.edges {
        let (one, other) = (root(&mut group, *parent), root(&mut group, *child));
        group[one.max(other) as usize] = one.min(other);
    }
    let mut pieces: BTreeMap<u32, Piece> = BTreeMap::new();
    let mut within = vec![0; group.len()];
    for node in 0..group.len() as u32 {
        let piece = pieces.entry(root(&mut group, node)).or_default();
        within[node as usize] = piece.nodes.len() as u32;
        piece.nodes.push(node);
        piece.layer.push(layers.layer[node as usize]);
    }
    for (parent, child) in &layers.edges {
        let edge = (within[*parent as usize], within[*child as usize]);
        pieces.entry(root(&mut group, *parent)).or_default().edges.push(edge);
    }
    pieces.into_values().collect()
}

fn root(group: &mut [u32], node: u32) -> u32 {
    let mut top = node;
    while group[top as usize] != top {
        // Halves the way for whoever comes next.
        group[top as usize] = group[group[top as usize] as usize];
        top = group[top as usize];
    }
    top
}

/// Sets pieces side by side, and begins a new row where the drawing would become much wider than it is high.
pub(super) fn pack(layers: &Layers, pieces: &[Piece], direction: Direction) -> Drawing {
    let sizes: Vec<(u64, u64)> = pieces.iter().map(|piece| piece.size(direction)).collect();
    let area: u64 = sizes.iter().map(|(width, height)| (width + GAP.0) * (height + GAP.1)).sum();
    let widest = sizes.iter().map(|(width, _)| *width).max().unwrap_or_default();
    let limit = widest.max((area * 2).isqrt());
    let mut drawing = Drawing { places: vec![Place::default(); layers.layer.len()], width: 0, height: 0 };
    let (mut left, mut top) = (0, 0);
    for (piece, (width, height)) in pieces.iter().zip(sizes) {
        if left > 0 && left + width > limit {
            (left, top) = (0, drawing.height + GAP.1);
        }
        for (at, node) in piece.nodes.iter().enumerate() {
            let (x, y) = piece.spot(at, direction);
            let layer = u64::from(piece.layer[at]);
            drawing.places[*node as usize] = Place { layer, x: left + x, y: top + y };
        }
        drawing.width = drawing.width.max(left + width);
        drawing.height = drawing.height.max(top + height);
        left += width + GAP.0;
    }
    drawing
}
