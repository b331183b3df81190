//! Support for tests that need a real Redis: private servers, faults on the wire, printed snapshots.
//!
//! A failure in here is a failed test, so it panics with a sentence instead of returning an error.
#![expect(clippy::expect_used, clippy::panic, reason = "test support: a failure here is a failed test")]

pub mod fixture;
pub mod invariants;
pub mod process;
pub mod proxy;
pub mod say;
pub mod server;
pub mod snapshot;

mod directory;

pub use fixture::{Fixture, Life, kind, queue, with_launch, with_store};
pub use process::Process;
pub use proxy::{Direction, FaultProxy, Hits, Loss, Mode, Then};
pub use server::{Launch, PrivateRedis};
pub use snapshot::{Content, Snapshot, Value};
