//! What the store answers, in the words of the API.

pub(crate) mod claim;
pub(crate) mod error_group;
pub(crate) mod flow;
pub(crate) mod gateway;
pub(crate) mod graph;
pub(crate) mod history;
pub(crate) mod kind;
pub(crate) mod new_task;
pub(crate) mod operation;
pub(crate) mod pool;
pub(crate) mod queue;
pub(crate) mod redis;
pub(crate) mod schedule;
pub(crate) mod task;
pub(crate) mod webhook;
pub(crate) mod worker;
