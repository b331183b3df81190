//! For graphs of ordinary size: few crossings, and straight lines, by Sugiyama's algorithm.
//!
//! The library takes long, and cannot be interrupted, where there is much to arrange. What it arranges is tasks and the
//! layers that edges pass through; so both have a limit here, and its two costly steps (minimal edges, transposition) are off.

use rust_sugiyama::configure::{Config, CrossingMinimization, RankingType};

use super::layers::Layers;
use super::pieces::Piece;
use super::plain::centre;
use super::{BOX, Edge, GAP, STEP};

/// At these limits it was under a second for every form of graph that was tried, without optimisation.
const NODES_MAX: usize = 1_000;
const EDGES_MAX: usize = 3_000;
const PASSED_MAX: u64 = 8_000;
/// The library walks by recursion, at worst as deep as it has things to arrange.
const STACK_BYTES: usize = 64 * 1024 * 1024;
/// A drawing that is so many times wider than its widest layer is drawn together.
const SPREAD_MAX: f64 = 2.0;

pub(super) fn fits(layers: &Layers) -> bool {
    layers.layer.len() <= NODES_MAX && layers.edges.len() <= EDGES_MAX && layers.passed() <= PASSED_MAX
}

/// Where the middle of each box is; `None` where the library has no answer.
pub(super) fn middles(piece: &Piece) -> Option<Vec<f64>> {
    if piece.edges.is_empty() {
        return None;
    }
    let (count, edges) = (piece.nodes.len(), piece.edges.clone());
    let arranged = std::thread::Builder::new().stack_size(STACK_BYTES).spawn(move || arrange(count, &edges));
    // A panic in there is a graph that the library cannot arrange: it is drawn without it.
    let middles = arranged.ok()?.join().ok()?;
    middles.iter().all(|x| x.is_finite()).then(|| together(piece, middles))
}

fn arrange(count: usize, edges: &[Edge]) -> Vec<f64> {
    let size = (BOX.0 as f64, BOX.1 as f64);
    let vertices: Vec<(u32, (f64, f64))> = (0..count as u32).map(|node| (node, size)).collect();
    let config = Config {
        minimum_length: 1,
        vertex_spacing: GAP.0 as f64,
        dummy_vertices: true,
        dummy_size: GAP.0 as f64,
        ranking_type: RankingType::Up,
        c_minimization: CrossingMinimization::Barycenter,
        transpose: false,
    };
    let mut middles = vec![f64::NAN; count];
    for (places, _, _) in rust_sugiyama::from_vertices_and_edges(&vertices, edges, &config) {
        for (node, (x, _)) in places {
            middles[node] = x;
        }
    }
    middles
}

/// Where straight lines have torn the layers apart, only the order within them is kept.
fn together(piece: &Piece, middles: Vec<f64>) -> Vec<f64> {
    let layers = piece.by_layer();
    let widest = layers.iter().map(Vec::len).max().unwrap_or_default();
    let (left, right) =
        middles.iter().fold((f64::MAX, f64::MIN), |(left, right), x| (left.min(*x), right.max(*x)));
    if right - left <= SPREAD_MAX * widest as f64 * STEP.0 as f64 {
        return middles;
    }
    let mut moved = middles.clone();
    for mut layer in layers {
        layer.sort_by(|one, other| middles[*one].total_cmp(&middles[*other]).then(one.cmp(other)));
        centre(&layer, &mut moved);
    }
    moved
}
