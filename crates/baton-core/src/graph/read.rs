//! From names to numbers: which node does each name mean, and which names mean none that could be a parent?

use std::collections::HashMap;

use super::Node;
use super::lists::{Lists, number};
use super::mistake::{Mistake, Mistakes};
use super::similar::Search;

/// The parents of each node, without those that are a mistake.
pub(super) fn parents<P: AsRef<str>>(nodes: &[Node<'_, P>], mistakes: &mut Mistakes) -> Lists {
    let known = names(nodes, mistakes);
    let mut search = Search::new(nodes.iter().filter_map(|node| node.name));
    let mut lists = Lists::new(nodes.len());
    // The last node that named this one as a parent, counted from 1: finds repetitions without a set per node.
    let mut named_by = vec![0; nodes.len()];
    for (node, at) in nodes.iter().zip(0..) {
        for (parent, name) in node.parents.iter().map(AsRef::as_ref).enumerate() {
            match known.get(name) {
                None => mistakes.note(|| Mistake::UnknownRef {
                    node: at,
                    parent,
                    name: name.to_owned(),
                    similar: search.nearest(name).map(str::to_owned),
                }),
                Some(found) if *found as usize == at => {
                    mistakes.note(|| Mistake::SelfEdge { node: at, parent, name: name.to_owned() });
                }
                Some(found) if named_by[*found as usize] == at + 1 => {
                    mistakes.note(|| Mistake::DuplicateParent { node: at, parent, name: name.to_owned() });
                }
                Some(found) => {
                    named_by[*found as usize] = at + 1;
                    lists.push(*found);
                }
            }
        }
        lists.close();
    }
    lists
}

/// Where several nodes have one name, the first is meant.
fn names<'a, P>(nodes: &[Node<'a, P>], mistakes: &mut Mistakes) -> HashMap<&'a str, u32> {
    let mut known = HashMap::with_capacity(nodes.len());
    for (node, name) in nodes.iter().enumerate().filter_map(|(at, node)| Some((at, node.name?))) {
        let first = *known.entry(name).or_insert(number(node)) as usize;
        if first != node {
            mistakes.note(|| Mistake::DuplicateRef { node, first, name: name.to_owned() });
        }
    }
    known
}
