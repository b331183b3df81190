//! The only room that knows Redis: its keys, the scripts in `lua/`, one typed call per script, and the connection.
//!
//! It promises nothing to clients of Baton; what it promises is the form of what lies in Redis.

pub mod boot;
pub mod calls;
mod clock;
pub mod error;
pub mod event;
pub mod history;
pub mod keys;
mod link;
pub mod record;
mod reply;
mod run;
pub mod script;
mod store;

pub use boot::{OpenError, Warning};
pub use error::Error;
pub use link::{RedisUrl, Timeouts, UrlError};
pub use record::{Run, State, Task};
pub use script::Script;
pub use store::{Options, Store};
