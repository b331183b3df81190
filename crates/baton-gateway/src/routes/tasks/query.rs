//! What a list of tasks is asked for: filters, the search, the order, the page.

use baton_api::schemas;
use baton_core::query::Test;
use baton_core::{FlowId, QueueName, ShardCount, Status};
use utoipa::IntoParams;
use utoipa::openapi::Schema;

use super::filter::Filter;
use super::history::is_included;
use super::rows::Wanted;
use super::segments::Cut;
use crate::auth::Grant;
use crate::clock;
use crate::extract::{FromTerms, Paging, Terms};
use crate::problem::Fail;

/// Which tasks to list. Values of one filter are alternatives; several filters must all fit.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    /// Repeat it, or put commas between.
    #[param(value_type = Option<Vec<String>>, schema_with = statuses, example = json!(["pending"]))]
    pub(super) status: Vec<Status>,
    #[param(value_type = Option<Vec<String>>, schema_with = queues)]
    pub(super) queue: Vec<QueueName>,
    /// Only those of this flow, by their positions in it: parents first.
    #[param(value_type = Option<String>, schema_with = schemas::flow)]
    pub(super) flow: Option<FlowId>,
    /// `history`: with the whole life of each task; then at most 100 tasks.
    #[param(value_type = Option<String>, pattern = "^history$")]
    pub(super) include: bool,
    /// By the time of creation. It takes an index, so it goes with exactly one kind, tag or worker, with statuses that are
    /// ends, and in a namespace of one shard.
    #[param(value_type = Option<String>, pattern = "^-?created_at$")]
    pub(super) sort: Option<Sort>,
    #[param(ignore)]
    pub(super) paging: Paging,
    #[param(ignore)]
    pub(super) wanted: Wanted,
}

/// From which end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    OldestFirst,
    NewestFirst,
}

fn statuses() -> Schema {
    schemas::each(schemas::status())
}

fn queues() -> Schema {
    schemas::each(schemas::queue())
}

impl FromTerms for ListQuery {
    const KNOWN: &[&str] = &[
        "status",
        "queue",
        "flow",
        "kind",
        "worker",
        "tag",
        "key",
        "created_after",
        "created_before",
        "include",
        "limit",
        "cursor",
        "page",
        "page_size",
        "sort",
        "q",
    ];

    fn read(terms: &mut Terms) -> ListQuery {
        let wanted = Wanted::read(terms);
        let sort = match terms.one::<String>("sort").as_deref() {
            None => None,
            Some("created_at") => Some(Sort::OldestFirst),
            Some("-created_at") => Some(Sort::NewestFirst),
            Some(_) => {
                terms.wrong("sort", "there is created_at, and -created_at for the newest first");
                None
            }
        };
        let paging = Paging::read(terms);
        let include = is_included(terms);
        if include && matches!(paging, Paging::Cursor { limit: 101.., .. }) {
            terms.wrong("limit", "with histories it is at most 100");
        }
        ListQuery {
            status: or_term(terms.many("status"), &wanted, |test| match test {
                Test::Status(values) => Some(values),
                _ => None,
            }),
            queue: or_term(terms.many("queue"), &wanted, |test| match test {
                Test::Queue(values) => Some(values),
                _ => None,
            }),
            flow: terms.one("flow").or_else(|| wanted.query().cut(one_flow)),
            include,
            sort,
            paging,
            wanted,
        }
    }
}

/// What a parameter says, or else the search: then fewer tasks are looked at.
fn or_term<'a, T: Clone + 'a>(
    said: Vec<T>,
    wanted: &'a Wanted,
    term: impl Fn(&'a Test) -> Option<&'a Vec<T>>,
) -> Vec<T> {
    if said.is_empty() { wanted.query().cut(term).cloned().unwrap_or_default() } else { said }
}

fn one_flow(test: &Test) -> Option<FlowId> {
    match test {
        Test::Flow(flows) if flows.len() == 1 => flows.first().copied(),
        _ => None,
    }
}

impl ListQuery {
    pub(super) fn filter<'a>(&'a self, grant: &'a Grant) -> Filter<'a> {
        let now_ms = clock::now_ms();
        Filter { status: &self.status, queue: &self.queue, wanted: &self.wanted, grant, now_ms }
    }

    /// The one index that has all that are wanted, in their order.
    pub(super) fn sorted(&self, shards: ShardCount, sort: Sort) -> Result<Cut, Fail> {
        let cannot = |why: &str| Err(Fail::invalid("sort", why));
        let cuts = self.wanted.cuts();
        let [by] = cuts.iter().filter(|by| by.is_by_creation()).collect::<Vec<_>>()[..] else {
            return cannot("it takes exactly one kind, tag or worker: there is an index for each of these");
        };
        if self.status.is_empty() || !self.status.iter().all(|status| status.is_terminal()) {
            return cannot(
                "only those that have ended have that order: add status=completed,failed,timeout,cancelled",
            );
        }
        if shards != ShardCount::ONE {
            return cannot("each shard has an order of its own, and this namespace has several");
        }
        Ok(Cut { by: by.clone(), up: sort == Sort::OldestFirst })
    }
}
