//! The program `baton`, run as a person or a script runs it.
#![expect(clippy::unwrap_used, clippy::panic, reason = "what fails in a test should end it")]

mod accounts;
mod answers;
mod audit;
mod carry;
mod demo;
mod dev;
mod figures;
mod fleet;
mod flows;
mod help;
mod kinds;
mod load;
mod logins;
mod operations;
mod pipes;
mod pools;
mod schedules;
mod stub;
mod system;
mod typed;
mod waits;
mod webhooks;
