//! A11: every key is of the table of keys, and belongs to something that is there.

use baton_core::Shard;
use baton_core::audit::rule::{
    FLOW_UNLISTED, NO_LEASE, ORPHAN, STRAY_VALUE, UNKNOWN_KEY, WRONG_EXPIRY, WRONG_TYPE,
};

use super::Auditor;
use super::ask::{read, some};
use super::report::Finding;
use crate::error::Error;
use crate::families::{Family, Lives, Of};
use crate::store::Store;

/// Values of tasks that are in the record where they are short, and beside it where they are long.
const VALUES: [&str; 5] = [":payload", ":result", ":error", ":reason", ":tags"];

/// The shard whose keys begin so.
pub(super) fn shard_of(store: &Store, prefix: &str) -> Option<Shard> {
    let tag = prefix.rsplit_once('{')?.1.strip_suffix("}:")?;
    let shard = Shard::new(u32::from_str_radix(tag, 16).ok()?).ok()?;
    store.keys(shard).ok().filter(|keys| keys.prefix() == prefix).map(|_| shard)
}

impl Auditor<'_> {
    pub(super) fn unknown_key(&mut self, key: &[u8]) {
        let key = String::from_utf8_lossy(key).into_owned();
        let wrong = UNKNOWN_KEY.broken("a key of the table", "it belongs to nothing that Baton keeps");
        self.find(Finding::of(wrong, key.clone(), vec![key]));
    }

    /// Type and expiry. Answers whether it can be looked into.
    pub(super) fn check_key(&mut self, key: &str, kind: &str, ttl_ms: i64) -> bool {
        let Some(known) = Family::of(self.store.namespace(), key) else { return false };
        let family = known.family;
        let mut tell = |wrong| self.find(Finding::of(wrong, key, vec![key.to_owned()]));
        if kind != family.kind {
            tell(WRONG_TYPE.broken(format!("a {}", family.kind), format!("a {kind}")));
            return false;
        }
        match (family.lives, family.of) {
            (_, Of::Logins) | (Lives::Either, _) => {}
            (Lives::Lasts, _) if ttl_ms >= 0 => tell(WRONG_EXPIRY.broken("a key that lasts", "it expires")),
            (Lives::Expires, _) if ttl_ms == -1 => {
                tell(WRONG_EXPIRY.broken("a key that expires", "it lasts"))
            }
            _ => {}
        }
        let is_of_shard = family.of != Of::Shard || shard_of(self.store, known.prefix).is_some();
        if !is_of_shard {
            let wrong = UNKNOWN_KEY.broken("a shard of the namespace", "it has no such shard");
            self.find(Finding::of(wrong, key, vec![key.to_owned()]));
        }
        is_of_shard
    }

    /// Do those that belong to something belong to something that is there? Ids of tasks never come back, so what has no task
    /// and is still there afterwards has lost it.
    pub(super) async fn owners(&mut self, keys: &[&str]) -> Result<(), Error> {
        let (mut beside, mut others) = (Vec::new(), Vec::new());
        for key in keys {
            let Some(known) = Family::of(self.store.namespace(), key) else { continue };
            match known.family.pattern {
                // Tasks against indexes are looked at by scripts, holders with their leases.
                "task:<id>" if self.task_of(key.as_bytes()).is_none() => self.unknown_key(key.as_bytes()),
                "task:<id>" | "held:<worker>:<boot>" => {}
                pattern if pattern.starts_with("task:<id>:") => {
                    beside.push((*key, key.rsplit_once(':').map_or(*key, |(owner, _)| owner)));
                }
                _ => others.push((*key, known)),
            }
        }
        let questions = beside.iter().flat_map(|(key, owner)| {
            let name = key.rsplit(':').next().unwrap_or_default();
            [vec!["EXISTS", owner], vec!["EXISTS", key], vec!["HSTRLEN", owner, name]]
        });
        let answers = self.store.ask_all(questions).await?;
        for ((key, owner), answer) in beside.into_iter().zip(answers.chunks_exact(3)) {
            if VALUES.iter().any(|name| key.ends_with(name)) && some::<u64>(answer[2].clone()) > Some(0) {
                self.doubled(key, owner).await?;
            }
            let there = (read::<u64>(answer[0].clone())?, read::<u64>(answer[1].clone())?);
            if there == (0, 1) {
                let wrong = ORPHAN.broken(format!("{owner} beside it"), "it is not there");
                self.find(Finding::of(wrong, key, vec![key.to_owned(), owner.to_owned()]));
            }
        }
        for (key, known) in others {
            for place in self.store.misplaced(known).await.map_err(Error::from)? {
                // An index of another type is told as a key, and says nothing of what should be in it.
                let kind: String = self.store.ask_one(vec!["TYPE", &place.key]).await?;
                if !place.member.is_empty() && kind != "zset" && kind != "none" {
                    continue;
                }
                let rule = if known.family.pattern == "flow:<id>" { FLOW_UNLISTED } else { ORPHAN };
                let wrong = match place.member.is_empty() {
                    true => rule.broken(format!("{} beside it", place.key), "it is not there"),
                    false => rule.broken(format!("it in {}", place.key), "it is not in there"),
                };
                self.find(Finding::of(wrong, key, vec![key.to_owned(), place.key]));
            }
        }
        Ok(())
    }

    /// A value that is long is beside its record, and no other is. Asked again, as a task may have had one after the other.
    async fn doubled(&mut self, key: &str, owner: &str) -> Result<(), Error> {
        let name = key.rsplit(':').next().unwrap_or_default();
        let length = || vec!["HSTRLEN", owner, name];
        let answers = self.store.ask_all([length(), vec!["EXISTS", key], length()]).await?;
        if answers.into_iter().all(|answer| some::<u64>(answer) > Some(0)) {
            let wrong = STRAY_VALUE.broken(format!("{name} in {owner} or beside it"), "it is in both");
            self.find(Finding::of(wrong, key, vec![key.to_owned(), owner.to_owned()]));
        }
        Ok(())
    }

    /// A holder that holds something has a lease. Looked at twice, with what it holds in between.
    pub(super) async fn holder(&mut self, shard: Shard, key: &str, name: &str) -> Result<(), Error> {
        let holder = name.strip_prefix("held:").unwrap_or(name);
        let leases = self.store.keys(shard)?.leases();
        let score = || vec!["ZSCORE", &leases, holder];
        let answers = self.store.ask_all([score(), vec!["ZCARD", key], score()]).await?;
        let [before, size, after] = <[_; 3]>::try_from(answers).unwrap_or_default();
        let (before, after): (Option<f64>, Option<f64>) = (read(before)?, read(after)?);
        self.report.look("A2", 1);
        if some::<u64>(size).unwrap_or_default() > 0 && before.is_none() && after.is_none() {
            let wrong = NO_LEASE.broken(format!("{holder} in {leases}"), "it has no lease");
            self.find(Finding::of(wrong, holder, vec![key.to_owned(), leases]));
        }
        Ok(())
    }
}
