//! A14: what is due happens. Judged where somebody ticks the shard; a dump that was loaded elsewhere stands still.

use baton_core::audit::rule::{CASCADE_LATE, DUE_LATE, LEASE_LATE, RUN_LATE};
use baton_core::audit::{Fields, Rule, number};
use baton_core::{Shard, limits};
use deadpool_redis::redis::Value;

use super::Auditor;
use super::ask::{lossy, read, time};
use super::report::Finding;
use crate::error::Error;

/// So many late ones of a kind are named.
pub(super) const LATE_NAMED: usize = 100;
pub(super) const NAMED: &str = "100";

impl Auditor<'_> {
    pub(super) async fn late(&mut self) -> Result<(), Error> {
        let shards: Vec<Shard> = self.store.shards().all().collect();
        let (mut ticked, mut least_ms) = (Vec::new(), u64::MAX);
        for shard in shards {
            let meta = self.store.keys(shard)?.meta();
            let answers = self.store.ask_all([vec!["HGETALL", &meta], vec!["TIME"]]).await?;
            let [meta, now] = <[Value; 2]>::try_from(answers).unwrap_or_default();
            let (meta, now_ms): (Fields, u64) = (read(lossy(meta))?, time(now)?);
            let settle_ms = self.audit.settle_ms;
            let ticked_ms = number(&meta, "last_tick_ms").unwrap_or_default();
            if ticked_ms + settle_ms.max(10_000) < now_ms {
                self.report.skip("A14", "nobody ticks the shards: no fleet is at work here");
                continue;
            }
            self.report.look("A14", 1);
            let before_ms = now_ms.saturating_sub(settle_ms);
            self.late_of(shard, &meta, before_ms).await?;
            ticked.push(shard);
            least_ms = least_ms.min(before_ms);
        }
        if ticked.is_empty() { Ok(()) } else { self.unrun(&ticked, least_ms).await }
    }

    async fn late_of(&mut self, shard: Shard, meta: &Fields, before_ms: u64) -> Result<(), Error> {
        let keys = self.store.keys(shard)?.clone();
        self.due(DUE_LATE, &keys.scheduled(), before_ms, "it let go").await?;
        // After a stall leases get a grace as long as the stall.
        let grace = number(meta, "stall_until_ms").unwrap_or_default() + limits::LEASE_MS_MAX;
        if number(meta, "stall_until_ms").is_none() || grace < before_ms {
            self.due(LEASE_LATE, &keys.leases(), before_ms, "what it held taken back").await?;
        }
        let passed_ms = number(meta, "cascaded_ms").unwrap_or_default();
        if passed_ms < before_ms {
            self.due(CASCADE_LATE, &keys.cascades(), before_ms, "it passed on").await?;
        }
        self.runs(&keys, before_ms).await
    }

    /// Members of an index whose score is a time that is long over. Zero is no time: it is being seen to.
    async fn due(&mut self, rule: Rule, key: &str, before_ms: u64, what: &str) -> Result<(), Error> {
        let before = before_ms.to_string();
        let question = vec!["ZRANGE", key, "(0", &before, "BYSCORE", "LIMIT", "0", NAMED, "WITHSCORES"];
        let late: Vec<(String, f64)> = self.store.ask_text::<Option<_>>(question).await?.unwrap_or_default();
        self.more_late(rule, key, "(0", &before, late.len()).await?;
        for (member, score) in late {
            let since = (before_ms + self.audit.settle_ms).saturating_sub(score as u64);
            let wrong = rule.broken(what, format!("it is {} s late", since / 1_000));
            self.find(Finding::of(wrong, member, vec![key.to_owned()]));
        }
        Ok(())
    }

    /// Of many only the first are named, and the others counted.
    async fn more_late(
        &mut self,
        rule: Rule,
        key: &str,
        least: &str,
        most: &str,
        named: usize,
    ) -> Result<(), Error> {
        if named >= LATE_NAMED {
            let all: Option<u64> = self.store.ask_one(vec!["ZCOUNT", key, least, most]).await?;
            self.report.more(rule, key, all.unwrap_or_default().saturating_sub(named as u64), named);
        }
        Ok(())
    }

    /// Runs beyond their time by more than their lease.
    async fn runs(&mut self, keys: &crate::keys::ShardKeys, before_ms: u64) -> Result<(), Error> {
        let leases = keys.leases();
        let holders: Vec<String> =
            self.store.ask_text::<Option<_>>(vec!["ZRANGE", &leases, "0", "-1"]).await?.unwrap_or_default();
        self.report.look("A14", holders.len() as u64);
        for holder in holders {
            let worker = holder.split(':').next().unwrap_or_default();
            let record = format!("{}worker:{worker}", keys.prefix());
            let said: Option<String> = self.store.ask_text(vec!["HGET", &record, "lease_ms"]).await?;
            let lease_ms: Option<u64> = said.and_then(|said| said.parse().ok());
            let over_us = before_ms.saturating_sub(lease_ms.unwrap_or(limits::LEASE_MS)) * 1_000;
            let (held, over) = (format!("{}held:{holder}", keys.prefix()), over_us.to_string());
            let question = vec!["ZRANGE", &held, "-inf", &over, "BYSCORE", "LIMIT", "0", NAMED];
            let late: Vec<String> = self.store.ask_text::<Option<_>>(question).await?.unwrap_or_default();
            self.more_late(RUN_LATE, &held, "-inf", &over, late.len()).await?;
            for task in late {
                let wrong = RUN_LATE.broken("its run ended", format!("{holder} still holds it"));
                self.find(Finding::of(wrong, task, vec![held.clone()]));
            }
        }
        Ok(())
    }
}
