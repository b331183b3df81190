//! The program `baton`, run as a person or a script runs it.
#![expect(clippy::unwrap_used, clippy::panic, reason = "what fails in a test should end it")]

mod accounts;
mod answers;
mod audit;
mod carry;
mod cases;
mod conformance;
mod contexts;
mod demo;
mod dev;
mod figures;
mod fleet;
mod flows;
mod forms;
mod help;
mod kinds;
mod load;
mod logins;
mod new;
mod operations;
mod outage;
mod outputs;
mod pages;
mod pipes;
mod pools;
mod schedules;
mod settings;
mod snapshot;
mod stub;
mod system;
mod tree;
mod typed;
mod waits;
mod webhooks;
