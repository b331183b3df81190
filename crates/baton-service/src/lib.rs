//! The process shell: configuration, tracing, signals, metrics. What every program of Baton does before and after its
//! work, and nothing of the work: it knows no Redis and serves no HTTP.

pub mod admin;
mod chain;
pub mod config;
pub mod label;
pub mod logging;
pub mod metrics;
pub mod notify;
pub mod signals;

pub use chain::Chain;
