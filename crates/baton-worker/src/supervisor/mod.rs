//! The supervisor.
mod backoff;
mod crew;
mod end;
mod following;
pub mod reports;
mod rules;
mod seat;
