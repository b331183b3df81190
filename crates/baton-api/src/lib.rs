//! What crosses HTTP: request, response and problem bodies, with their JSON and their OpenAPI schemas.
//!
//! This room makes the promise to clients: within `v1` members are only added. Requests are read strictly, so that a
//! typing error is found; answers are read leniently, so that an older client understands a newer gateway.

pub mod auth;
pub mod doctor;
pub mod error_group;
pub mod event;
pub mod flow;
pub mod gateway;
pub mod health;
mod json;
pub mod kind;
pub mod lease;
pub mod loose;
mod new_task;
mod number;
mod object;
pub mod operation;
pub mod pool;
pub mod problem;
pub mod queue;
mod read;
pub mod redis;
pub mod schedule;
pub mod schemas;
pub mod series;
pub mod task;
mod text;
mod time;
pub mod webhook;
pub mod worker;

pub use json::{Json, JsonError};
pub use problem::Problem;
pub use read::{ReadError, Wrong, nearest, read};
pub use time::{Timestamp, TimestampError};
