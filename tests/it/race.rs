//! Races against a real Redis, over several connections that set off together. One wins, the others get a named answer,
//! and the invariants hold afterwards. A race that was never hit proves nothing, so the orders are counted.
#![expect(clippy::expect_used, clippy::panic, reason = "test support: a failure here is a failed test")]

mod arena;
mod claims;
mod edges;
mod ends;
mod schedules;
mod twice;
