//! The live feed, health and the program itself, against a real Redis and over real sockets.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "test support: a failure here is a failed test"
)]

mod crowd;
mod ends;
mod feed;
mod gaps;
mod gateways;
mod health;
mod manager;
mod metrics;
mod program;
mod sockets;
mod support;
mod trouble;
