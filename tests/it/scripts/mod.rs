//! A module per script: the good path, each refusal, each bound, hostile input.
#![expect(clippy::expect_used, clippy::panic, reason = "test support: a failure here is a failed test")]

mod namespace_open;
mod queue_counts;
mod queue_pause;
mod shard_open;
mod shard_probe;
mod shard_tick;
mod task_cancel;
mod task_claim;
mod task_claim_alone;
mod task_claim_one;
mod task_claim_redelivery;
mod task_history;
mod task_list;
mod task_log;
mod task_log_read;
mod task_progress;
mod task_promote;
mod task_read;
mod task_reprioritise;
mod task_rerun;
mod task_running;
mod task_settle;
mod task_settle_fenced;
mod task_settle_next;
mod task_submit;
mod task_submit_keys;
mod task_support;
mod whole_life;
mod worker_deregister;
mod worker_direct;
mod worker_list;
mod worker_register;
mod worker_renew;
mod worker_takeover;
