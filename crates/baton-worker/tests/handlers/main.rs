//! Handlers at work on real programs and real sockets, without Redis.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that fails is to say so")]
#![expect(clippy::disallowed_methods, reason = "times of day are compared with the clock on the wall")]

mod builtin;
mod death;
mod ends;
mod limits;
mod programs;
mod push;
mod streams;
mod support;
