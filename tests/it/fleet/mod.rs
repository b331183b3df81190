//! Real processes: workers that are killed, stopped and cut off in the middle of their work.

mod audited;
mod everything;
mod flows;
mod interrupted;
mod killed;
mod limits;
mod operations;
mod sizes;
mod submits;
pub(crate) mod support;
mod webhooks;
