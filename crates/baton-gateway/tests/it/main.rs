//! The gateway over HTTP, against a private Redis: what each route does, and what it refuses.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "test support: a failure here is a failed test"
)]

mod batch;
mod claims;
mod documents;
mod drain;
mod flows;
mod graphs;
mod guards;
mod hostile;
mod idempotency;
mod leases;
mod links;
mod lists;
mod mistakes;
mod operate;
mod outage;
mod parents;
mod queues;
mod reading;
mod refusals;
mod shards;
mod submit;
mod support;
mod waits;
mod workers;
