//! Reads rows of one segment, and decides which of them are wanted.

use baton_api::{Timestamp, schemas};
use baton_core::query::{Query, Test};
use baton_core::{DedupeKey, Kind, Status, Tag, WorkerId, limits};
use baton_store::calls::task::{Index, List, Order, Start};
use baton_store::{Store, Task};
use utoipa::IntoParams;
use utoipa::openapi::Schema;

use super::cursor::Within;
use super::segments::{By, Segment};
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
    /// A search, such as `status:failed kind:mail -queue:slow created:>2h attempt:>2 payload.user.id:42 "refused"`: all terms
    /// must hold, `-` turns one round, a comma means or, and a word by itself is looked for in all texts of a task.
    #[param(value_type = Option<String>, max_length = 1024, example = "kind:mail error:refused")]
    q: Query,
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
            q: search(terms),
        }
    }

    pub(super) fn query(&self) -> &Query {
        &self.q
    }

    /// What was created before this is not wanted.
    pub(super) fn created_from_ms(&self, now_ms: u64) -> Option<u64> {
        self.created_after.map(Timestamp::ms).max(self.q.created_from_ms(now_ms))
    }

    /// The indexes in which all wanted tasks are that have ended, if there are such. Those of a worker and of a group
    /// of failures forget, so they come last.
    pub(super) fn cuts(&self) -> Vec<By> {
        let (tags, kinds, workers) = (
            self.q.cut(|test| if let Test::Tag(tags) = test { Some(tags) } else { None }),
            self.q.cut(|test| if let Test::Kind(kinds) = test { Some(kinds) } else { None }),
            self.q.cut(|test| if let Test::Worker(workers) = test { Some(workers) } else { None }),
        );
        let mut cuts: Vec<By> = said(&self.tag, tags).iter().cloned().map(By::Tag).collect();
        if cuts.is_empty() {
            cuts = said(&self.kind, kinds).iter().cloned().map(By::Kind).collect();
        }
        if cuts.is_empty() {
            cuts = said(&self.worker, workers).iter().cloned().map(By::Worker).collect();
        }
        if cuts.is_empty() {
            cuts = self.q.error_group().map(By::Error).into_iter().collect();
        }
        // What is named twice is one index.
        let mut each: Vec<By> = Vec::new();
        cuts.into_iter().for_each(|by| {
            if !each.contains(&by) {
                each.push(by)
            }
        });
        each
    }

    pub(super) fn is_everything(&self) -> bool {
        self.kind.is_empty()
            && self.worker.is_empty()
            && self.tag.is_empty()
            && self.key.is_empty()
            && self.created_after.is_none()
            && self.created_before.is_none()
            && self.q.is_empty()
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

fn search(terms: &mut Terms) -> Query {
    let text: Option<String> = terms.one("q");
    Query::parse(text.as_deref().unwrap_or_default()).unwrap_or_else(|mistakes| {
        for mistake in mistakes {
            terms.wrong("q", format!("at byte {}: {}", mistake.at, mistake.message));
        }
        Query::default()
    })
}

/// What a parameter says, or else a term of the search.
fn said<'a, T>(parameter: &'a [T], term: Option<&'a Vec<T>>) -> &'a [T] {
    if parameter.is_empty() { term.map_or(&[], Vec::as_slice) } else { parameter }
}

/// Some rows of a segment, and where the next ones begin, if there are any.
pub(super) struct Rows {
    pub(super) tasks: Vec<Task>,
    pub(super) next: Option<Within>,
    /// How many its index has, of which some may be of other queues.
    pub(super) total: u64,
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
        return Ok(Rows { total: 0, tasks: listed.tasks, next: listed.next.map(Within::Running) });
    }
    let start = match from {
        Within::After(after) => Start::After(after),
        Within::Rank(rank) => Start::Rank(rank),
        Within::Start | Within::Running(_) => Start::default(),
    };
    let key = segment.cut.as_ref().map(|cut| cut.by.key());
    let index = match (&key, &segment.queue, segment.status) {
        (Some(key), _, _) => Index::Behind(key),
        (None, queue, Status::Scheduled) => Index::Scheduled(queue.as_ref()),
        (None, Some(queue), status) => Index::Queue(queue, status),
        (None, None, _) => return Ok(Rows { tasks: Vec::new(), next: None, total: 0 }),
    };
    // Ends are looked at from the newest; what waits, in the order in which it will go on.
    let up = segment.cut.as_ref().map_or(!segment.status.is_terminal(), |cut| cut.up);
    let order = if up { Order::Up } else { Order::Down };
    let listed = store.list(segment.shard, &List { index, order, start, limit }).await?;
    Ok(Rows { total: listed.total, tasks: listed.tasks, next: listed.next.map(Within::After) })
}
