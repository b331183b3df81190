//! The supervisor: keeps its share of a pool's workers alive, each in a process of its own.
//!
//! What is to be done is decided by the [`crew`], which neither looks at a clock nor starts anything; [`attend`] asks
//! Redis beside it how many workers are wanted, and [`ward`] is the loop that brings both together with processes.
//!
//! A worker's process leads a group of its own. It reads a pipe that ends when the supervisor is dead, and it writes
//! [`reports`] to another one. Each place keeps the id of its worker, so that the next process takes over at once what
//! the dead one held, instead of waiting for its lease to run out.

mod admin;
mod attend;
mod backoff;
mod clock;
mod crew;
mod end;
mod following;
mod machine;
mod predecessor;
mod process;
mod reports;
mod rules;
mod seat;
mod settings;
mod strangers;
mod supervised;
mod ward;

pub use predecessor::Predecessor;
pub use settings::Settings;
pub use supervised::Orders;
pub use ward::run;

pub(crate) use reports::Fault;
pub(crate) use supervised::Reports;

/// The variable that names the supervisor of a worker, for all that descends from the worker.
pub(crate) const SUPERVISED: &str = "BATON_SUPERVISED";

/// The flags by which a supervisor starts a worker.
const UNDER: &str = "--supervised-by";
const FOLLOW_ON: &str = "--as";
