//! The client against servers that misbehave. What needs a real gateway is tested with the rest of the fleet.
#![expect(clippy::unwrap_used, reason = "what fails in a test should end it")]

mod feed;
mod flows;
mod refresh;
mod repeats;
mod server;
