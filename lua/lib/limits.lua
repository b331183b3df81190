-- lib/limits: generated from crates/baton-core/src/limits.rs by `cargo xtask codegen`.
-- A lease, unless the holder registers with another length.
local LEASE_MS = 30000
-- A run, unless the task says otherwise.
local TIMEOUT_MS = 1800000
-- Attempts a task may fail in, unless it says otherwise.
local MAX_ATTEMPTS = 5
-- Crashes of its holders that a task survives, unless it says otherwise.
local MAX_CRASHES = 3
-- The first wait after a failure is at most this.
local BACKOFF_MS = 1000
-- No wait after a failure is longer, unless the task says otherwise.
local BACKOFF_CAP_MS = 3600000
-- A value up to this length stands in the task's hash. One that is longer would make the whole hash three times the
-- size, so it has a key of its own.
local INLINE_BYTES = 64
-- Payloads and results of one call together.
local CALL_BYTES_MAX = 4194304
-- How many tasks that a claim must skip it looks behind.
local CLAIM_SKIPS_MAX = 100
-- Queues whose finished tasks one tick looks at.
local SWEEP_QUEUES_MAX = 20
-- What one holder may hold in one shard: a takeover moves all of it in one script.
local HELD_TASKS_MAX = 250
-- Expired holders that one tick looks at, and tasks that it takes from them.
local REAP_TASKS_MAX = 100
-- Scheduled tasks that one tick makes pending.
local MATURE_TASKS_MAX = 100
-- Finished tasks that one tick removes.
local PRUNE_TASKS_MAX = 50
-- Workers whose overdue runs and records one tick looks at.
local SWEEP_HOLDERS_MAX = 200
-- How often a shard is ticked.
local TICK_EVERY_MS = 1000
-- A newcomer waits this many ticks before it reaps: it has not seen whether Redis was away.
local TICKS_BEFORE_REAP = 3
-- A shorter silence is the network, not a stall.
local STALL_MS_MIN = 500
-- Finished tasks are kept for a week, unless their queue says otherwise.
local RETENTION_MS = 604800000
-- A worker that has not been heard of for this long is forgotten, with its past boots.
local WORKER_RETENTION_MS = 86400000
-- Past boots of a worker that are remembered, so that their late calls are refused.
local PAST_BOOTS_MAX = 8
-- Remembered answers of calls with an idempotency key.
local OP_RETENTION_MS = 86400000
-- Remembered answers of an operator's calls: as long as a client may go on repeating one.
local OPERATE_RETENTION_MS = 600000
-- Tasks named by one entry of the event stream.
local EVENT_TASKS_MAX = 100
-- Task events kept in the stream of a shard.
local EVENTS_MAX = 1000000
-- Age of the oldest event kept.
local EVENTS_RETENTION_MS = 604800000
-- Stream entries trimmed by one tick, at most.
local EVENTS_TRIM_MAX = 2000
-- History lines kept from a task's beginning.
local HISTORY_FIRST = 100
-- History lines kept from a task's end.
local HISTORY_LATEST = 900
-- Versions up to which a short history line stands in the task's hash.
local HISTORY_INLINE_VERSIONS = 20
-- Log lines kept of a task.
local LOG_LINES_MAX = 10000
-- Entries that one call looks at when it must filter.
local SCAN_MAX = 500
