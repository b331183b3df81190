//! Reads rows of one segment, and decides which of them are wanted.

use baton_api::{Timestamp, schemas};
use baton_core::{DedupeKey, Kind, Status, Tag, WorkerId, limits};
use baton_store::calls::task::{Index, List, Order, Start};
use baton_store::{Store, Task};
use utoipa::IntoParams;
use utoipa::openapi::Schema;

use super::cursor::Within;
use super::segments::Segment;
use crate::extract::Terms;
use crate::problem::Fail;

/// What no index knows: up to 2,000 rows are looked at one by one, and the answer says how many were.
#[derive(Clone, Debug, Default, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    #[param(value_type = Option<Vec<String>>, schema_with = kinds)]
    kind: Vec<Kind>,
    /// Who runs it, or ran it last.
    #[param(value_type = Option<Vec<String>>, schema_with = workers)]
    worker: Vec<WorkerId>,
    /// One of the task's tags.
    #[param(value_type = Option<Vec<String>>, schema_with = tags)]
    tag: Vec<Tag>,
    /// Its dedupe key.
    #[param(value_type = Option<Vec<String>>, schema_with = keys)]
    key: Vec<DedupeKey>,
    #[param(value_type = Option<String>, format = DateTime)]
    created_after: Option<Timestamp>,
    #[param(value_type = Option<String>, format = DateTime)]
    created_before: Option<Timestamp>,
}

macro_rules! lists {
    ($($name:ident = $each:ident;)*) => {$(
        fn $name() -> Schema {
            schemas::each(schemas::$each())
        }
    )*};
}

lists! {
    kinds = kind;
    workers = worker;
    tags = tag;
    keys = key;
}

impl Wanted {
    pub(super) fn read(terms: &mut Terms) -> Wanted {
        Wanted {
            kind: terms.many("kind"),
            worker: terms.many("worker"),
            tag: terms.many("tag"),
            key: terms.many("key"),
            created_after: terms.one("created_after"),
            created_before: terms.one("created_before"),
        }
    }

    pub(super) fn is_everything(&self) -> bool {
        self.kind.is_empty()
            && self.worker.is_empty()
            && self.tag.is_empty()
            && self.key.is_empty()
            && self.created_after.is_none()
            && self.created_before.is_none()
    }

    pub(super) fn takes(&self, task: &Task) -> bool {
        fn one_of<T: PartialEq>(wanted: &[T], is: Option<&T>) -> bool {
            wanted.is_empty() || is.is_some_and(|is| wanted.contains(is))
        }
        one_of(&self.kind, Some(&task.kind))
            && one_of(&self.worker, task.run.as_ref().map(|run| &run.worker))
            && one_of(&self.key, task.key.as_ref())
            && (self.tag.is_empty() || task.tags.iter().any(|tag| self.tag.contains(tag)))
            && self.created_after.is_none_or(|after| task.created_ms > after.ms())
            && self.created_before.is_none_or(|before| task.created_ms < before.ms())
    }
}

/// Some rows of a segment, and where the next ones begin, if there are any.
pub(super) struct Rows {
    pub(super) tasks: Vec<Task>,
    pub(super) next: Option<Within>,
}

pub(super) async fn read(store: &Store, segment: &Segment, from: Within, limit: u64) -> Result<Rows, Fail> {
    let limit = limit.clamp(1, limits::PAGE_MAX);
    if segment.status == Status::Running {
        let after = match from {
            Within::Running(after) => after,
            Within::Rank(skip) => baton_store::calls::task::AfterRunning { skip, ..Default::default() },
            Within::Start | Within::After(_) => Default::default(),
        };
        let listed = store.list_running(segment.shard, segment.queue.as_ref(), after, limit).await?;
        return Ok(Rows { tasks: listed.tasks, next: listed.next.map(Within::Running) });
    }
    let start = match from {
        Within::After(after) => Start::After(after),
        Within::Rank(rank) => Start::Rank(rank),
        Within::Start | Within::Running(_) => Start::default(),
    };
    let index = match (&segment.queue, segment.status) {
        (queue, Status::Scheduled) => Index::Scheduled(queue.as_ref()),
        (Some(queue), status) => Index::Queue(queue, status),
        (None, _) => return Ok(Rows { tasks: Vec::new(), next: None }),
    };
    // Ends are looked at from the newest; what waits, in the order in which it will go on.
    let order = if segment.status.is_terminal() { Order::Down } else { Order::Up };
    let listed = store.list(segment.shard, &List { index, order, start, limit }).await?;
    Ok(Rows { tasks: listed.tasks, next: listed.next.map(Within::After) })
}
