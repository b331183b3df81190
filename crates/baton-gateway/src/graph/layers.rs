//! Which layer each task stands in: one below the lowest of its parents.

use super::Edge;

/// A graph in layers, with the edges that lead down.
#[derive(Debug)]
pub(super) struct Layers {
    pub(super) layer: Vec<u32>,
    /// Sorted, each once. What was read while edges changed may hold a circle; the edges of one are left out, so that
    /// every edge leads from a layer to a lower one.
    pub(super) edges: Vec<Edge>,
}

impl Layers {
    pub(super) fn of(nodes: usize, edges: &[Edge]) -> Layers {
        let inside = |edge: &&Edge| (edge.0 as usize) < nodes && (edge.1 as usize) < nodes;
        let mut edges: Vec<Edge> = edges.iter().filter(inside).copied().collect();
        edges.sort_unstable();
        edges.dedup();
        let mut starts = vec![0; nodes + 1];
        let mut open = vec![0_u32; nodes];
        for (parent, child) in &edges {
            starts[*parent as usize + 1] += 1;
            open[*child as usize] += 1;
        }
        for node in 1..=nodes {
            starts[node] += starts[node - 1];
        }
        let mut layer = vec![0; nodes];
        let mut ready: Vec<usize> = (0..nodes).filter(|node| open[*node] == 0).collect();
        while let Some(node) = ready.pop() {
            for (_, child) in &edges[starts[node]..starts[node + 1]] {
                let child = *child as usize;
                layer[child] = layer[child].max(layer[node] + 1);
                open[child] -= 1;
                if open[child] == 0 {
                    ready.push(child);
                }
            }
        }
        edges.retain(|(parent, child)| layer[*parent as usize] < layer[*child as usize]);
        Layers { layer, edges }
    }

    /// How many layers the edges pass through without ending there.
    pub(super) fn passed(&self) -> u64 {
        let passes = |(parent, child): &Edge| self.layer[*child as usize] - self.layer[*parent as usize] - 1;
        self.edges.iter().map(|edge| u64::from(passes(edge))).sum()
    }
}
