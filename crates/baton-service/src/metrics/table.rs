//! Every metric: its name, what it counts, and where its histogram is cut.
//!
//! Names begin with `baton_`, are in base units, and counters end in `_total`. What one process saw is added up over
//! processes; what is read out of Redis is the same in each of them, is called `baton_fleet_…`, and is not added up.

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};

/// One metric.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    pub name: &'static str,
    pub kind: Type,
    pub help: &'static str,
    /// Upper bounds, in seconds; empty unless it is a histogram.
    pub buckets: &'static [f64],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    Counter,
    Gauge,
    Histogram,
}

impl Metric {
    pub(super) fn describe(&self) {
        match self.kind {
            Type::Counter => describe_counter!(self.name, self.help),
            Type::Gauge => describe_gauge!(self.name, self.help),
            Type::Histogram => describe_histogram!(self.name, Unit::Seconds, self.help),
        }
    }
}

/// An answer: from a script of Redis to a request that a person waits for.
const ANSWERS: &[f64] =
    &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0];
/// A run: up to the longest timeout.
const RUNS: &[f64] =
    &[0.01, 0.05, 0.25, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 1800.0, 3600.0, 14_400.0, 86_400.0];

macro_rules! metrics {
    ($($kind:ident $name:literal $([$buckets:ident])? $help:literal;)*) => {
        pub const METRICS: &[Metric] = &[$(Metric {
            name: $name, kind: Type::$kind, help: $help, buckets: metrics!(@ $($buckets)?),
        }),*];
    };
    (@) => { &[] };
    (@ $buckets:ident) => { $buckets };
}

metrics! {
    Gauge "baton_build_info" "Which build this process is; always 1.";
    Gauge "baton_process_resident_bytes" "Memory of this process.";
    Counter "baton_log_lines_lost_total" "Lines of the log that were lost because stderr did not take them.";
    Gauge "baton_insecure_mode" "1 while everyone who reaches this gateway may do everything.";

    Counter "baton_auth_login_total" "Tries to log in, by outcome: opened, refused, throttled, error.";
    Counter "baton_auth_refresh_total" "Refreshes of tokens, by outcome: rotated, replayed, healed, superseded, reused, and why else they are refused.";
    Counter "baton_auth_validate_total" "Access tokens that were checked, by outcome: valid, expired, invalid, error.";
    Counter "baton_auth_store_reset_total" "How often Redis had lost all logins, or was another one, while this gateway ran.";
    Gauge "baton_auth_revocation_lag_seconds" "For how long this gateway has not heard of revocations.";
    Gauge "baton_auth_clock_skew_seconds" "By how much the clock of this host is ahead of that of Redis.";

    Counter "baton_tasks_submitted_total" "Tasks that this process submitted.";
    Counter "baton_tasks_finished_total" "Tasks that this process brought to an end, by the status they ended in.";
    Counter "baton_task_retries_total" "Attempts that failed and are followed by another one.";
    Counter "baton_claims_total" "Claims by what came of them: granted, empty, redelivered, rejected.";
    Histogram "baton_task_run_seconds" [RUNS] "From claimed to reported.";
    Counter "baton_fenced_total" "Reports of a task by someone who does not hold it, all of them refused.";
    Counter "baton_operation_tasks_total" "Tasks that operations came to, by what was done with them: done, refused.";
    Counter "baton_recoveries_total" "Recoveries that somebody asked for.";
    Counter "baton_reclaims_total" "Tasks taken back because the lease of their holder was over.";

    Counter "baton_behind_missed_total" "Events that were trimmed away before they were written down: lists and numbers that are written behind lack them.";
    Counter "baton_schedule_fires_total" "Times of schedules that this process saw to: tasks made, times skipped, and stale where another process came first.";

    Counter "baton_webhook_deliveries_total" "Deliveries of webhooks by this process: delivered, given_up, and failed attempts.";

    Counter "baton_runs_total" "Runs of handlers by how they ended: completed, retry, failed, timeout, released, dropped.";
    Counter "baton_unhandled_total" "Tasks given back because this worker has no handler for their kind.";
    Counter "baton_worker_restarts_total" "Workers that a supervisor replaced, by pool and by why the one before ended.";
    Gauge "baton_worker_rss_bytes" "Memory of workers, without their programs.";
    Counter "baton_worker_words_dropped_total" "Log lines and notes of progress that came faster than they could be written.";

    Histogram "baton_redis_script_seconds" [ANSWERS] "A script, from sent to answered, repeats included.";
    Counter "baton_redis_errors_total" "Calls to Redis that failed, by kind.";
    Counter "baton_redis_reconnects_total" "Connections to Redis that had to be made anew.";

    Histogram "baton_http_request_duration_seconds" [ANSWERS] "A request, from its head to the end of its answer's head.";
    Counter "baton_ui_reports_total" "Reports of browsers that a page tried what it may not.";
    Gauge "baton_http_streams" "Requests that are held open: sse, ws, wait.";

    Gauge "baton_fleet_age_seconds" "How old the numbers of the fleet are: they stay as they were while Redis is away.";
    Gauge "baton_fleet_tasks" "Tasks by queue and status.";
    Gauge "baton_fleet_queue_oldest_pending_seconds" "For how long the oldest task of the queue has been waiting.";
    Gauge "baton_fleet_queue_workers" "Live workers that claim from the queue.";
    Gauge "baton_fleet_queue_unattended" "1 while the queue has work and no live worker claims from it.";
    Gauge "baton_fleet_workers" "Workers by pool and state; the pool is `none` for those that no supervisor keeps.";
    Gauge "baton_fleet_pool_desired" "Workers that the pool is to have; 0 while it is stopped.";
    Gauge "baton_fleet_pool_degraded" "1 while the pool does not come to its size unless somebody helps: it is degraded or unattended.";
    Gauge "baton_fleet_pool_restarts" "Workers that the supervisors of the pool replaced after a failure, as far as these still attend.";
    Gauge "baton_fleet_slots" "Slots of live workers by state: idle, busy.";
    Gauge "baton_fleet_gateways" "Gateways by state: serving, draining, and silent for those that ended in no good order within the last hour.";
    Gauge "baton_fleet_stream_length" "Entries in the event stream of the shard.";
    Gauge "baton_fleet_cascades" "Ended tasks of the shard whose end is still to be passed on to those that wait, and flows that are worked on.";
    Gauge "baton_fleet_behind_seconds" "How long ago the first event of the shard happened that is not written down in indexes and numbers yet.";
    Gauge "baton_fleet_schedule_overdue_seconds" "For how long the most overdue schedule has been due. More than some seconds means that nobody sees to it.";
    Gauge "baton_fleet_webhook_waiting" "Deliveries that wait for the receiver of the webhook.";
    Gauge "baton_fleet_webhook_disabled" "1 while the webhook is disabled because its receiver took nothing.";
    Gauge "baton_fleet_redis_memory_bytes" "Memory that Redis uses.";
    Counter "baton_fleet_redis_evicted_keys_total" "Keys that Redis has thrown away for want of memory. More than none means lost tasks.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_rules() {
        for (at, metric) in METRICS.iter().enumerate() {
            assert!(metric.name.starts_with("baton_") && metric.help.ends_with('.'), "{}", metric.name);
            assert_eq!(metric.kind == Type::Histogram, !metric.buckets.is_empty(), "{}", metric.name);
            assert!(metric.kind != Type::Counter || metric.name.ends_with("_total"), "{}", metric.name);
            assert!(METRICS[..at].iter().all(|other| other.name != metric.name), "{}", metric.name);
        }
    }
}
