//! Flows as everyone reads them, and edges.

use baton_api::Timestamp;
use baton_api::flow::{EdgeState, Flow};
use baton_core::Status;
use baton_store::calls::task::EdgeState as Stored;
use baton_store::record::flow::Flow as Record;

pub(crate) fn flow(read: Record) -> Flow {
    let count = |status: &Status| read.counts.get(status).copied().unwrap_or_default();
    Flow {
        id: read.id,
        name: read.name.map(|name| name.to_string()),
        state: read.state,
        tasks: read.tasks,
        edges: read.edges,
        counts: Status::ALL.iter().map(|status| (status.to_string(), count(status))).collect(),
        created_at: Timestamp::from_ms(read.created_ms),
        finished_at: read.finished_ms.map(Timestamp::from_ms),
        submitted_by: read.submitted_by.map(|by| by.to_string()),
        doing: read.doing.map(|work| work.to_string()),
        oldest_open: None,
    }
}

pub(crate) fn edge(state: Stored) -> EdgeState {
    match state {
        Stored::Open => EdgeState::Open,
        Stored::Held => EdgeState::Held,
        Stored::Closed => EdgeState::Closed,
    }
}
