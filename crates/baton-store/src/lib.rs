//! The only room that knows Redis: its keys, the scripts in `lua/`, one typed call per script, and the connection.
//!
//! It promises nothing to clients of Baton; what it promises is the form of what lies in Redis.

pub mod acl;
pub mod audit;
pub mod behind;
pub mod boot;
pub mod calls;
pub mod carry;
mod clock;
pub mod delivery;
pub mod error;
pub mod event;
pub mod examine;
pub mod families;
mod hints;
pub mod history;
pub mod keys;
mod link;
mod logins;
pub mod look;
mod meter;
mod nodes;
mod patience;
pub mod record;
mod reply;
mod run;
pub mod script;
pub mod server;
mod store;
pub mod ticker;

pub use boot::{OpenError, Unfit, Warning};
pub use error::Error;
pub use link::{RedisUrl, Timeouts, UrlError};
pub use record::{Run, State, Task};
pub use script::Script;
pub use server::ServerInfo;
pub use store::{Confirm, Options, Store};
