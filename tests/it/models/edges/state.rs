//! What Redis holds about three tasks, what is really due between them, and the evidence.
//!
//! Everything is a small number or a set of bits: millions of copies are made and hashed.
use std::fmt;

pub(super) const TASKS: usize = 3;

/// A task, printed as `P`, `Q`, `C`. The letters say who is parent of whom in the usual story; every task may be both.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Task(pub(super) u8);

pub(super) const P: Task = Task(0);
pub(super) const Q: Task = Task(1);
pub(super) const C: Task = Task(2);

impl Task {
    pub(super) const ALL: [Task; TASKS] = [P, Q, C];
    pub(super) fn index(self) -> usize {
        self.0 as usize
    }
}

impl fmt::Debug for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", ['P', 'Q', 'C'][self.index()])
    }
}

/// A set of tasks, in the order of their ids, as a sorted set is paged.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Set(u8);

impl Set {
    pub(super) const EMPTY: Set = Set(0);
    pub(super) fn has(self, task: Task) -> bool {
        self.0 & 1 << task.0 != 0
    }
    pub(super) fn is_empty(self) -> bool {
        self.0 == 0
    }
    pub(super) fn put(&mut self, task: Task) {
        self.0 |= 1 << task.0;
    }
    /// Whether it was there.
    pub(super) fn take(&mut self, task: Task) -> bool {
        let had = self.has(task);
        self.0 &= !(1 << task.0);
        had
    }
    pub(super) fn join(self, other: Set) -> Set {
        Set(self.0 | other.0)
    }
    pub(super) fn both(self, other: Set) -> Set {
        Set(self.0 & other.0)
    }
    pub(super) fn without(self, other: Set) -> Set {
        Set(self.0 & !other.0)
    }
    pub(super) fn iter(self) -> impl Iterator<Item = Task> {
        Task::ALL.into_iter().filter(move |task| self.has(*task))
    }
}

impl fmt::Debug for Set {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Status {
    /// Pruned. An id that never existed is the same.
    Absent,
    Blocked,
    Pending,
    Running,
    Completed,
    /// Or timed out: an edge sees no difference.
    Failed,
    Cancelled,
}

impl Status {
    pub(super) fn is_bad_end(self) -> bool {
        matches!(self, Status::Failed | Status::Cancelled)
    }
    pub(super) fn is_terminal(self) -> bool {
        self == Status::Completed || self.is_bad_end()
    }
}

/// What becomes of a task when a parent ends without having completed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Policy {
    Hold,
    Cancel,
    Run,
}

/// A task's keys in Redis. `children` and `:parents` are one relation here, written at both ends by each script.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Row {
    pub(super) status: Status,
    pub(super) policy: Policy,
    /// The field `open_parents`: the gate.
    pub(super) open: u8,
    pub(super) children: Set,
    /// Children whose edge from here is open, and has not met a bad end.
    pub(super) waiting: Set,
    /// Children whose edge from here is open because this task ended badly.
    pub(super) parked: Set,
    /// Whether it is listed in `cascades`: its end is not yet propagated to all of `waiting`.
    pub(super) cascading: bool,
    /// How many of `waiting` are behind it, for a cascade that (against the rules) goes by a cursor.
    pub(super) cursor: u8,
}

impl Row {
    pub(super) const ABSENT: Row = Row {
        status: Status::Absent,
        policy: Policy::Hold,
        open: 0,
        children: Set::EMPTY,
        waiting: Set::EMPTY,
        parked: Set::EMPTY,
        cascading: false,
        cursor: 0,
    };
    pub(super) fn open_edges(&self) -> Set {
        self.waiting.join(self.parked)
    }
}

/// What is so between a parent and its children, whatever Redis has recorded. Kept by `truth.rs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Truth {
    /// Linked, and the parent has done since then nothing that lets the child go.
    pub(super) due: Set,
    /// Linked, and the parent has completed since, or ended with a child that runs anyway.
    pub(super) met: Set,
    /// Children that somebody reran, knowingly, after this parent's bad end.
    pub(super) excused: Set,
    /// Edges that count in the child's `open_parents`.
    pub(super) counted: Set,
    /// It has completed once: the same report may arrive again at any time from now on.
    pub(super) reported: bool,
}

impl Truth {
    pub(super) const NOTHING: Truth =
        Truth { due: Set::EMPTY, met: Set::EMPTY, excused: Set::EMPTY, counted: Set::EMPTY, reported: false };
}

/// What a transition itself found wrong, for facts that the state after it no longer shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Alarms {
    pub(super) started_early: bool,
    pub(super) closed_twice: bool,
    pub(super) lost_a_parent: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Spent {
    pub(super) reruns: u8,
    pub(super) links: u8,
    pub(super) unlinks: u8,
    pub(super) cancels: u8,
    pub(super) prunes: u8,
    pub(super) slips: u8,
}

#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct World {
    pub(super) rows: [Row; TASKS],
    pub(super) truth: [Truth; TASKS],
    pub(super) alarms: Alarms,
    pub(super) spent: Spent,
}

impl World {
    pub(super) fn row(&mut self, task: Task) -> &mut Row {
        &mut self.rows[task.index()]
    }
    pub(super) fn status(&self, task: Task) -> Status {
        self.rows[task.index()].status
    }
    pub(super) fn is_linked(&self, parent: Task, child: Task) -> bool {
        self.rows[parent.index()].children.has(child)
    }
    /// Whether a way leads from one task down to the other.
    pub(super) fn leads(&self, from: Task, to: Task) -> bool {
        let (mut seen, mut todo) = (Set::EMPTY, vec![from]);
        while let Some(task) = todo.pop() {
            if task == to {
                return true;
            }
            let next = self.rows[task.index()].children.without(seen);
            seen = seen.join(next);
            todo.extend(next.iter());
        }
        false
    }
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = Task::ALL.map(|task| (task, self.rows[task.index()]));
        for (task, row) in named {
            let Row { status, policy, open, children, waiting, parked, cascading, .. } = row;
            write!(f, "{task:?} {status:?} ({policy:?}) open={open}")?;
            write!(f, " children={children:?} waiting={waiting:?} parked={parked:?}")?;
            writeln!(f, "{}", if cascading { " in cascades" } else { "" })?;
        }
        Ok(())
    }
}
