//! Groups of failures, which are written behind: `behind/errors.rs` says what they hold.

mod list;
mod silence;
mod silenced;
mod tasks;

pub use list::{ErrorGroup, ErrorGroups, Seen};
pub use silence::{SilenceError, Silenced, Unsilenced};
pub use silenced::Silence;
pub use tasks::{ErrorTasks, FailedTask};
