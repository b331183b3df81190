//! The longest way through a graph: what would have to be faster for the whole to be faster.

use super::Edge;
use super::layers::Layers;

/// The tasks of that way, the first one first. `lengths` says how long each task takes; among ways of the same length the one
/// with more tasks is taken, and among those the first.
pub(crate) fn critical(lengths: &[u64], edges: &[Edge]) -> Vec<u32> {
    let layers = Layers::of(lengths.len(), edges);
    // How long the longest way to the end of each task is, how many tasks it has, and from where it comes.
    let own = |node: usize| (lengths[node], 1_u32);
    let mut ways: Vec<(u64, u32)> = (0..lengths.len()).map(own).collect();
    let mut from: Vec<Option<u32>> = vec![None; lengths.len()];
    let mut edges = layers.edges;
    edges.sort_by_key(|(parent, child)| (layers.layer[*child as usize], *child, *parent));
    for (parent, child) in edges {
        let (length, tasks) = ways[parent as usize];
        let way = (length.saturating_add(lengths[child as usize]), tasks + 1);
        if way > ways[child as usize] {
            ways[child as usize] = way;
            from[child as usize] = Some(parent);
        }
    }
    let last = (0..ways.len()).max_by_key(|node| (ways[*node], std::cmp::Reverse(*node)));
    let mut path: Vec<u32> = last.map(|node| node as u32).into_iter().collect();
    while let Some(before) = path.last().and_then(|node| from[*node as usize]) {
        path.push(before);
    }
    path.reverse();
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_way_is_by_time_and_then_by_tasks() {
        let diamond = [(0, 1), (0, 2), (1, 3), (2, 3)];
        assert_eq!(critical(&[1, 5, 9, 1], &diamond), [0, 2, 3]);
        assert_eq!(critical(&[1, 9, 5, 1], &diamond), [0, 1, 3]);
        assert_eq!(critical(&[0, 0, 0, 0], &diamond), [0, 1, 3]);
        // A long task on its own is longer than many short ones.
        assert_eq!(critical(&[1, 1, 1, 9], &[(0, 1), (1, 2)]), [3]);
        assert_eq!(critical(&[], &[]), [0_u32; 0]);
    }

    #[test]
    fn a_circle_is_passed_by() {
        let path = critical(&[3, 1, 1], &[(0, 1), (1, 2), (2, 1)]);
        assert!(path.starts_with(&[0]), "{path:?}");
    }
}
