//! One binary for every test that needs a Redis, a model or more than one crate.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "what fails in a test should end it"
)]

mod audit;
mod contracts;
mod cost;
mod deploy;
mod first_task;
mod fleet;
mod hand;
mod hosts;
mod logins;
mod models;
mod pools;
mod race;
mod reference;
mod scripts;
mod sdk;
mod soak;
mod store;
