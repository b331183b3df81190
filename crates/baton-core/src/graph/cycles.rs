//! Cycles: one for each set of nodes in which every node waits for every other (a strongly connected component), so
//! that a graph with several is mended in one go, and one with thousands through the same node is not told thousands of times.

use super::Node;
use super::lists::{Lists, number};
use super::mistake::{Mistake, Mistakes};

const NONE: u32 = u32::MAX;

pub(super) fn find<P: AsRef<str>>(nodes: &[Node<'_, P>], children: &Lists, mistakes: &mut Mistakes) {
    let groups = Groups::of(children);
    let mut paths = Paths { children, group: &groups.of, before: vec![NONE; nodes.len()] };
    for (first, _) in groups.firsts.iter().zip(&groups.sizes).filter(|(_, size)| **size > 1) {
        mistakes.note(|| {
            let path = paths.around(*first);
            let first = *first as usize;
            // Whatever lies on a cycle is a parent, and so has a name.
            let name = |node: usize| nodes[node].name.unwrap_or_default();
            let last = path.last().map(|last| name(*last)).unwrap_or_default();
            // Looked up by its name: the list of numbers lacks the parents that are a mistake of their own.
            let named = |parent: &P| parent.as_ref() == last;
            let parent = nodes[first].parents.iter().position(named).unwrap_or_default();
            Mistake::cycle((first, parent), path, |node| name(node).to_owned())
        });
    }
}

/// Shortest ways within a group.
struct Paths<'a> {
    children: &'a Lists,
    group: &'a [u32],
    /// From which node each one was reached.
    before: Vec<u32>,
}

impl Paths<'_> {
    /// The shortest cycle through a node that lies on one, from that node on.
    fn around(&mut self, first: u32) -> Vec<usize> {
        let mut reached = vec![first];
        let mut at = 0;
        while let Some(node) = reached.get(at).copied() {
            at += 1;
            for child in self.children.of(node).iter().copied() {
                if child == first {
                    return self.back(first, node);
                }
                let inside = self.group[child as usize] == self.group[first as usize];
                if inside && self.before[child as usize] == NONE {
                    self.before[child as usize] = node;
                    reached.push(child);
                }
            }
        }
        // Not reached: where all wait for each other, a way leads back to each.
        Vec::new()
    }

    fn back(&self, first: u32, last: u32) -> Vec<usize> {
        let mut path = vec![last as usize];
        let mut node = last;
        while node != first {
            node = self.before[node as usize];
            path.push(node as usize);
        }
        path.reverse();
        path
    }
}

/// The strongly connected components: Tarjan's algorithm, with a stack of its own.
struct Groups {
    /// Of each node its group.
    of: Vec<u32>,
    /// Of each group the node that was submitted first, and how many it has.
    firsts: Vec<u32>,
    sizes: Vec<u32>,
}

struct Walk<'a> {
    children: &'a Lists,
    groups: Groups,
    /// When each node was met.
    met: Vec<u32>,
    /// The earliest node without a group that is known to be reachable from this one.
    low: Vec<u32>,
    count: u32,
    /// Nodes without a group yet, in the order in which they were met.
    loose: Vec<u32>,
    /// The way we came, and how many children of each node on it have been looked at.
    way: Vec<(u32, usize)>,
}

impl Groups {
    fn of(children: &Lists) -> Groups {
        let none = || vec![NONE; children.nodes().len()];
        let groups = Groups { of: none(), firsts: Vec::new(), sizes: Vec::new() };
        let (met, low) = (none(), none());
        let mut walk = Walk { children, groups, met, low, count: 0, loose: Vec::new(), way: Vec::new() };
        for root in children.nodes() {
            if walk.met[root as usize] == NONE {
                walk.from(root);
            }
        }
        walk.groups
    }

    /// Closes a group with the nodes that were met last, down to its root.
    fn close(&mut self, loose: &mut Vec<u32>, root: u32) {
        let group = number(self.firsts.len());
        let (mut first, mut size) = (root, 0);
        while let Some(node) = loose.pop() {
            self.of[node as usize] = group;
            (first, size) = (first.min(node), size + 1);
            if node == root {
                break;
            }
        }
        self.firsts.push(first);
        self.sizes.push(size);
    }
}

impl Walk<'_> {
    fn from(&mut self, root: u32) {
        self.enter(root);
        while let Some((node, looked)) = self.way.last_mut() {
            let (node, at) = (*node, *looked);
            *looked += 1;
            match self.children.of(node).get(at).copied() {
                Some(child) if self.met[child as usize] == NONE => self.enter(child),
                Some(child) if self.groups.of[child as usize] == NONE => {
                    self.lower(node, self.met[child as usize]);
                }
                // It has its group: no way leads back from there.
                Some(_) => {}
                None => self.leave(node),
            }
        }
    }

    fn enter(&mut self, node: u32) {
        self.met[node as usize] = self.count;
        self.low[node as usize] = self.count;
        self.count += 1;
        self.loose.push(node);
        self.way.push((node, 0));
    }

    fn leave(&mut self, node: u32) {
        self.way.pop();
        let low = self.low[node as usize];
        if low == self.met[node as usize] {
            self.groups.close(&mut self.loose, node);
        }
        if let Some((above, _)) = self.way.last().copied() {
            self.lower(above, low);
        }
    }

    fn lower(&mut self, node: u32, to: u32) {
        let low = &mut self.low[node as usize];
        *low = to.min(*low);
    }
}
