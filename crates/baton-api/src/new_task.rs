//! Tasks to be: submitted one by one, or as a part of a flow. The two differ in how they name their parents.

use baton_core::{DedupeKey, FlowId, GroupName, Kind, OnParentFailure, QueueName, Tag, TaskId, TaskRef};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::task::OnDuplicate;
use crate::{Json, Timestamp, number, object, schemas, text};

macro_rules! new_task {
    ($(#[$doc:meta])* $name:ident { $($(#[$attribute:meta])* $field:ident: $type:ty,)* }) => {
        #[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
        #[serde(deny_unknown_fields)]
        $(#[$doc])*
        pub struct $name {
            /// What is to be done: it names the handler. `problem_id` is read as the same.
            #[serde(with = "text", alias = "problem_id")]
            #[schema(schema_with = schemas::kind)]
            pub kind: Kind,
            /// Any JSON, handed to the handler byte for byte. `parameters` is read as the same.
            #[serde(default, alias = "parameters", skip_serializing_if = "Option::is_none")]
            #[schema(value_type = Option<serde_json::Value>)]
            pub payload: Option<Json>,
            #[serde(default, with = "text::option", skip_serializing_if = "Option::is_none")]
            #[schema(schema_with = schemas::queue_or_null)]
            pub queue: Option<QueueName>,
            /// 0 to 9, 9 first; unless said, as its kind says, or 5. The same holds for the times and counts below.
            #[serde(default, deserialize_with = "number::whole_or_null", skip_serializing_if = "Option::is_none")]
            #[schema(minimum = 0, maximum = 9)]
            pub priority: Option<i64>,
            /// Not before this time: any until ten years from now.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            #[schema(schema_with = schemas::time_or_null)]
            pub run_at: Option<Timestamp>,
            /// Not before this many ms from now; not together with `run_at`.
            #[serde(default, deserialize_with = "number::whole_or_null", skip_serializing_if = "Option::is_none")]
            #[schema(maximum = 315_360_000_000_u64)]
            pub delay_ms: Option<u64>,
            /// How long one run may take.
            #[serde(default, deserialize_with = "number::whole_or_null", skip_serializing_if = "Option::is_none")]
            #[schema(minimum = 1000, maximum = 86_400_000)]
            pub timeout_ms: Option<u64>,
            #[serde(default, deserialize_with = "number::whole_or_null", skip_serializing_if = "Option::is_none")]
            #[schema(minimum = 1, maximum = 1000)]
            pub max_attempts: Option<u64>,
            #[serde(default, deserialize_with = "number::whole_or_null", skip_serializing_if = "Option::is_none")]
            #[schema(minimum = 1, maximum = 100)]
            pub max_crashes: Option<u64>,
            /// The first wait after a failure is at most this; it doubles with each further one.
            #[serde(default, deserialize_with = "number::whole_or_null", skip_serializing_if = "Option::is_none")]
            #[schema(minimum = 1, maximum = 86_400_000)]
            pub backoff_ms: Option<u64>,
            /// No wait after a failure is longer. At least `backoff_ms`.
            #[serde(default, deserialize_with = "number::whole_or_null", skip_serializing_if = "Option::is_none")]
            #[schema(minimum = 1, maximum = 86_400_000)]
            pub backoff_cap_ms: Option<u64>,
            /// At most one task of the queue that has not ended carries the same key; in a flow, at most one of the flow.
            #[serde(default, with = "text::option", skip_serializing_if = "Option::is_none")]
            #[schema(schema_with = schemas::key_or_null)]
            pub key: Option<DedupeKey>,
            #[serde(default, deserialize_with = "object::word_or_null", skip_serializing_if = "Option::is_none")]
            pub on_duplicate: Option<OnDuplicate>,
            /// What it shares with others of its queue: groups can have limits, and take turns.
            #[serde(default, with = "text::option", skip_serializing_if = "Option::is_none")]
            #[schema(schema_with = schemas::group_or_null)]
            pub group: Option<GroupName>,
            #[serde(default, with = "text::list", skip_serializing_if = "Vec::is_empty")]
            #[schema(schema_with = schemas::tags)]
            pub tags: Vec<Tag>,
            /// What it does when one of its parents fails, times out or is cancelled: `hold` waits until that parent is
            /// rerun and completes, `cancel` cancels it too, `run` lets it run all the same.
            #[serde(default, with = "text::option", skip_serializing_if = "Option::is_none")]
            #[schema(schema_with = schemas::on_parent_failure_or_null)]
            pub on_parent_failure: Option<OnParentFailure>,
            /// How long its result is kept once it has completed; unless said, as its kind says, or as long as the task. Its
            /// history stays.
            #[serde(default, deserialize_with = "number::whole_or_null", skip_serializing_if = "Option::is_none")]
            #[schema(minimum = 1000, maximum = 315_360_000_000_u64)]
            pub result_ttl_ms: Option<u64>,
            $($(#[$attribute])* pub $field: $type,)*
        }

        impl $name {
            /// A task with every default.
            pub fn new(kind: Kind, payload: Json) -> $name {
                $name {
                    kind,
                    payload: Some(payload),
                    queue: None,
                    priority: None,
                    run_at: None,
                    delay_ms: None,
                    timeout_ms: None,
                    max_attempts: None,
                    max_crashes: None,
                    backoff_ms: None,
                    backoff_cap_ms: None,
                    key: None,
                    on_duplicate: None,
                    group: None,
                    tags: Vec::new(),
                    on_parent_failure: None,
                    result_ttl_ms: None,
                    $($field: Default::default(),)*
                }
            }
        }
    };
}

new_task! {
    /// A task to be. Only `kind` has no default.
    #[schema(example = json!({"kind": "report.build", "payload": {"month": "2026-11"}}))]
    NewTask {
        /// The tasks it waits for. They lie in one shard, and it will lie there too.
        #[serde(default, with = "text::list", skip_serializing_if = "Vec::is_empty")]
        #[schema(schema_with = schemas::parents)]
        parents: Vec<TaskId>,
        /// The flow it joins.
        #[serde(default, with = "text::option", skip_serializing_if = "Option::is_none")]
        #[schema(schema_with = schemas::flow_or_null)]
        flow: Option<FlowId>,
        /// Where a task of the same kind and queue has completed within this time, with a payload that is the same byte by
        /// byte, the answer is that one (`cached`), and nothing is made. Otherwise its own result may be used for as long.
        /// Not together with `parents` or `flow`.
        #[serde(default, deserialize_with = "number::whole_or_null", skip_serializing_if = "Option::is_none")]
        #[schema(minimum = 1000, maximum = 604_800_000)]
        cache_ttl_ms: Option<u64>,
    }
}

new_task! {
    /// A task of a flow to be. Only `kind` has no default.
    #[schema(example = json!({"ref": "load", "kind": "table.load", "parents": ["transform"]}))]
    NewFlowTask {
        /// What it is called within the flow; without it, it can be nobody's parent.
        #[serde(default, rename = "ref", with = "text::option", skip_serializing_if = "Option::is_none")]
        #[schema(schema_with = schemas::name_or_null)]
        name: Option<TaskRef>,
        /// The refs of the tasks it waits for; they may stand before or behind it.
        #[serde(default, with = "text::list", skip_serializing_if = "Vec::is_empty")]
        #[schema(schema_with = schemas::refs)]
        parents: Vec<TaskRef>,
    }
}

impl NewFlowTask {
    /// The task by itself, apart from its flow: without its name and its parents.
    pub fn alone(self) -> NewTask {
        NewTask {
            kind: self.kind,
            payload: self.payload,
            queue: self.queue,
            priority: self.priority,
            run_at: self.run_at,
            delay_ms: self.delay_ms,
            timeout_ms: self.timeout_ms,
            max_attempts: self.max_attempts,
            max_crashes: self.max_crashes,
            backoff_ms: self.backoff_ms,
            backoff_cap_ms: self.backoff_cap_ms,
            key: self.key,
            on_duplicate: self.on_duplicate,
            group: self.group,
            tags: self.tags,
            on_parent_failure: self.on_parent_failure,
            result_ttl_ms: self.result_ttl_ms,
            cache_ttl_ms: None,
            parents: Vec::new(),
            flow: None,
        }
    }
}
