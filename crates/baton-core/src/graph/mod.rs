//! A graph as it is submitted: is it one that can run, and in which order are its tasks written?
//!
//! All of it is linear and walks with stacks of its own: 100,000 tasks in one chain must not reach the end of ours. What
//! an edge does later, when its parent ends, is not known here.

mod cycles;
mod lists;
mod mistake;
mod read;
mod similar;
#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use lists::Lists;

pub use mistake::{MISTAKES_MAX, Mistake, Mistakes};

/// A task as far as the graph knows it: what others may call it, and what it calls its parents.
#[derive(Clone, Copy, Debug)]
pub struct Node<'a, P> {
    /// Without a name it can have parents, but be nobody's parent.
    pub name: Option<&'a str>,
    pub parents: &'a [P],
}

/// A graph without mistakes. Nodes go by their index in what was submitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    order: Vec<u32>,
    parents: Lists,
    children: Lists,
}

/// Reads a graph and orders it, or says all that is wrong with it.
pub fn plan<P: AsRef<str>>(nodes: &[Node<'_, P>]) -> Result<Plan, Mistakes> {
    let mut mistakes = Mistakes::default();
    let parents = read::parents(nodes, &mut mistakes);
    let children = parents.turned();
    let order = order(&parents, &children);
    if order.len() < nodes.len() {
        cycles::find(nodes, &children, &mut mistakes);
    }
    if mistakes.is_empty() { Ok(Plan { order, parents, children }) } else { Err(mistakes.sorted()) }
}

/// Parents first, and of those that are ready the one that was submitted first: a graph that was written parents first
/// keeps its order. The heap makes it n log n in the nodes; it stays linear in the edges, which are what there is much of.
fn order(parents: &Lists, children: &Lists) -> Vec<u32> {
    let mut open: Vec<usize> = parents.nodes().map(|node| parents.of(node).len()).collect();
    let mut ready: BinaryHeap<Reverse<u32>> =
        parents.nodes().filter(|node| parents.of(*node).is_empty()).map(Reverse).collect();
    let mut order = Vec::with_capacity(open.len());
    while let Some(Reverse(node)) = ready.pop() {
        order.push(node);
        for child in children.of(node) {
            let left = &mut open[*child as usize];
            *left -= 1;
            if *left == 0 {
                ready.push(Reverse(*child));
            }
        }
    }
    order
}

impl Plan {
    /// Every node once, none before one of its parents.
    pub fn order(&self) -> &[u32] {
        &self.order
    }

    /// Of each node its place in the order, from 1 as `FlowId::task` counts.
    pub fn positions(&self) -> Vec<u32> {
        let mut positions = vec![0; self.order.len()];
        for (position, node) in (1..).zip(&self.order) {
            positions[*node as usize] = position;
        }
        positions
    }

    /// In the order in which the node names them.
    pub fn parents(&self, node: u32) -> &[u32] {
        self.parents.of(node)
    }

    /// In the order in which they were submitted.
    pub fn children(&self, node: u32) -> &[u32] {
        self.children.of(node)
    }

    pub fn edges(&self) -> usize {
        self.parents.items()
    }

    /// Of each node the number of edges on the longest way to it: all its parents lie in lower layers.
    pub fn layers(&self) -> Vec<u32> {
        let mut layers = vec![0; self.order.len()];
        for node in &self.order {
            let above = self.parents(*node).iter().map(|parent| layers[*parent as usize] + 1).max();
            layers[*node as usize] = above.unwrap_or(0);
        }
        layers
    }
}
