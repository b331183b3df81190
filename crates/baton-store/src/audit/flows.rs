//! A10: a flow counts its tasks. Counted again where it changed meanwhile.

use std::collections::BTreeMap;

use baton_core::audit::rule::{ELSEWHERE, FLOW_DIFFERS, NO_HASH};
use baton_core::audit::{Fields, number};
use baton_core::{Shard, Status};

use super::Auditor;
use super::ask::{AT_ONCE, lossy, some};
use super::report::Finding;
use crate::error::Error;

const TRIES: u32 = 3;

/// What stands in the list of a flow.
#[derive(Default)]
struct Counted {
    /// By status.
    of: BTreeMap<String, u64>,
    /// Without a record.
    gone: Vec<String>,
    /// With the flow that each is of.
    strangers: Vec<(String, Option<String>)>,
}

impl Auditor<'_> {
    pub(super) async fn flow(&mut self, shard: Shard, key: &str, name: &str) -> Result<(), Error> {
        for _ in 0..TRIES {
            let before = self.record(key).await?;
            if before.is_empty() || before.contains_key("draft") {
                return Ok(());
            }
            let id = name.strip_prefix("flow:").unwrap_or(name);
            let counted = self.count_flow(shard, key, id).await?;
            if self.record(key).await? == before {
                self.report.look("A10", 1);
                self.judge_flow(key, name, &before, &counted.of);
                self.judge_members(shard, key, &counted)?;
                return Ok(());
            }
        }
        self.report.skip("A10", "some flows changed whenever their tasks were counted");
        Ok(())
    }

    async fn record(&self, key: &str) -> Result<Fields, Error> {
        Ok(self.store.ask_text::<Option<Fields>>(vec!["HGETALL", key]).await?.unwrap_or_default())
    }

    async fn count_flow(&self, shard: Shard, key: &str, flow: &str) -> Result<Counted, Error> {
        let (tasks, prefix) = (format!("{key}:tasks"), self.store.keys(shard)?.prefix().to_owned());
        let (mut first, mut counted) = (0, Counted::default());
        loop {
            let (from, to) = (first.to_string(), (first + AT_ONCE - 1).to_string());
            let ids: Vec<String> = self
                .store
                .ask_text::<Option<_>>(vec!["ZRANGE", &tasks, &from, &to])
                .await?
                .unwrap_or_default();
            let records: Vec<String> = ids.iter().map(|id| format!("{prefix}task:{id}")).collect();
            let questions = records.iter().map(|key| vec!["HMGET", key, "status", "flow"]);
            let answers = self.store.ask_all(questions).await?;
            for (id, answer) in ids.iter().zip(answers) {
                let said: Vec<Option<String>> = some(lossy(answer)).unwrap_or_default();
                match &said[..] {
                    [Some(status), Some(of)] if of == flow => {
                        *counted.of.entry(status.clone()).or_default() += 1;
                    }
                    [Some(_), of] => counted.strangers.push((id.clone(), of.clone())),
                    _ => counted.gone.push(id.clone()),
                }
            }
            first += ids.len();
            if ids.len() < AT_ONCE {
                return Ok(counted);
            }
        }
    }

    /// What a flow lists as its own, and is not.
    fn judge_members(&mut self, shard: Shard, key: &str, counted: &Counted) -> Result<(), Error> {
        let (list, prefix) = (format!("{key}:tasks"), self.store.keys(shard)?.prefix().to_owned());
        let gone = counted.gone.iter().map(|id| {
            let record = format!("{prefix}task:{id}");
            (id, NO_HASH.broken(record, format!("{list} names it, and it is not there")))
        });
        let strangers = counted.strangers.iter().map(|(id, of)| {
            let of = of.as_ref().map_or("of no flow".to_owned(), |flow| format!("of the flow {flow}"));
            (id, ELSEWHERE.broken(format!("tasks of the flow alone in {list}"), format!("one that is {of}")))
        });
        let wrong: Vec<_> = gone.chain(strangers).collect();
        for (id, one) in wrong {
            let keys = vec![list.clone(), format!("{prefix}task:{id}")];
            self.report.find(self.store.namespace(), Finding::of(one, id, keys));
        }
        Ok(())
    }

    fn judge_flow(&mut self, key: &str, name: &str, said: &Fields, counted: &BTreeMap<String, u64>) {
        let of = |status: &Status| counted.get(status.as_str()).copied().unwrap_or_default();
        let live: u64 = Status::ALL.iter().filter(|status| !status.is_terminal()).map(of).sum();
        let each = Status::ALL.iter().map(|status| (status.as_str(), of(status)));
        let mut wrong = Vec::new();
        for (field, there) in each.chain([("live", live)]) {
            let number = number(said, field).unwrap_or_default();
            if number != there {
                wrong.push(FLOW_DIFFERS.broken(format!("{field} {there}"), number.to_string()));
            }
        }
        let ended = live == 0 && !counted.is_empty();
        if ended != said.contains_key("finished_ms") {
            let has = if ended { "its end noted" } else { "no end, as it has live tasks" };
            wrong.push(FLOW_DIFFERS.broken(has, "finished_ms says otherwise"));
        }
        for one in wrong {
            self.find(Finding::of(
                one,
                name.replacen(':', " ", 1),
                vec![key.to_owned(), format!("{key}:tasks")],
            ));
        }
    }
}
