//! What an answer is good for: which operations take the id that stands in it.

use serde_json::{Value, json};
use utoipa::openapi::link::{Link, LinkBuilder};
use utoipa::openapi::path::Operation;
use utoipa::openapi::{OpenApi, RefOr};

use super::operations;

/// From an answer of one operation to others.
struct Links {
    from: &'static str,
    status: &'static str,
    /// The parameter that the others take, and where its value stands.
    parameter: (&'static str, &'static str),
    /// What goes into their bodies.
    body: fn() -> Option<Value>,
    to: &'static [&'static str],
}

const REPORTS: &[&str] =
    &["renew_lease", "note_progress", "append_logs", "complete_task", "fail_task", "release_task"];

const LINKS: [Links; 6] = [
    Links {
        from: "submit_task",
        status: "201",
        parameter: ("id", "$response.body#/id"),
        body: || None,
        to: &[
            "get_task",
            "get_task_history",
            "get_task_logs",
            "get_task_result",
            "explain_task",
            "cancel_task",
            "rerun_task",
            "promote_task",
            "reprioritise_task",
            "get_task_graph",
            "link_task",
            "unlink_task",
            "claim_task",
        ],
    },
    Links {
        from: "submit_task",
        status: "201",
        parameter: ("name", "$response.body#/queue"),
        body: || None,
        to: &["get_queue", "get_queue_backlog", "pause_queue", "resume_queue"],
    },
    Links {
        from: "submit_flow",
        status: "201",
        parameter: ("id", "$response.body#/id"),
        body: || None,
        to: &["get_flow", "get_flow_graph", "cancel_flow", "rerun_flow"],
    },
    Links {
        from: "register_worker",
        status: "201",
        parameter: ("id", "$response.body#/id"),
        body: || None,
        to: &[
            "get_worker",
            "claim_tasks",
            "worker_heartbeat",
            "quiet_worker",
            "resume_worker",
            "stop_worker",
            "remove_worker",
        ],
    },
    // These hold for the bare answer, without `max`.
    Links {
        from: "claim_tasks",
        status: "200",
        parameter: ("id", "$response.body#/id"),
        body: || Some(json!({ "worker": "$request.path.id", "fence": "$response.body#/fence" })),
        to: REPORTS,
    },
    Links {
        from: "claim_task",
        status: "200",
        parameter: ("id", "$response.body#/id"),
        body: || Some(json!({ "worker": "$request.body#/worker", "fence": "$response.body#/fence" })),
        to: REPORTS,
    },
];

pub(super) fn add(api: &mut OpenApi) {
    for operation in api.paths.paths.values_mut().flat_map(operations) {
        let ours = LINKS.iter().filter(|links| operation.operation_id.as_deref() == Some(links.from));
        for links in ours.collect::<Vec<_>>() {
            links.add_to(operation);
        }
    }
}

impl Links {
    fn add_to(&self, operation: &mut Operation) {
        if let Some(RefOr::T(response)) = operation.responses.responses.get_mut(self.status) {
            response.links.extend(self.to.iter().map(|to| ((*to).to_owned(), RefOr::T(self.link(to)))));
        }
    }

    fn link(&self, to: &str) -> Link {
        let (name, value) = self.parameter;
        let link = LinkBuilder::new().operation_id(to).parameter(name, value);
        link.request_body((self.body)()).build()
    }
}
