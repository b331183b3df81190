//! What can be wrong with a graph, in words.

use std::fmt;

/// Mistakes that are listed. Nobody reads more, and an answer that named all of a million would be larger than the request.
pub const MISTAKES_MAX: usize = 1_000;

/// Names that are shown of each end of a cycle.
const CYCLE_HEAD: usize = 5;
const CYCLE_TAIL: usize = 1;

/// Of a name; what is longer is no name, but may have been sent as one.
const NAME_CHARACTERS_MAX: usize = 128;

/// One thing that is wrong. `node` is an index in what was submitted, `parent` one in the parents of that node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mistake {
    UnknownRef {
        node: usize,
        parent: usize,
        name: String,
        similar: Option<String>,
    },
    SelfEdge {
        node: usize,
        parent: usize,
        name: String,
    },
    DuplicateRef {
        node: usize,
        first: usize,
        name: String,
    },
    DuplicateParent {
        node: usize,
        parent: usize,
        name: String,
    },
    /// Each node of the path is a parent of the next, and the last a parent of the first: the one that `parent` of
    /// `node` names. Of the names there are as many as are shown.
    Cycle {
        node: usize,
        parent: usize,
        path: Vec<usize>,
        names: Vec<String>,
    },
}

/// All that is wrong with a graph, in the order of the nodes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mistakes {
    pub listed: Vec<Mistake>,
    /// How many there are beside the listed ones.
    pub more: usize,
}

impl Mistake {
    /// A cycle's, with the names that it shows of those on the path.
    pub(super) fn cycle(at: (usize, usize), path: Vec<usize>, name: impl Fn(usize) -> String) -> Mistake {
        let shown: Vec<&usize> = if path.len() <= CYCLE_HEAD + CYCLE_TAIL {
            path.iter().collect()
        } else {
            path.iter().take(CYCLE_HEAD).chain(&path[path.len() - CYCLE_TAIL..]).collect()
        };
        let names = shown.into_iter().map(|node| name(*node)).collect();
        Mistake::Cycle { node: at.0, parent: at.1, path, names }
    }

    /// Where it is: the node, and which of its parents if it is about one.
    pub fn place(&self) -> (usize, Option<usize>) {
        match self {
            Mistake::DuplicateRef { node, .. } => (*node, None),
            Mistake::UnknownRef { node, parent, .. }
            | Mistake::SelfEdge { node, parent, .. }
            | Mistake::DuplicateParent { node, parent, .. }
            | Mistake::Cycle { node, parent, .. } => (*node, Some(*parent)),
        }
    }

    /// A task that is its own parent is the shortest of cycles.
    pub fn is_cycle(&self) -> bool {
        matches!(self, Mistake::Cycle { .. } | Mistake::SelfEdge { .. })
    }
}

impl Mistakes {
    pub fn is_empty(&self) -> bool {
        self.listed.is_empty()
    }

    /// Is nothing wrong but that tasks would wait for themselves? What is not listed counts as something else.
    pub fn are_cycles(&self) -> bool {
        self.more == 0 && self.listed.iter().all(Mistake::is_cycle)
    }

    pub(super) fn note(&mut self, mistake: impl FnOnce() -> Mistake) {
        if self.listed.len() < MISTAKES_MAX {
            self.listed.push(mistake());
        } else {
            self.more += 1;
        }
    }

    pub(super) fn sorted(mut self) -> Mistakes {
        self.listed.sort_by_key(Mistake::place);
        self
    }
}

/// A name as it is shown: user text, perhaps not checked yet.
fn shown(name: &str) -> String {
    let mut text: String = name.chars().take(NAME_CHARACTERS_MAX).flat_map(char::escape_debug).collect();
    if name.chars().nth(NAME_CHARACTERS_MAX).is_some() {
        text.push('…');
    }
    text
}

/// `a → b → … 995 more … → z → a`
fn circle(path: &[usize], names: &[String], out: &mut fmt::Formatter<'_>) -> fmt::Result {
    let hidden = path.len() - names.len();
    for (at, name) in names.iter().enumerate() {
        if hidden > 0 && at == CYCLE_HEAD {
            write!(out, "… {hidden} more … → ")?;
        }
        write!(out, "{} → ", shown(name))?;
    }
    out.write_str(&names.first().map(|name| shown(name)).unwrap_or_default())
}

impl fmt::Display for Mistake {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Mistake::UnknownRef { name, similar, .. } => {
                write!(out, "no task of this flow has the ref `{}`", shown(name))?;
                match similar {
                    Some(similar) => write!(out, ": did you mean `{}`?", shown(similar)),
                    None => Ok(()),
                }
            }
            Mistake::SelfEdge { name, .. } => write!(out, "`{}` would wait for itself", shown(name)),
            Mistake::DuplicateRef { first, name, .. } => {
                write!(out, "the ref `{}` is taken by the task at index {first}", shown(name))
            }
            Mistake::DuplicateParent { name, .. } => {
                write!(out, "`{}` is named as a parent of this task twice", shown(name))
            }
            Mistake::Cycle { path, names, .. } => {
                out.write_str("these tasks would wait for each other: ")?;
                circle(path, names, out)
            }
        }
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let listed: Vec<String> = self.listed.iter().map(Mistake::to_string).collect();
        out.write_str(&listed.join("; "))?;
        if self.more > 0 { write!(out, "; and {} more", self.more) } else { Ok(()) }
    }
}

impl std::error::Error for Mistakes {}
