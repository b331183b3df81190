//! What runs tasks: the claim loop and the lease keeper (the engine), and handlers.

mod admin;
pub mod config;
pub mod engine;
pub mod handler;
pub mod handlers;
pub mod run;
pub mod supervisor;

pub use engine::{Ended, Engine, EngineError, Follows, Options, Pulse, QueueOrder, draw_boot};
pub use handler::{End, Handler, Handlers, Reporter, Run};
