//! Groups of failures, which are written behind: `behind/errors.rs` says what they hold.

mod list;
mod tasks;

pub use list::{ErrorGroup, ErrorGroups, Seen};
pub use tasks::{ErrorTasks, FailedTask};
