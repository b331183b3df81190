//! Every limit has a name. Scripts use the same names, and get the numbers when they are put together.

macro_rules! limits {
    ($($(#[doc = $doc:literal])+ $name:ident = $value:expr;)*) => {
        $($(#[doc = $doc])+ pub const $name: u64 = $value;)*

        const ALL: &[(&str, u64)] = &[$((stringify!($name), $name)),*];
    };
}

limits! {
    /// The form of the data in Redis that this release knows. A newer one stops every call that writes.
    SCHEMA = 1;
    /// Stands in the place of the schema while an import is not whole: to every release it is a newer one, so nothing is
    /// handed out and nothing is written.
    SCHEMA_IMPORTING = 1_000_000_000;
    /// What a piece of an export brings at most, but for a single task that is larger.
    EXPORT_PIECE_BYTES = 1_048_576;
    /// A lease, unless the holder registers with another length.
    LEASE_MS = 30_000;
    /// Below this a round trip and a pause of the kernel already cost a lease.
    LEASE_MS_MIN = 1_000;
    /// A holder that died with a longer lease would keep its tasks for too long.
    LEASE_MS_MAX = 3_600_000;
    /// A worker is heard of at least this often, whatever its lease.
    RENEW_EVERY_MS_MAX = 10_000;
    /// How much earlier than the server a holder stops believing in its lease, at most.
    TRUST_MARGIN_MS_MAX = 2_000;
    /// A run, unless the task says otherwise.
    TIMEOUT_MS = 1_800_000;
    /// The shortest run that can be told from an overdue one.
    TIMEOUT_MS_MIN = 1_000;
    /// The longest run.
    TIMEOUT_MS_MAX = 86_400_000;
    /// Attempts a task may fail in, unless it says otherwise.
    MAX_ATTEMPTS = 5;
    /// The most attempts a task may ask for.
    MAX_ATTEMPTS_MAX = 1_000;
    /// Crashes of its holders that a task survives, unless it says otherwise.
    MAX_CRASHES = 3;
    /// The most crashes a task may ask to survive.
    MAX_CRASHES_MAX = 100;
    /// The first wait after a failure is at most this.
    BACKOFF_MS = 1_000;
    /// No wait after a failure is longer, unless the task says otherwise.
    BACKOFF_CAP_MS = 3_600_000;
    /// The longest cap a task may ask for.
    BACKOFF_CAP_MS_MAX = 86_400_000;
    /// Each wait after a failure is so many times as long as the one before it, unless the kind says otherwise.
    BACKOFF_FACTOR = 2;
    /// A longer step is no backoff any more, but a mistake.
    BACKOFF_FACTOR_MAX = 10;
    /// Kinds of which something is said.
    KINDS_MAX = 1_000;
    /// Reasons that a kind names as not worth another attempt: each failure is compared with all of them.
    NON_RETRYABLE_MAX = 32;
    /// The shortest time for which a result is kept, or used again.
    RESULT_TTL_MS_MIN = 1_000;
    /// The longest time for which a result is kept: whatever a queue keeps its tasks for, short of forever.
    RESULT_TTL_MS_MAX = 315_360_000_000;
    /// The longest time for which a result is used again: as long as finished tasks are kept, unless their queue says otherwise.
    CACHE_TTL_MS_MAX = 604_800_000;
    /// What one task in the place of another weighs beside one that is only made: the other one is cancelled by the same call.
    REPLACE_WEIGHT = 8;
    /// So many tags of a task weigh as much as a task without any; and so does its group.
    TAGS_WEIGH_ONE = 8;
    /// A task can be put off by ten years at most: further away is a mistake in a unit.
    DELAY_MS_MAX = 315_360_000_000;
    /// A value up to this length stands in the task's hash. One that is longer would make the whole hash three times the
    /// size, so it has a key of its own.
    INLINE_BYTES = 64;
    /// How far apart two priorities lie in the score of a pending task: 2^42, larger than any Unix time in ms until the
    /// year 2109. Nine of them plus such a time stay exact in the doubles that Redis keeps scores in.
    PRIORITY_BAND = 4_398_046_511_104;
    /// Payload of a task.
    PAYLOAD_BYTES_MAX = 1_048_576;
    /// Result of a task.
    RESULT_BYTES_MAX = 1_048_576;
    /// What a failed run has to say about itself; what is longer belongs into its log.
    ERROR_BYTES_MAX = 4_096;
    /// Refused writes that a task remembers: the latest ones that differ.
    REFUSED_WRITES_MAX = 10;
    /// Why something was done, in histories and events.
    REASON_BYTES_MAX = 256;
    /// Workers that a pool may have; more than a fleet of hosts runs, and a mistake in a digit.
    POOL_WORKERS_MAX = 1_000;
    /// Supervisors of one pool.
    POOL_SUPERVISORS_MAX = 256;
    /// A supervisor that was silent for so long does not count: others do its share.
    SUPERVISOR_LEASE_MS = 10_000;
    /// And after this long it is not shown any more.
    SUPERVISOR_RETENTION_MS = 600_000;
    /// A gateway says that it is there at least this often.
    GATEWAY_BEAT_MS = 10_000;
    /// One that was not seen for so long, and has not taken its leave, is silent.
    GATEWAY_SILENT_MS = 30_000;
    /// And after this long it is forgotten.
    GATEWAY_RETENTION_MS = 3_600_000;
    /// Gateways that are remembered: those that were seen last.
    GATEWAYS_MAX = 256;
    /// Gateways that one beat forgets, or sets right.
    GATEWAYS_SWEEP_MAX = 16;
    /// One word that a worker says of itself: the names of the 32 queues that it claims from fit.
    ABOUT_BYTES_MAX = 8_192;
    /// All that a worker says of itself: a page of workers answers a hundred times as much.
    ABOUT_ALL_BYTES_MAX = 16_384;
    /// Payloads and results of one call together: a MiB costs the script up to 3 ms.
    CALL_BYTES_MAX = 1_048_576;
    /// Tasks submitted by one call, if they weigh nothing more: keeps the script under 5 ms.
    SUBMIT_TASKS_MAX = 200;
    /// Tasks claimed by one call.
    CLAIM_TASKS_MAX = 100;
    /// Queues that one claim looks into.
    CLAIM_QUEUES_MAX = 32;
    /// Hints that a queue keeps for idle claimers: so many wake at once, and each that leaves work wakes the next.
    HINTS_MAX = 16;
    /// A task id in words.
    ID_LENGTH = 36;
    /// Starts that one claim forgets, of those that count against a rate no more.
    STARTS_SWEEP_MAX = 200;
    /// Groups of a queue whose next turn is remembered, about.
    TURNS_MAX = 10_000;
    /// Groups that one claim forgets, of those whose turn is over.
    TURNS_SWEEP_MAX = 50;
    /// Tasks that come back at a time after the limit of their queue's groups has changed.
    REGROUP_TASKS_MAX = 100;
    /// The most tasks of a queue, or of a group, that a limit may let run at once.
    CONCURRENCY_MAX = 1_000_000;
    /// The most starts that a rate may allow in its time: each is remembered for as long.
    RATE_COUNT_MAX = 100_000;
    /// The longest time that a rate may speak of.
    RATE_MS_MAX = 86_400_000;
    /// The slowest aging: a priority in thirty days.
    AGING_MS_MAX = 2_592_000_000;
    /// How many tasks that a claim must skip it looks behind.
    CLAIM_SKIPS_MAX = 100;
    /// Tasks reported by one call.
    SETTLE_TASKS_MAX = 100;
    /// Reports that are no completions, and tasks claimed behind them, of one call: they cost twice as much.
    SETTLE_OTHERS_AND_CLAIM_MAX = 104;
    /// Tasks granted by the claim of a new boot that has taken over more than this.
    TAKEOVER_AND_CLAIM_MAX = 50;
    /// This many bytes of results weigh like one report that is no completion.
    SETTLE_BYTES_PER_OTHER = 8_192;
    /// Tasks cancelled, rerun, reprioritised or promoted by one call.
    OPERATE_TASKS_MAX = 100;
    /// Queues whose finished tasks one tick looks at.
    SWEEP_QUEUES_MAX = 20;
    /// What one holder may hold in one shard: a takeover moves all of it in one script.
    HELD_TASKS_MAX = 150;
    /// Expired holders that one tick looks at, and tasks that it takes from them.
    REAP_TASKS_MAX = 50;
    /// Scheduled tasks that one tick makes pending.
    MATURE_TASKS_MAX = 50;
    /// Finished tasks that one tick removes.
    PRUNE_TASKS_MAX = 25;
    /// Edges of tasks that one tick forgets, before it removes the tasks.
    PRUNE_EDGES_MAX = 300;
    /// What one call may do to pass ends on: counting down one edge weighs 1.
    CASCADE_ROOM = 500;
    /// The same beside a batch of reports and the claim behind it.
    CASCADE_ROOM_BESIDE = 300;
    /// What moving one task weighs beside counting down one edge.
    WEIGHT_OF_MOVE = 10;
    /// Edges of one end that are read at once.
    CASCADE_PIECE = 250;
    /// Ends that one call of the chore begins with.
    CASCADE_ENTRIES_MAX = 100;
    /// After this long without a word from whoever passes ends on, somebody else goes on.
    CASCADE_SILENCE_MS = 500;
    /// Task events at which one step of the write-behind ends, with a whole entry: as many as one entry has at most.
    BEHIND_EVENTS_MAX = 100;
    /// Writes of one step, which may end within an entry.
    BEHIND_WRITES_MAX = 500;
    /// Entries that it reads at once: each may have a hundred events.
    BEHIND_ENTRIES_AT_ONCE = 20;
    /// What it reads of one value that is long.
    BEHIND_VALUE_BYTES = 1_040;
    /// Members that one step takes from a set that is over its bound.
    BEHIND_DROPS_MAX = 1_000;
    /// Words of one write of it: a script can take no more than some thousands apart at once.
    BEHIND_WORDS_MAX = 1_000;
    /// After this long without a word from whoever writes behind, somebody else goes on.
    BEHIND_SILENCE_MS = 500;
    /// Tasks that the index of one worker has, the newest.
    INDEX_WORKER_TASKS_MAX = 1_000;
    /// Kinds that are remembered, the latest.
    INDEX_KINDS_MAX = 1_000;
    /// A query for tasks.
    QUERY_BYTES_MAX = 1_024;
    /// Terms of a query.
    QUERY_TERMS_MAX = 32;
    /// Values of one of its terms.
    QUERY_VALUES_MAX = 32;
    /// Parts of a path into a payload.
    QUERY_DEPTH_MAX = 16;
    /// How much of a payload a query looks at: a longer one is no JSON to it.
    QUERY_PAYLOAD_BYTES = 16_384;
    /// Tasks whose payloads and errors are read by one call for that.
    QUERY_VALUES_TASKS_MAX = 50;
    /// Tasks of a flow.
    FLOW_TASKS_MAX = 100_000;
    /// Edges of a flow.
    FLOW_EDGES_MAX = 1_010_000;
    /// Tasks of a flow that are written by one call, if they weigh nothing more; a smaller flow is one call.
    FLOW_CHUNK_TASKS = 100;
    /// Edges that are written by one call, each on one of its two sides.
    FLOW_CHUNK_EDGES = 600;
    /// Edges of a small flow that is in its places when its one call is over.
    FLOW_SMALL_EDGES = 150;
    /// A draft that nobody goes on with is given up after this long.
    DRAFT_MS = 60_000;
    /// Parents that a task can name when it is submitted by itself.
    PARENTS_MAX = 100;
    /// Parents that the tasks of one submission name together.
    SUBMIT_PARENTS_MAX = 500;
    /// Tasks and edges that a search for a cycle looks at from the child downwards: a thousand tasks in a row.
    GRAPH_LOOKS_MAX = 2_050;
    /// The same from the parent upwards, where the first way was too long.
    GRAPH_LOOKS_UP_MAX = 500;
    /// Tasks of a circle that a refusal names.
    CIRCLE_IDS_MAX = 20;
    /// Edges that one page of a flow or a task answers.
    EDGES_PAGE_MAX = 1_000;
    /// Tasks of a flow that one look for an open one passes.
    FLOW_LOOK_MAX = 500;
    /// Tasks of a flow that one call counts by their kinds.
    FLOW_KINDS_TASKS = 500;
    /// And edges, each of which is a read.
    FLOW_KINDS_EDGES = 2_000;
    /// Workers whose overdue runs and records one tick looks at.
    SWEEP_HOLDERS_MAX = 200;
    /// How often a shard is ticked.
    TICK_EVERY_MS = 1_000;
    /// A newcomer waits this many ticks before it reaps: it has not seen whether Redis was away.
    TICKS_BEFORE_REAP = 3;
    /// A shorter silence is the network, not a stall.
    STALL_MS_MIN = 500;
    /// Schedules of one shard.
    SCHEDULES_MAX = 10_000;
    /// The shortest interval of a schedule: a shard is ticked about once a second.
    SCHEDULE_EVERY_MS_MIN = 1_000;
    /// Payload of the tasks that a schedule makes: one call may make more than a hundred of them.
    SCHEDULE_PAYLOAD_BYTES_MAX = 16_384;
    /// A cron expression.
    CRON_BYTES_MAX = 256;
    /// How far ahead a time is looked for that a cron expression fits.
    CRON_YEARS_MAX = 10;
    /// A time of a schedule that has passed by more than this was missed: nobody was there to see to it.
    MISSED_AFTER_MS = 60_000;
    /// Missed times for which a schedule still makes tasks, where it does so for all.
    MISSED_FIRES_MAX = 60;
    /// Missed times that are counted one by one.
    MISSED_COUNT_MAX = 10_000;
    /// Schedules that are seen to by one call.
    SCHEDULES_DUE_MAX = 50;
    /// Tasks that a request names for one operation.
    OPERATION_IDS_MAX = 1_000;
    /// Tasks that are acted on between two notes of how far an operation is.
    OPERATION_PIECE = 100;
    /// Operations that are remembered, with those that go on.
    OPERATIONS_MAX = 1_000;
    /// Operations that go on at a time.
    OPERATIONS_LIVE_MAX = 100;
    /// A gateway that was silent for so long does not go on with an operation: another one does.
    OPERATION_LEASE_MS = 10_000;
    /// The filter of an operation, as it was asked for.
    OPERATION_FILTER_BYTES_MAX = 32_768;
    /// Webhooks: one entry of the stream may have a hundred ends, and each webhook may want all of them.
    WEBHOOKS_MAX = 16;
    /// Where a webhook is told.
    WEBHOOK_URL_BYTES_MAX = 2_048;
    /// What people say of a webhook.
    WEBHOOK_DESCRIPTION_BYTES_MAX = 256;
    /// Queues that a webhook names, and kinds.
    WEBHOOK_PATTERNS_MAX = 16;
    /// Deliveries of one webhook that wait in one shard; what is over is counted and dropped.
    WEBHOOK_WAITING_MAX = 50_000;
    /// A gateway that was silent for so long does not deliver what it took: another one does.
    WEBHOOK_LEASE_MS = 30_000;
    /// Deliveries of one webhook that one gateway has under way: a receiver that is slow holds up no other.
    WEBHOOK_AT_ONCE = 8;
    /// How long a receiver may take.
    WEBHOOK_TIMEOUT_MS = 15_000;
    /// A delivery that waited for so long is given up; a webhook that took nothing for so long is disabled.
    WEBHOOK_AGE_MS_MAX = 86_400_000;
    /// So long before that the last attempt is due, however long it was to wait.
    WEBHOOK_LAST_MS = 60_000;
    /// Deliveries that one call gives up because they are old.
    WEBHOOK_DROPS_MAX = 50;
    /// Attempts that are remembered, the latest.
    WEBHOOK_LATEST_MAX = 100;
    /// Deliveries that wait and that one call shows.
    WEBHOOK_SHOWN_MAX = 100;
    /// What is kept of why a delivery failed.
    WEBHOOK_ERROR_BYTES_MAX = 256;
    /// A longer result is not sent along.
    WEBHOOK_RESULT_BYTES_MAX = 65_536;
    /// For how long the secret before the last change signs, too.
    WEBHOOK_OVERLAP_MS = 86_400_000;
    /// Entries of the trail of operators.
    TRAIL_MAX = 10_000;
    /// One word of an entry of the trail.
    TRAIL_WORD_BYTES_MAX = 256;
    /// Finished tasks are kept for a week, unless their queue says otherwise.
    RETENTION_MS = 604_800_000;
    /// A worker that has not been heard of for this long is forgotten, with its past boots.
    WORKER_RETENTION_MS = 86_400_000;
    /// Past boots of a worker that are remembered, so that their late calls are refused.
    PAST_BOOTS_MAX = 8;
    /// Remembered answers of calls with an idempotency key.
    OP_RETENTION_MS = 86_400_000;
    /// Remembered answers of an operator's calls: as long as a client may go on repeating one.
    OPERATE_RETENTION_MS = 600_000;
    /// Tasks named by one entry of the event stream.
    EVENT_TASKS_MAX = 100;
    /// Task events kept in the stream of a shard.
    EVENTS_MAX = 1_000_000;
    /// Age of the oldest event kept.
    EVENTS_RETENTION_MS = 604_800_000;
    /// Stream entries trimmed by one tick, at most.
    EVENTS_TRIM_MAX = 2_000;
    /// History lines kept from a task's beginning.
    HISTORY_FIRST = 100;
    /// History lines kept from a task's end.
    HISTORY_LATEST = 900;
    /// Versions up to which a short history line stands in the task's hash.
    HISTORY_INLINE_VERSIONS = 8;
    /// Log lines kept of a task.
    LOG_LINES_MAX = 10_000;
    /// One log line.
    LOG_LINE_BYTES_MAX = 4_096;
    /// Log lines appended by one call.
    LOG_CALL_LINES_MAX = 100;
    /// What a handler says about how far it is.
    PROGRESS_BYTES_MAX = 64;
    /// Tags of a task.
    TAGS_MAX = 16;
    /// Tasks read by one call with their payloads and results, which may be a MiB each.
    READ_VALUES_MAX = 2;
    /// Failed logins of one user after which he may try only every [`LOGIN_SLOW_MS`].
    LOGIN_FAILURES_A_DAY = 100;
    /// Between two tries of a user with that many failures.
    LOGIN_SLOW_MS = 900_000;
    /// For as long as this a failed login counts, and an expired key is remembered.
    DAY_MS = 86_400_000;
    /// How long a revocation is kept for gateways that start: longer than any access token of the default length.
    REVOKED_RETENTION_MS = 1_200_000;
    /// Revocations kept at most.
    REVOKED_MAX = 100_000;
    /// Refresh tokens of one user that came once more: the latest are kept.
    NOTES_MAX = 64;
    /// For so long, after the last of them.
    NOTES_RETENTION_MS = 2_592_000_000;
    /// The same of all users, of those that came so late that two may hold the session.
    ALARMS_MAX = 1_000;
    /// API keys of one owner: whoever may make them must not fill Redis with them.
    KEYS_MAX = 500;
    /// Sessions of one user that a list shows.
    SESSIONS_MAX = 1_000;
    /// One page of a list.
    PAGE_MAX = 100;
    /// Entries that one call looks at when it must filter.
    SCAN_MAX = 500;
    /// Buckets of a series that one call reads.
    SERIES_BUCKETS_MAX = 20;
    /// Buckets that one call looks into for depths, which are eight fields of each.
    DEPTH_BUCKETS_MAX = 200;
    /// Queues of a shard that have series of their own: the first that appeared. The others share one.
    SERIES_QUEUES_MAX = 200;
    /// Groups of failures of a shard: those that were seen last.
    ERROR_GROUPS_MAX = 500;
    /// Groups that one call reads: each may be of as many queues as have series.
    ERROR_GROUPS_AT_ONCE = 10;
    /// Groups that one step forgets, when there are more.
    ERROR_DROPS_MAX = 100;
    /// Tasks that a group names: those that failed last.
    ERROR_TASKS_MAX = 1_000;
    /// Workers that a group counts: the first that saw it.
    ERROR_WORKERS_MAX = 50;
    /// Hours of which a group says how often it was seen: the latest.
    ERROR_HOURS = 24;
    /// A group that nobody saw for so long is forgotten.
    ERROR_RETENTION_MS = 2_592_000_000;
    /// Groups that are silenced at a time.
    SILENCES_MAX = 500;
    /// For how long at least: a minute.
    SILENCE_MS_MIN = 60_000;
    /// And at most: a year.
    SILENCE_MS_MAX = 31_536_000_000;
    /// What a group keeps of one of its messages.
    ERROR_SAMPLE_BYTES = 1_024;
    /// Of a longer error, what is looked at of each of its ends to tell its group; the sample is in the first.
    ERROR_END_BYTES = 1_040;
}

/// Puts the numbers where a script names them. A local for each would cost every call more than most commands do.
pub fn inline(script: &str) -> String {
    let word = |character: char| character.is_ascii_alphanumeric() || character == '_';
    let mut text = String::with_capacity(script.len());
    let mut rest = script;
    while let Some(start) = rest.find(word) {
        let end =
            rest[start..].find(|character| !word(character)).map_or(rest.len(), |length| start + length);
        let name = &rest[start..end];
        text.push_str(&rest[..start]);
        match ALL.iter().find(|(known, _)| *known == name) {
            Some((_, value)) => text.push_str(&value.to_string()),
            None => text.push_str(name),
        }
        rest = &rest[end..];
    }
    text + rest
}

// Limits that lean on each other, checked when we compile.
const _: () = assert!(3 * RENEW_EVERY_MS_MAX <= LEASE_MS);
const _: () = assert!(2 * GATEWAY_BEAT_MS < GATEWAY_SILENT_MS && GATEWAY_SILENT_MS < GATEWAY_RETENTION_MS);
const _: () = assert!(CLAIM_TASKS_MAX <= HELD_TASKS_MAX);
const _: () = assert!(SETTLE_TASKS_MAX < SETTLE_OTHERS_AND_CLAIM_MAX);
const _: () = assert!(CALL_BYTES_MAX >= PAYLOAD_BYTES_MAX && CALL_BYTES_MAX >= RESULT_BYTES_MAX);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_get_the_numbers_for_the_names() {
        assert_eq!(inline("if #line <= INLINE_BYTES then"), "if #line <= 64 then");
        assert_eq!(inline("LEASE_MS LEASE_MS_MIN X_LEASE_MS"), "30000 1000 X_LEASE_MS");
        assert_eq!(inline(""), "");
    }
}
