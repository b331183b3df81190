//! The rules by name. What a rule is called is a promise: scripts look for it.

use std::fmt;

/// One thing that must hold: which part of the proof it belongs to, and what it is called when it is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Rule {
    /// `A1` to `A14`.
    pub id: &'static str,
    pub name: &'static str,
    /// What holds where it is kept.
    pub says: &'static str,
}

impl fmt::Display for Rule {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {}", self.id, self.name)
    }
}

macro_rules! rules {
    ($($id:ident $rule:ident $name:literal $says:literal;)*) => {
        $(pub const $rule: Rule = Rule { id: stringify!($id), name: $name, says: $says };)*

        /// All of them, in the order of their ids.
        pub const RULES: &[Rule] = &[$($rule),*];
    };
}

rules! {
    A1 NOT_IN_ITS_INDEX "hash_without_index" "a task is in the index of its status, and a schedule where its next time is looked for";
    A1 ELSEWHERE "in_another_index" "no index has a task that says of itself that it is elsewhere";
    A1 WRONG_SCORE "wrong_score" "an index has a task where its record puts it";
    A1 UNKNOWN_STATUS "unknown_status" "the status of a task is one of the table";
    A1 NEVER_SUBMITTED "never_submitted" "the stream tells of the submission of every task that is there";
    A1 VANISHED "vanished" "a task that the stream tells of is there, or was pruned";
    A1 SUBMIT_LOST "submit_lost" "every submission of the ledger is there, or was pruned";
    A1 FLOW_UNLISTED "flow_unlisted" "a flow is among the flows, or while it is written among the drafts";
    A2 NO_HASH "index_without_hash" "what an index or a list names has a record";
    A2 NOT_HELD "running_not_held" "a running task is held by the holder that its record names";
    A2 HELD_BY_ANOTHER "held_by_another" "nobody else holds it: a task has one holder";
    A2 NO_LEASE "held_without_lease" "who holds tasks has a lease with a deadline";
    A2 PAST_LEASE "lease_of_past_boot" "a lease belongs to the current boot of its worker";
    A3 NO_MOVE "impossible_move" "every event is a move that the table allows";
    A3 VERSION_GAP "version_gap" "versions of a task rise by one, without a gap";
    A3 STATUS_DIFFERS "status_differs" "a task is where its events lead";
    A3 VERSION_DIFFERS "version_differs" "the version of a task is that of its last event";
    A3 STREAM_LOST "stream_lost" "where something happened there is an event stream, unless an import began without one";
    A3 UNREADABLE "unreadable_event" "every event can be read";
    A4 FENCE_BACK "fence_not_rising" "fences of a task strictly rise";
    A4 NOT_HOLDER "not_the_holder" "what is said of a run carries worker and fence of its claim";
    A4 FENCE_DIFFERS "fence_differs" "the fence of a task is that of its last claim";
    A5 OVERLAP "overlap" "between two claims of a task it was given up";
    A6 CLAIMED_EARLY "claimed_before_parent" "no task was claimed before its parents let it go";
    A6 ONE_SIDED "edge_one_sided" "parent and child know each other";
    A6 RUNS_EARLY "runs_with_open_parents" "no task runs while a parent is open";
    A6 CLAIMABLE_EARLY "claimable_with_open_parents" "who may be claimed, now or later, waits for nobody";
    A6 BLOCKED_BY_NOTHING "blocked_by_nothing" "who is blocked waits for somebody";
    A6 WAITS_FOR_ENDED "waits_for_ended" "nobody waits for a task that has ended, unless its end is being passed on";
    A6 PARKED_BY_GOOD "parked_wrongly" "only a task that ended badly holds children, and none that also waits";
    A6 CASCADE_OF_NOTHING "cascade_of_nothing" "what is to be passed on is an end, or something done with a flow";
    A7 ATTEMPTS_OVER "attempts_over_max" "a task uses no more attempts than it has";
    A7 CRASHES_OVER "crashes_over_max" "a task crashes no more often than it may";
    A7 ATTEMPTS_DIFFER "attempts_differ" "only failures use up attempts";
    A7 CRASHES_DIFFER "crashes_differ" "only crashes count as crashes";
    A7 RETRIED_EARLY "retried_too_early" "after a failure a task waits as long as its backoff or its holder said";
    A8 AFTER_END "session_after_its_end" "a session that has ended is gone";
    A8 AFTER_REVOCATION "session_after_revocation" "a session that was revoked is gone";
    A8 GENERATION_BACK "generation_went_back" "the generation of a session only rises";
    A8 EPOCH_BACK "epoch_went_back" "the epoch of a user only rises";
    A8 UNLISTED "session_unlisted" "a session that counts is among those of its user";
    A8 ENDED_LISTED "ended_session_listed" "a session that has ended is not among those of its user";
    A8 OUTLIVES "session_outlives_its_time" "a session goes when nobody uses it, and at its absolute end";
    A8 OF_NOBODY "session_of_nobody" "a session is of a user that is there and may have one";
    A9 TWO_OF_KEY "two_live_tasks_of_a_key" "at most one task of a dedupe key lives";
    A9 KEY_FREE "key_of_no_live_task" "a dedupe key that is taken names a live task";
    A9 TICK_TWICE "tick_fired_twice" "a schedule makes the tasks of one time once";
    A10 COUNT_DIFFERS "counter_differs" "counters equal what they count";
    A10 EDGES_DIFFER "edge_count_differs" "a task counts its parents and children right";
    A10 OPEN_DIFFER "open_parents_differ" "a task counts the parents right that it waits for";
    A10 FLOW_DIFFERS "flow_count_differs" "a flow counts its tasks right";
    A10 SERIES_DIFFER "series_differ" "series tell as many events as the stream does";
    A10 FAILURES_DIFFER "failure_groups_differ" "groups of failures count as many as the stream tells";
    A10 KINDS_DIFFER "kinds_differ" "the list of kinds says when each was submitted last";
    A10 ENDED_DIFFER "kind_list_differs" "the list of a kind has as many tasks as have ended";
    A11 UNKNOWN_KEY "unknown_key" "every key is of the table of keys";
    A11 WRONG_TYPE "wrong_type" "every key has the type of its family";
    A11 WRONG_EXPIRY "wrong_expiry" "keys expire if and only if their family does";
    A11 ORPHAN "orphan_key" "a key that belongs to something is gone with it";
    A11 STRAY_VALUE "value_in_two_places" "a value is in the record or beside it";
    A11 SHARD_DIFFERS "shard_differs" "every shard is there, and was founded with as many as the namespace says";
    A11 UNREAD "unreadable_part" "what an audit looks at can be read";
    A11 STRAY_FIELD "stray_field" "no field of a task outlives its status";
    A12 EFFECT_TWICE "effect_accepted_twice" "a completed task has exactly one accepted effect";
    A12 EFFECT_MISSING "effect_missing" "a completed task has an accepted effect";
    A12 EFFECT_STALE "stale_effect_accepted" "effects of a task are accepted with rising fences only";
    A12 TOO_MANY_RUNS "too_many_runs" "a task ran at most once, and once more for each time it was given up or rerun";
    A13 NO_PROCESS "worker_without_process" "a worker of this host that has a lease is a process";
    A13 ORPHAN_PROCESS "process_without_supervisor" "no worker process outlives its supervisor";
    A14 LEASE_LATE "lease_not_reaped" "what a lost holder held is taken back in time";
    A14 DUE_LATE "due_not_matured" "a task whose time has come is let go in time";
    A14 RUN_LATE "run_not_timed_out" "a run that is over its time is ended in time";
    A14 NOT_RUN "runnable_not_run" "a task that may run is run in time";
    A14 CASCADE_LATE "end_not_passed_on" "the end of a task is passed on in time";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_rule_has_a_name_of_its_own() {
        let names: BTreeSet<&str> = RULES.iter().map(|rule| rule.name).collect();
        assert_eq!(names.len(), RULES.len());
        assert_eq!(NO_HASH.to_string(), "A2 index_without_hash");
        let ids: BTreeSet<&str> = RULES.iter().map(|rule| rule.id).collect();
        assert_eq!(ids.len(), 14);
    }
}
