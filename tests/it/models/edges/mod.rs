//! The edges between tasks, explored exhaustively: who may start, whatever is rerun, linked, unlinked or pruned
//! while an end is still on its way to the children.
//!
//! # The rules
//!
//! An edge from parent to child is *open* exactly while the child is in `waiting` or `parked` of the parent. The field
//! `open_parents` of the child counts its open edges, and a claim needs it to be 0. A parent that ends *cascades*: its
//! edges leave `waiting` one by one, and meanwhile it is listed in `cascades`. An edge whose parent completed, or
//! whose child runs anyway, is closed; any other one is parked, and cancels its child if that asked for it. A rerun lets
//! the parked edges wait again, and is refused while the task's own cascade is unfinished. A link to a parent that
//! has ended does at once what the cascade would have done. An edge that is closed stays closed.
//!
//! Pruning keeps a task from which an edge is open, parked ones too, or which has a child that has not ended. Edges
//! *to* an ended task keep nobody: in the script that removes it, it leaves the sets of its parents. So what has ended
//! goes leaves first, and a parent that failed does not stay for ever together with the child that this cancelled.
//!
//! # What is abstract
//!
//! Three tasks, and each script is one atomic step (`scripts.rs`, `links.rs`). A cascade (`cascade.rs`) takes one edge
//! a step, any of those left, so that everything else may come in between; a script that takes more, in order, is
//! several of these steps. `truth.rs` keeps what is really due between parent and child without a look at the counters
//! and sets. There are no fences and leases, `models::lease` has those: a run that is lost is `Release`, and a report
//! that is repeated shows only in what it would do to edges. A call of an operator that is sent again is one more call.
//! Scheduled is pending, timed out is failed, and a flow is its tasks: drafts and their layout are not here.
//!
//! # What is not promised
//!
//! A rerun of a child that its parent's cascade has not reached is overtaken by it: fail P, cancel C, rerun C, and the
//! cascade cancels C again, though P had ended before. Had the cascade been quicker, C would be held. And a rerun
//! child whose closed parent is pruned by then runs without that parent's result.
//!
//! # Reading a counterexample
//!
//! `mutants.rs` takes each rule of `rules.rs` away and prints the shortest way to the broken promise, one step a line
//! (`cargo test --package baton-tests models::edges -- --nocapture`):
//!
//! ```text
//! edges at first: [[(P, Q), (P, C)]]       P is parent of Q and of C
//! Claim(P)
//! Complete(P)                              P is in `cascades` from here on
//! Cascade(P, Q)                            the chore has reached Q; by a cursor, Q is still in `waiting`
//! Unlink(P, Q)                             so this decrements too, and the cursor is past C, which waits for ever
//! ```
mod cascade;
mod complete;
mod links;
mod model;
mod mutants;
mod properties;
mod rules;
mod scripts;
mod state;
mod tidy;
mod truth;
