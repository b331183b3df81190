//! A6, A10: the graph agrees on both of its sides, and every open edge is counted once.

use baton_core::audit::rule::{
    CASCADE_OF_NOTHING, ONE_SIDED, OPEN_DIFFER, PARKED_BY_GOOD, UNKNOWN_KEY, WAITS_FOR_ENDED,
};
use baton_core::audit::{Wrong, is_terminal, number, word};
use baton_core::{Shard, TaskId};

use super::Auditor;
use super::ask::is_odd;
use super::report::Finding;
use crate::calls::task::{LISTS, OtherSide, Sides};
use crate::error::Error;

/// Edges that one script looks at.
const EDGES: u64 = 100;

/// How often a long list is counted, until nobody changes it meanwhile.
const TRIES: u32 = 3;

impl Auditor<'_> {
    /// A key beside a task, where it is one of the lists of its edges.
    pub(super) async fn list(&mut self, shard: Shard, key: &str, name: &str) -> Result<(), Error> {
        let mut parts = name.splitn(3, ':').skip(1);
        let (Some(id), Some(list)) = (parts.next(), parts.next()) else { return Ok(()) };
        let Ok(task) = id.parse::<TaskId>() else { return Ok(()) };
        if !LISTS.contains(&list) || task.shard() != shard {
            return Ok(());
        }
        for _ in 0..TRIES {
            let Some(counted) = self.walk_list(task, list, key).await? else { return Ok(()) };
            if counted.settled {
                return Ok(());
            }
        }
        self.report.skip("A10", "open parents of some tasks changed whenever they were counted");
        Ok(())
    }

    /// Page by page; `None` where there was nothing to see.
    async fn walk_list(&mut self, task: TaskId, list: &str, key: &str) -> Result<Option<Counted>, Error> {
        let (mut first, mut open, mut parents) = (0, 0, Vec::new());
        let mut before: Option<Sides> = None;
        loop {
            let sides = match self.store.sides(task, list, first, EDGES).await {
                Ok(sides) => sides,
                // One of another type is told as a key.
                Err(Error::Fault { problem, .. }) if problem.contains("WRONGTYPE") => return Ok(None),
                Err(error) => return Err(error),
            };
            if sides.fields.is_empty() || sides.fields.contains_key("draft") {
                return Ok(None);
            }
            self.judge_page(task, list, key, &sides)?;
            for other in &sides.others {
                open += u64::from(other.has_waiting || other.has_parked);
                parents.extend(other.task.parse::<TaskId>().ok().filter(|_| list == "parents"));
            }
            first += sides.others.len() as u64;
            let is_last = sides.others.is_empty() || first >= sides.total;
            let began = before.get_or_insert(Sides { others: Vec::new(), ..sides.clone() });
            if is_last {
                let settled = (&began.fields, began.total) == (&sides.fields, sides.total);
                if list == "parents" && settled {
                    self.count_open(task, key, &sides, open);
                    self.keep_edges(task, &sides, parents).await?;
                }
                return Ok(Some(Counted { settled: settled || list != "parents" }));
            }
        }
    }

    fn count_open(&mut self, task: TaskId, key: &str, sides: &Sides, open: u64) {
        let said = number(&sides.fields, "open_parents").unwrap_or_default();
        self.report.look("A10", 1);
        if said != open {
            let expected = format!("{open}, as many parents have it waiting or parked");
            let record = key.rsplit_once(':').map_or(key, |(record, _)| record).to_owned();
            let wrong = OPEN_DIFFER.broken(expected, said.to_string());
            self.find(Finding::of(wrong, task.to_string(), vec![record, key.to_owned()]));
        }
    }

    fn judge_page(&mut self, task: TaskId, list: &str, key: &str, sides: &Sides) -> Result<(), Error> {
        self.report.look("A6", sides.others.len() as u64);
        let record = self.store.keys(task.shard())?.task(task);
        let mut wrong: Vec<(Wrong, String)> = Vec::new();
        for other in &sides.others {
            let beside = format!("{}task:{}", self.store.keys(task.shard())?.prefix(), other.task);
            wrong.extend(one_side(list, other).map(|one| (one, beside)));
        }
        let (ended, status) = (is_terminal(&sides.fields), word(&sides.fields, "status"));
        let has = !sides.others.is_empty();
        if list == "waiting" && has && ended && !sides.is_passing {
            let one = WAITS_FOR_ENDED.broken("its end among the cascades, or nobody waiting", status);
            wrong.push((one, record.clone()));
        }
        if list == "parked" && has && (!ended || status == "completed") {
            wrong.push((PARKED_BY_GOOD.broken("a task that ended otherwise than well", status), record));
        }
        for (one, beside) in wrong {
            self.find(Finding::of(one, task.to_string(), vec![key.to_owned(), beside]));
        }
        Ok(())
    }

    /// What stands on the list of what is to be passed on has ended, or is a flow with which something is being done.
    pub(super) async fn cascades(&mut self, shard: Shard, key: &str) -> Result<(), Error> {
        let mut cursor = "0".to_owned();
        loop {
            let question = vec!["ZSCAN", key, &cursor, "COUNT", "1000"];
            let page: Option<(String, Vec<(String, f64)>)> = self.store.ask_text(question).await?;
            let Some((next, members)) = page else { return Ok(()) };
            self.cascades_page(shard, key, members.into_iter().map(|(name, _)| name).collect()).await?;
            if next == "0" {
                return Ok(());
            }
            cursor = next;
        }
    }

    async fn cascades_page(&mut self, shard: Shard, key: &str, names: Vec<String>) -> Result<(), Error> {
        let prefix = self.store.keys(shard)?.prefix().to_owned();
        for name in names {
            if is_odd(&name) {
                let wrong = UNKNOWN_KEY.broken("ids of tasks and flows", format!("{name:?}"));
                self.find(Finding::of(wrong, key, vec![key.to_owned()]));
                continue;
            }
            let (task, flow) = (format!("{prefix}task:{name}"), format!("{prefix}flow:{name}"));
            let answers = self
                .store
                .ask_all([
                    vec!["HGET", &task, "status"],
                    vec!["HGET", &flow, "doing"],
                    vec!["ZSCORE", key, &name],
                    vec!["HGET", &task, "status"],
                ])
                .await?;
            let said =
                |at: usize| answers.get(at).cloned().and_then(super::ask::some::<Option<String>>).flatten();
            let ended = [0, 3].iter().any(|at| {
                said(*at)
                    .and_then(|word| word.parse::<baton_core::Status>().ok())
                    .is_some_and(|one| one.is_terminal())
            });
            if !ended && said(1).is_none() && said(2).is_some() {
                let found = format!(
                    "a task that is {:?}, and no flow that is worked on",
                    said(0).unwrap_or_default()
                );
                let wrong = CASCADE_OF_NOTHING.broken("an end, or something done with a flow", found);
                self.find(Finding::of(wrong, name, vec![key.to_owned(), task]));
            }
        }
        Ok(())
    }
}

struct Counted {
    settled: bool,
}

fn one_side(list: &str, other: &OtherSide) -> Option<Wrong> {
    if other.is_draft {
        return None;
    }
    let name = &other.task;
    match list {
        "parents" if !other.knows => {
            Some(ONE_SIDED.broken(format!("it among the children of {name}"), "it is not there"))
        }
        "children" if !other.knows => {
            Some(ONE_SIDED.broken(format!("it among the parents of {name}"), "it is not there"))
        }
        "waiting" if other.in_both => {
            Some(PARKED_BY_GOOD.broken(format!("{name} in one list"), "it waits and is parked"))
        }
        "waiting" | "parked" if !other.knows => {
            Some(ONE_SIDED.broken(format!("{name} among its children"), format!("it is not, and is {list}")))
        }
        _ => None,
    }
}
