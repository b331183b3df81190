//! Which tasks are listed.

use baton_core::{FlowId, Status};

/// Which tasks to list. The default is all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    query: Vec<(&'static str, String)>,
}

impl Filter {
    pub fn new() -> Filter {
        Filter::default()
    }

    /// Said several times, it means any of them. So do the others.
    #[must_use]
    pub fn status(self, status: Status) -> Filter {
        self.with("status", status.as_str())
    }

    #[must_use]
    pub fn queue(self, queue: &str) -> Filter {
        self.with("queue", queue)
    }

    #[must_use]
    pub fn kind(self, kind: &str) -> Filter {
        self.with("kind", kind)
    }

    #[must_use]
    pub fn worker(self, worker: &str) -> Filter {
        self.with("worker", worker)
    }

    #[must_use]
    pub fn tag(self, tag: &str) -> Filter {
        self.with("tag", tag)
    }

    #[must_use]
    pub fn key(self, key: &str) -> Filter {
        self.with("key", key)
    }

    /// The tasks of a flow, in the order in which they stand in it.
    #[must_use]
    pub fn flow(self, flow: FlowId) -> Filter {
        self.with("flow", &flow.to_string())
    }

    /// A search, such as `kind:mail created:>2h -tag:test "connection refused"`. It is read by the gateway.
    #[must_use]
    pub fn search(self, query: &str) -> Filter {
        self.with("q", query)
    }

    /// By the time of creation, the newest first. The gateway says what it takes for that.
    #[must_use]
    pub fn newest_first(self) -> Filter {
        self.with("sort", "-created_at")
    }

    /// How many are read at once, not how many there will be.
    #[must_use]
    pub fn page_of(self, limit: u64) -> Filter {
        self.with("limit", &limit.to_string())
    }

    fn with(mut self, name: &'static str, value: &str) -> Filter {
        self.query.push((name, value.to_owned()));
        self
    }

    pub(super) fn pairs(&self) -> &[(&'static str, String)] {
        &self.query
    }
}
