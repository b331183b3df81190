//! Routes from HTTP to the store: the only room that serves HTTP.

pub mod app;
pub mod auth;
pub mod bootstrap;
mod budget;
pub mod bulk;
mod clock;
pub mod config;
mod convert;
mod cors;
mod extract;
mod graph;
mod guard;
pub mod health;
mod hold;
pub mod hooks;
pub mod live;
mod measure;
mod openapi;
mod problem;
mod recovering;
mod roster;
mod routes;
pub mod run;
mod search;
mod series;
mod serve;
mod shell;
mod trail;
mod ui;
mod waiting;

pub use app::{App, Settings};
pub use budget::Budget;
pub use openapi::openapi;
pub use routes::router;
pub use serve::serve;
