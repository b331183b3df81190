//! The lease protocol, explored exhaustively: who holds which task, whatever is lost, late or repeated.
//!
//! # The protocol
//!
//! A *holder* is one incarnation of a worker: worker id and boot, printed here as `A1`, `A2`, `B1`. On the server
//! (`shard.rs`, `scripts.rs`) each script is one atomic step. A holder claims tasks, each under a new fence; it
//! renews one lease for all it holds; it settles each task by a report that shows the fence. A new boot becomes
//! current by compare-and-set and takes over what the old one held. A holder whose lease ran out is reaped in
//! batches; from the first batch on its lease is lost. Here a batch is one task: a larger one is several steps with
//! nothing in between. A settle-and-claim is likewise a settle and a claim with nothing in between.
//!
//! A worker (`process.rs`) knows pairs of task and fence until they are acknowledged as settled. It has at most one
//! claim in flight, does not use the answer of a claim that it gave up, and drops a pair only if its own request
//! listed it. It stops its handlers before its lease can be seen as expired, unless it sleeps: then it is *blind*,
//! a zombie that acts on what it believes until it next looks at its clock.
//!
//! # What is abstract
//!
//! There are no clocks. That a deadline has passed shows only when somebody reaps, so a lease is alive or being
//! reaped, and `Reap` is possible whenever the holder does not trust its lease, or sleeps. An answer sent before that
//! is `stale` from then on: what it confirms is counted from its request. A retry, a timer and the backstop for hung
//! runs are left out: they end a run as a report does. A lost call is given up at once, since waiting for it
//! forbids a claim and allows nothing. An outcome is `Completed` or `Released`; failing ends a run like completing.
//! `tidy.rs` forgets what can have no effect any more; every message may be lost anyway.
//!
//! # Reading a counterexample
//!
//! `mutants.rs` takes each rule of `rules.rs` away and prints the shortest way to the broken promise, one step a line
//! (`cargo test --package baton-tests models::lease -- --nocapture`):
//!
//! ```text
//! Start(A1)                                                a process of worker A begins
//! Send(Claim { from: A1, .. holding: [0, 0] })             fences it knows of task 0 and task 1; 0 is none
//! Execute(Claim { from: A1, .. })                          the server runs the script; its answer is on the wire
//! Deliver(Claimed { to: A1, granted: [1, 0], .. })         A1 learns that it has task 0 under fence 1, and starts it
//! ```
//!
//! What is on the wire stays there until it is executed, delivered or lost: `Send` and `Execute` of one message may
//! be far apart, and its sender may be dead by then. The last line makes the step that must not be possible. To see
//! what a change of the protocol does, change the method of that name, run both tests, and read what is printed.
mod complete;
mod model;
mod mutants;
mod process;
mod properties;
mod rules;
mod scripts;
mod shard;
mod state;
mod tidy;
mod wire;
mod world;
