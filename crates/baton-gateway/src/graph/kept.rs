//! Drawings that were made lately. Where a task stands depends on tasks and edges alone, so whoever asks again while they are
//! the same gets the same drawing; a name made of all of them finds it, and is another one as soon as one edge is.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use baton_api::flow::Direction;

use super::{Drawing, Edge};

/// A drawing of 5,000 tasks is some 120 kB.
const KEPT_MAX: usize = 32;

/// Drawings by their names, the one that was wanted last in front.
#[derive(Debug, Default)]
pub(crate) struct Kept(Mutex<VecDeque<(String, Arc<Drawing>)>>);

impl Kept {
    pub(crate) fn find(&self, name: &str) -> Option<Arc<Drawing>> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = kept.iter().position(|(known, _)| known == name)?;
        let found = kept.remove(at)?;
        let drawing = Arc::clone(&found.1);
        kept.push_front(found);
        Some(drawing)
    }

    pub(crate) fn keep(&self, name: String, drawing: Arc<Drawing>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|(known, _)| *known != name);
        kept.push_front((name, drawing));
        kept.truncate(KEPT_MAX);
    }
}

/// The name of the drawing of so many tasks with these edges.
pub(crate) fn name(nodes: usize, edges: &[Edge], direction: Direction) -> String {
    let mut hash = sha1_smol::Sha1::new();
    hash.update(&(nodes as u64).to_le_bytes());
    hash.update(direction.as_str().as_bytes());
    for (parent, child) in edges {
        hash.update(&parent.to_le_bytes());
        hash.update(&child.to_le_bytes());
    }
    hash.digest().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_wanted_last_is_kept() {
        let kept = Kept::default();
        for at in 0..KEPT_MAX as u64 {
            kept.keep(at.to_string(), Arc::new(Drawing { width: at, ..Drawing::default() }));
        }
        assert_eq!(kept.find("0").map(|drawing| drawing.width), Some(0));
        kept.keep("more".to_owned(), Arc::default());
        assert_eq!((kept.find("1"), kept.find("0").is_some()), (None, true));
    }

    #[test]
    fn each_task_edge_and_direction_changes_the_name() {
        let names = [
            name(2, &[], Direction::Down),
            name(3, &[], Direction::Down),
            name(3, &[], Direction::Right),
            name(3, &[(0, 1)], Direction::Down),
            name(3, &[(1, 0)], Direction::Down),
        ];
        for (at, one) in names.iter().enumerate() {
            assert!(!names[at + 1..].contains(one), "{names:?}");
        }
        assert_eq!(name(3, &[(0, 1)], Direction::Down), names[3]);
    }
}
