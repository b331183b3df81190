//! The nouns and the rules of Baton: ids, the lifecycle of a task, logins, leases and fences, graphs, retries, schedules,
//! webhooks, queries, limits, refusals.
//!
//! This crate refuses to know Redis, HTTP, clocks, randomness and serialisation formats. What needs one of them
//! takes its value as an argument.

pub mod audit;
pub mod code;
pub mod doctor;
pub mod fence;
pub mod fingerprint;
pub mod flow;
pub mod gate;
pub mod graph;
pub mod id;
pub mod kind;
pub mod lease;
pub mod lifecycle;
pub mod limits;
pub mod login;
pub mod name;
pub mod operation;
pub mod pool;
pub mod priority;
pub mod query;
pub mod queue;
pub mod refusal;
pub mod retry;
pub mod schedule;
pub mod series;
pub mod webhook;

pub use code::Code;
pub use fence::{Fence, Version};
pub use fingerprint::Fingerprint;
pub use flow::{FlowState, OnParentFailure};
pub use id::{FlowId, Shard, ShardCount, TaskId};
pub use kind::{KindRules, Reasons};
pub use lease::LeaseLength;
pub use lifecycle::{Move, Status};
pub use name::{
    Boot, DedupeKey, GatewayId, GroupName, Kind, NameError, Namespace, OpId, OperationId, PoolName,
    Principal, QueueName, ScheduleName, SupervisorId, Tag, TaskRef, WebhookName, WorkerId,
};
pub use priority::Priority;
pub use refusal::Refusal;
pub use retry::Backoff;
