//! A10: a flow counts its tasks. Counted again where it changed meanwhile.

use std::collections::BTreeMap;

use baton_core::audit::rule::FLOW_DIFFERS;
use baton_core::audit::{Fields, number};
use baton_core::{Shard, Status};

use super::Auditor;
use super::ask::{AT_ONCE, some};
use super::report::Finding;
use crate::error::Error;

const TRIES: u32 = 3;

impl Auditor<'_> {
    pub(super) async fn flow(&mut self, shard: Shard, key: &str, name: &str) -> Result<(), Error> {
        for _ in 0..TRIES {
            let before = self.record(key).await?;
            if before.is_empty() || before.contains_key("draft") {
                return Ok(());
            }
            let counted = self.count_flow(shard, key).await?;
            if self.record(key).await? == before {
                self.report.look("A10", 1);
                self.judge_flow(key, name, &before, &counted);
                return Ok(());
            }
        }
        self.report.skip("A10", "some flows changed whenever their tasks were counted");
        Ok(())
    }

    async fn record(&self, key: &str) -> Result<Fields, Error> {
        Ok(self.store.ask_one::<Option<Fields>>(vec!["HGETALL", key]).await?.unwrap_or_default())
    }

    async fn count_flow(&self, shard: Shard, key: &str) -> Result<BTreeMap<String, u64>, Error> {
        let (tasks, prefix) = (format!("{key}:tasks"), self.store.keys(shard)?.prefix().to_owned());
        let (mut first, mut counted) = (0, BTreeMap::new());
        loop {
            let (from, to) = (first.to_string(), (first + AT_ONCE - 1).to_string());
            let ids: Vec<String> = self
                .store
                .ask_one::<Option<_>>(vec!["ZRANGE", &tasks, &from, &to])
                .await?
                .unwrap_or_default();
            let records: Vec<String> = ids.iter().map(|id| format!("{prefix}task:{id}")).collect();
            let answers = self.store.ask_all(records.iter().map(|key| vec!["HGET", key, "status"])).await?;
            for status in answers.into_iter().filter_map(some::<Option<String>>).flatten() {
                *counted.entry(status).or_default() += 1;
            }
            first += ids.len();
            if ids.len() < AT_ONCE {
                return Ok(counted);
            }
        }
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
