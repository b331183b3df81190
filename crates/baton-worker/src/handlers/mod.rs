//! Handlers that need no code of their user: built-in ones, programs, and URLs.

mod builtin;
mod clock;
mod document;
pub mod exec;
pub mod guard;
pub mod push;

pub use builtin::builtin;
pub use exec::{Environment, Exec, exec_dir};
pub use guard::{Guard, Limits};
pub use push::{HttpPush, PushError};
