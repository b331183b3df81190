//! For large graphs: each task as near below the middle of its parents as its layer has room. One pass, linear but for
//! the sorting.

use super::STEP;
use super::pieces::Piece;

pub(super) fn middles(piece: &Piece) -> Vec<f64> {
    let mut sums = vec![(0.0, 0_u32); piece.nodes.len()];
    let mut middles = vec![0.0; piece.nodes.len()];
    let mut below = vec![Vec::new(); piece.nodes.len()];
    for (parent, child) in &piece.edges {
        below[*parent as usize].push(*child as usize);
    }
    for mut layer in piece.by_layer() {
        let wish = |node: usize| match sums[node] {
            (_, 0) => node as f64,
            (sum, count) => sum / f64::from(count),
        };
        layer.sort_by(|one, other| wish(*one).total_cmp(&wish(*other)).then(one.cmp(other)));
        centre(&layer, &mut middles);
        for node in layer {
            for child in &below[node] {
                sums[*child].0 += middles[node];
                sums[*child].1 += 1;
            }
        }
    }
    middles
}

/// The boxes of a layer in this order, with the middle of all layers on the same line.
pub(super) fn centre(layer: &[usize], middles: &mut [f64]) {
    let half = layer.len() as f64 / 2.0;
    for (at, node) in layer.iter().enumerate() {
        middles[*node] = (at as f64 + 0.5 - half) * STEP.0 as f64;
    }
}
