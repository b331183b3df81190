//! A1, A2, A11: what lists of names name, schedules against the times at which they are due, and shards against the namespace.

use baton_core::Shard;
use baton_core::audit::rule::{
    ELSEWHERE, NO_HASH, NOT_IN_ITS_INDEX, SHARD_DIFFERS, UNKNOWN_KEY, WRONG_SCORE,
};

use super::Auditor;
use super::ask::{AT_ONCE, is_odd, lossy, some};
use super::report::Finding;
use crate::error::Error;
use crate::families::quoted;

/// Lists, and what the key of a record begins with. That each record is on its list is asked where keys are met. Queues are not
/// among them: the record of one of which there is nothing to say is empty, and so is none.
const LISTS: [(&str, &str); 12] = [
    ("workers", "worker"),
    ("pools", "pool"),
    ("gateways", "gateway"),
    ("schedules", "schedule"),
    ("schedules:due", "schedule"),
    ("schedules:owned", "schedule"),
    ("kinds:declared", "kind"),
    ("operations", "operation"),
    ("operations:live", "operation"),
    ("webhooks", "webhook"),
    ("flows", "flow"),
    ("drafts", "flow"),
];

impl Auditor<'_> {
    /// Every name on a list has its record.
    pub(super) async fn registry(&mut self, shard: Shard, key: &str, list: &str) -> Result<(), Error> {
        let Some((_, record)) = LISTS.iter().find(|(name, _)| *name == list) else { return Ok(()) };
        let front = format!("{}{record}:", self.store.keys(shard)?.prefix());
        let mut cursor = "0".to_owned();
        loop {
            let question = vec!["ZSCAN", key, &cursor, "COUNT", "500"];
            let page: Option<(String, Vec<(String, f64)>)> = self.store.ask_text(question).await?;
            let Some((next, members)) = page else { return Ok(()) };
            for some in members.chunks(AT_ONCE / 4) {
                let names: Vec<&str> = some.iter().map(|(name, _)| name.as_str()).collect();
                self.named(key, &front, &names).await?;
            }
            if next == "0" {
                return Ok(());
            }
            cursor = next;
        }
    }

    /// A name and its record come and go together, so one look at the record before and one after the name are enough.
    async fn named(&mut self, key: &str, front: &str, names: &[&str]) -> Result<(), Error> {
        self.report.look("A2", names.len() as u64);
        let records: Vec<String> = names.iter().map(|name| format!("{front}{name}")).collect();
        let each = names.iter().zip(&records);
        let questions = each.clone().flat_map(|(name, record)| {
            [vec!["EXISTS", record], vec!["ZSCORE", key, name], vec!["EXISTS", record]]
        });
        let answers = self.store.ask_all(questions).await?;
        for ((name, record), said) in each.zip(answers.chunks_exact(3)) {
            let is_there = |at: usize| some::<u64>(said[at].clone()) != Some(0);
            let stands = some::<Option<f64>>(said[1].clone()).flatten().is_some();
            if is_odd(name) {
                let wrong = UNKNOWN_KEY.broken("names", format!("{name:?}"));
                self.find(Finding::of(wrong, key, vec![key.to_owned()]));
            } else if stands && !is_there(0) && !is_there(2) {
                let wrong = NO_HASH.broken(record.clone(), format!("{key} names it, and it is not there"));
                let mut finding = Finding::of(wrong, *name, vec![key.to_owned(), record.clone()]);
                finding.line = format!("redis-cli ZSCORE {} {}", quoted(key), quoted(name));
                self.find(finding);
            }
        }
        Ok(())
    }

    /// A schedule that has a next time is looked for then: among those that nobody owns, or the others.
    pub(super) async fn schedule(&mut self, shard: Shard, key: &str, name: &str) -> Result<(), Error> {
        let prefix = self.store.keys(shard)?.prefix().to_owned();
        let name = name.strip_prefix("schedule:").unwrap_or(name);
        let (due, owned) = (format!("{prefix}schedules:due"), format!("{prefix}schedules:owned"));
        let record = || vec!["HMGET", key, "next_ms", "paused_ms", "owner"];
        let score = |index| vec!["ZSCORE", index, name];
        let questions =
            [record(), score(&due), score(&owned), vec!["TYPE", &due], vec!["TYPE", &owned], record()];
        let answers = self.store.ask_all(questions).await?;
        let read = |at: usize| -> Vec<Option<String>> {
            answers.get(at).cloned().and_then(|said| some(lossy(said))).unwrap_or_default()
        };
        let is_index = |at: usize| {
            let kind: Option<String> = answers.get(at).cloned().and_then(some);
            kind.is_some_and(|kind| kind == "zset" || kind == "none")
        };
        let (said, after) = (read(0), read(5));
        let [next_ms, paused_ms, owner] = &said[..] else { return Ok(()) };
        if said != after || said.iter().all(Option::is_none) && !self.is_there(key).await? {
            return Ok(());
        }
        if !is_index(3) || !is_index(4) {
            return Ok(());
        }
        self.report.look("A1", 1);
        let stands = |at: usize| answers.get(at).cloned().and_then(some::<Option<f64>>).flatten();
        let (in_due, in_owned) = (stands(1), stands(2));
        let subject = format!("schedule {name}");
        let Some(next_ms) = next_ms.as_ref().filter(|_| paused_ms.is_none()) else {
            for (index, _) in
                [(due, in_due), (owned, in_owned)].into_iter().filter(|(_, score)| score.is_some())
            {
                let wrong =
                    ELSEWHERE.broken("it nowhere, as it waits for no time", format!("it is in {index}"));
                self.find(Finding::of(wrong, subject.clone(), vec![key.to_owned(), index]));
            }
            return Ok(());
        };
        // Where its owner was named by a release that knows of owners, after one that does not, it may stand beside it for a while.
        let (index, score) = match owner {
            Some(_) => (owned, in_owned.or(in_due)),
            None => (due, in_due),
        };
        let keys = vec![key.to_owned(), index.clone()];
        match score {
            None => {
                let wrong = NOT_IN_ITS_INDEX.broken(format!("it in {index}"), "it is not there");
                self.find(Finding::of(wrong, subject, keys));
            }
            Some(score) if next_ms.parse::<f64>().ok() != Some(score) => {
                let wrong = WRONG_SCORE.broken(format!("the score {next_ms} in {index}"), format!("{score}"));
                self.find(Finding::of(wrong, subject, keys));
            }
            Some(_) => {}
        }
        Ok(())
    }

    pub(super) async fn is_there(&self, key: &str) -> Result<bool, Error> {
        Ok(self.store.ask_one::<u64>(vec!["EXISTS", key]).await? > 0)
    }

    /// Each shard was founded with the namespace, as one of so many. Of a namespace in which nobody ever worked, none is there.
    pub(super) async fn shards(&mut self) -> Result<(), Error> {
        let shards: Vec<Shard> = self.store.shards().all().collect();
        let mut said = Vec::new();
        for shard in &shards {
            let keys = self.store.keys(*shard)?;
            let (meta, events) = (keys.meta(), keys.events());
            let founded: Option<String> = self.store.ask_text(vec!["HGET", &meta, "shards"]).await?;
            let is_used = founded.is_some() || self.is_there(&events).await?;
            said.push((meta, founded, is_used));
        }
        self.report.look("A11", shards.len() as u64);
        if !said.iter().any(|(_, _, is_used)| *is_used) {
            return Ok(());
        }
        let expected = shards.len().to_string();
        for (meta, founded, _) in
            said.into_iter().filter(|(_, founded, _)| founded.as_ref() != Some(&expected))
        {
            let found = founded.map_or("nobody founded it".to_owned(), |said| format!("it is one of {said}"));
            let wrong = SHARD_DIFFERS.broken(format!("a shard, one of {expected}"), found);
            self.find(Finding::of(wrong, meta.clone(), vec![meta]));
        }
        Ok(())
    }
}
