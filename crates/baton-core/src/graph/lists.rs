//! A list of nodes for each node, all in two allocations: a graph has up to a million edges.

use std::ops::Range;

/// The number of a node. A request that could name 2^32 of them would be far larger than any that is read.
pub(super) fn number(index: usize) -> u32 {
    index as u32
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Lists {
    /// Where the list of each node begins; one more at the end.
    starts: Vec<u32>,
    items: Vec<u32>,
}

impl Lists {
    pub(super) fn new(nodes: usize) -> Lists {
        let mut starts = Vec::with_capacity(nodes + 1);
        starts.push(0);
        Lists { starts, items: Vec::new() }
    }

    /// Adds to the list of the node that comes next.
    pub(super) fn push(&mut self, item: u32) {
        self.items.push(item);
    }

    /// The list of this node is complete.
    pub(super) fn close(&mut self) {
        self.starts.push(number(self.items.len()));
    }

    pub(super) fn nodes(&self) -> Range<u32> {
        0..number(self.starts.len() - 1)
    }

    pub(super) fn items(&self) -> usize {
        self.items.len()
    }

    pub(super) fn of(&self, node: u32) -> &[u32] {
        let node = node as usize;
        &self.items[self.starts[node] as usize..self.starts[node + 1] as usize]
    }

    /// The same edges seen from their other ends.
    pub(super) fn turned(&self) -> Lists {
        let mut starts = vec![0; self.starts.len()];
        for item in &self.items {
            starts[*item as usize + 1] += 1;
        }
        for node in 1..starts.len() {
            starts[node] += starts[node - 1];
        }
        let mut free = starts.clone();
        let mut items = vec![0; self.items.len()];
        for node in self.nodes() {
            for item in self.of(node) {
                let at = &mut free[*item as usize];
                items[*at as usize] = node;
                *at += 1;
            }
        }
        Lists { starts, items }
    }
}
