//! The engine against a real Redis: what it promises to tasks, to other workers and to its operator.
#![expect(clippy::expect_used, clippy::panic, reason = "what fails in a test should end it")]

mod alone;
mod ending;
mod faults;
mod good;
mod leaving;
mod parents;
mod standing;
mod support;
mod words;
