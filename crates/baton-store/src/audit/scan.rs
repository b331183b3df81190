//! Every key of the namespace, once for each share of the tasks: tasks of the share, and with the first share all else.

use std::collections::HashMap;

use baton_core::{Shard, TaskId};

use super::ask::{read, some};
use super::lives::{Lives, Share};
use super::{Auditor, keys};
use crate::error::Error;
use crate::families::Family;

/// Keys of one step of SCAN.
const KEYS: &str = "500";

/// Tasks that one script looks at.
pub(super) const TASKS: usize = 50;

impl Auditor<'_> {
    pub(super) async fn scan(&mut self, share: Share, lives: &mut Lives) -> Result<(), Error> {
        let (pattern, mut cursor) = (format!("{}:*", self.store.namespace()), "0".to_owned());
        let mut waiting: HashMap<Shard, Vec<TaskId>> = HashMap::new();
        loop {
            let (next, page) = self.store.scan_step(&cursor, &pattern, KEYS).await?;
            (self.progress)("looks at keys", page.len() as u64);
            for key in &page {
                let of_share = self.task_of(key).filter(|task| share.has(*task));
                if let Some(task) = of_share.filter(|task| lives.is_new(*task)) {
                    waiting.entry(task.shard()).or_default().push(task);
                }
            }
            for (shard, tasks) in &mut waiting {
                while tasks.len() >= TASKS {
                    let some: Vec<TaskId> = tasks.drain(..TASKS).collect();
                    self.tasks(lives, *shard, &some).await?;
                }
            }
            if share.part == 0 {
                self.keys(&page).await?;
            }
            if next == "0" {
                break;
            }
            cursor = next;
        }
        for (shard, tasks) in waiting {
            self.tasks(lives, shard, &tasks).await?;
        }
        Ok(())
    }

    /// The task whose record this is.
    pub(super) fn task_of(&self, key: &[u8]) -> Option<TaskId> {
        let known = Family::of(self.store.namespace(), std::str::from_utf8(key).ok()?)?;
        let id = known.name.strip_prefix("task:").filter(|_| known.family.pattern == "task:<id>")?;
        let task: TaskId = id.parse().ok()?;
        let keys = self.store.keys(task.shard()).ok()?;
        (keys.prefix() == known.prefix).then_some(task)
    }

    /// Keys as keys: type, expiry, what they belong to, what they name.
    async fn keys(&mut self, page: &[Vec<u8>]) -> Result<(), Error> {
        self.report.keys += page.len() as u64;
        self.report.look("A11", page.len() as u64);
        let (mut known, mut texts) = (Vec::new(), Vec::new());
        for key in page {
            match std::str::from_utf8(key) {
                Ok(text) if Family::of(self.store.namespace(), text).is_some() => texts.push(text),
                _ => self.unknown_key(key),
            }
        }
        let questions = texts.iter().flat_map(|key| [vec!["TYPE", key], vec!["PTTL", key]]);
        let answers = self.store.ask_all(questions).await?;
        for (key, answer) in texts.into_iter().zip(answers.chunks_exact(2)) {
            let (kind, ttl): (String, i64) =
                (read(answer[0].clone())?, some(answer[1].clone()).unwrap_or(-2));
            if kind != "none" && self.check_key(key, &kind, ttl) {
                known.push(key);
            }
        }
        self.owners(&known).await?;
        for key in known {
            if let Some(known) = Family::of(self.store.namespace(), key) {
                let done = self.look_into(key, known).await;
                self.or_skip("A11", done)?;
            }
        }
        Ok(())
    }

    /// What a key holds, by its family.
    async fn look_into(&mut self, key: &str, known: crate::families::Known<'_>) -> Result<(), Error> {
        let Some(shard) = keys::shard_of(self.store, known.prefix) else { return Ok(()) };
        match known.family.pattern {
            "scheduled" => self.index(shard, known.name).await,
            "held:<worker>:<boot>" => {
                self.holder(shard, key, known.name).await?;
                self.index(shard, known.name).await
            }
            "queue:<name>:waiting" => self.index(shard, known.name).await,
            "leases" => self.leases(shard, key).await,
            "cascades" => self.cascades(shard, key).await,
            "queue:<name>:key:<key>" | "flow:<id>:key:<key>" => self.dedupe(shard, key, known.name).await,
            "index:kind:<kind>" => self.kind_list(shard, key, known.name).await,
            "flow:<id>" => self.flow(shard, key, known.name).await,
            pattern if pattern.starts_with("queue:<name>:") && known.family.kind == "zset" => {
                match known
                    .name
                    .rsplit(':')
                    .next()
                    .is_some_and(|last| last.parse::<baton_core::Status>().is_ok())
                {
                    true => self.index(shard, known.name).await,
                    false => Ok(()),
                }
            }
            "schedule:<name>" => self.schedule(shard, key, known.name).await,
            pattern if pattern.starts_with("task:<id>:") => self.list(shard, key, known.name).await,
            _ => self.registry(shard, key, known.name).await,
        }
    }
}
