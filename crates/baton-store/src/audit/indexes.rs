//! A1, A2, A9: what indexes, leases and dedupe keys name, against what that says of itself.

use baton_core::audit::rule::{KEY_FREE, NO_HASH, NO_LEASE, PAST_LEASE, UNKNOWN_KEY};
use baton_core::audit::{is_terminal, place, queue, word};
use baton_core::{Shard, TaskId, limits};

use super::Auditor;
use super::ask::{is_odd, lossy, read};
use super::report::Finding;
use super::scan::TASKS;
use crate::calls::shard::Mend;
use crate::error::Error;
use crate::families::quoted;

const MEMBERS: &str = "200";

/// A clock may have gone back by so much since a lease was given.
const CLOCK_BACK_MS: u64 = 3_600_000;

/// With their scores.
type Members = Vec<(Vec<u8>, f64)>;

impl Auditor<'_> {
    /// Every member of an index, named behind the prefix of its shard.
    pub(super) async fn index(&mut self, shard: Shard, index: &str) -> Result<(), Error> {
        let key = format!("{}{index}", self.store.keys(shard)?.prefix());
        let mut cursor = "0".to_owned();
        loop {
            let question = vec!["ZSCAN", &key, &cursor, "COUNT", MEMBERS];
            let page: Option<(String, Members)> = self.store.ask_one(question).await?;
            let Some((next, members)) = page else { return Ok(()) };
            (self.progress)("looks into indexes", members.len() as u64);
            for some in members.chunks(TASKS) {
                self.members(shard, index, &key, some).await?;
            }
            if next == "0" {
                return Ok(());
            }
            cursor = next;
        }
    }

    async fn members(
        &mut self,
        shard: Shard,
        index: &str,
        key: &str,
        members: &[(Vec<u8>, f64)],
    ) -> Result<(), Error> {
        let waits = index.ends_with(":waiting");
        let (mut tasks, mut names) = (Vec::new(), Vec::new());
        for (member, _) in members {
            let text = String::from_utf8_lossy(member).into_owned();
            // Those that wait for their group stand under a longer name.
            let id = if waits { text.rsplit(' ').next().unwrap_or_default() } else { &text };
            match id.parse::<TaskId>().ok() {
                Some(task) if task.shard() == shard => {
                    tasks.push(task);
                    names.push(text);
                }
                _ => {
                    let wrong = UNKNOWN_KEY.broken("ids of tasks of this shard", format!("{text:?}"));
                    self.find(Finding::of(wrong, key, vec![key.to_owned()]));
                }
            }
        }
        self.report.look("A2", tasks.len() as u64);
        let own = if waits { "" } else { index };
        let each = self.read_tasks(shard, own, false, &tasks).await?;
        let mut gone = Vec::new();
        for (task, audited) in each {
            let name = names[tasks.iter().position(|one| *one == task).unwrap_or_default()].clone();
            let stands = audited.named.is_some() || waits;
            if stands && !audited.fields.contains_key("status") {
                gone.push((task, name));
            } else if stands && (!waits || self.still_waits(key, &name).await?) {
                let wrong = if waits {
                    self.still_named(shard, index, task).await?
                } else {
                    place::check_named(index, &audited.fields)
                };
                let record = self.store.keys(shard)?.task(task);
                self.find_all(wrong, task, vec![key.to_owned(), record]);
            }
        }
        for (task, name) in gone {
            if !waits || self.still_waits(key, &name).await? {
                let record = self.store.keys(shard)?.task(task);
                let wrong = NO_HASH.broken(record.clone(), format!("{index} names it, and it is not there"));
                let mut finding = Finding::of(wrong, task.to_string(), vec![key.to_owned(), record])
                    .mended_by(shard, Mend::Entry { index: index.to_owned(), member: name.clone() });
                finding.line = format!("redis-cli ZSCORE {} {}", quoted(key), quoted(&name));
                self.find(finding);
            }
        }
        Ok(())
    }

    fn find_all(&mut self, wrong: Option<baton_core::audit::Wrong>, task: TaskId, keys: Vec<String>) {
        if let Some(wrong) = wrong {
            self.find(Finding::of(wrong, task.to_string(), keys));
        }
    }

    async fn still_waits(&self, key: &str, name: &str) -> Result<bool, Error> {
        let score: Option<f64> = self.store.ask_one(vec!["ZSCORE", key, name]).await?;
        Ok(score.is_some())
    }

    /// One that waits for its group may have come back and gone between two looks, so it is asked what it says now.
    async fn still_named(
        &self,
        shard: Shard,
        index: &str,
        task: TaskId,
    ) -> Result<Option<baton_core::audit::Wrong>, Error> {
        let each = self.read_tasks(shard, "", true, &[task]).await?;
        let waits = |audited: &crate::calls::task::Audited| audited.standing.waits;
        Ok(each
            .into_iter()
            .find(|(_, audited)| !waits(audited) && audited.fields.contains_key("status"))
            .and_then(|(_, audited)| place::check_named(index, &audited.fields)))
    }

    /// Each lease is that of a current boot. The boot is looked at before and after: registering changes both at once.
    pub(super) async fn leases(&mut self, shard: Shard, key: &str) -> Result<(), Error> {
        let mut cursor = "0".to_owned();
        loop {
            let question = vec!["ZSCAN", key, &cursor, "COUNT", MEMBERS];
            let (next, members): (String, Vec<(String, f64)>) = self.store.ask_text(question).await?;
            for (holder, _) in members {
                if is_odd(&holder) {
                    let wrong = UNKNOWN_KEY.broken("holders, a worker and its boot", format!("{holder:?}"));
                    self.find(Finding::of(wrong, key, vec![key.to_owned()]));
                } else {
                    self.lease(shard, key, &holder).await?;
                }
            }
            if next == "0" {
                return Ok(());
            }
            cursor = next;
        }
    }

    async fn lease(&mut self, shard: Shard, key: &str, holder: &str) -> Result<(), Error> {
        let (worker, boot) = holder.split_once(':').unwrap_or((holder, ""));
        let record = format!("{}worker:{worker}", self.store.keys(shard)?.prefix());
        let current = || vec!["HGET", record.as_str(), "boot"];
        let answers = self.store.ask_all([current(), vec!["ZSCORE", key, holder], current()]).await?;
        let [before, score, after] = <[_; 3]>::try_from(answers).unwrap_or_default();
        let (before, after): (Option<String>, Option<String>) = (read(lossy(before))?, read(lossy(after))?);
        self.report.look("A2", 1);
        let score = read::<Option<f64>>(score)?;
        let stands = score.is_some();
        if score.is_some_and(|deadline| !deadline.is_finite()) {
            let wrong = NO_LEASE.broken("a deadline that comes", format!("{}", score.unwrap_or_default()));
            self.find(Finding::of(wrong, holder, vec![key.to_owned(), record.clone()]));
        }
        if before == after && before.as_deref() == Some(boot) {
            self.far_lease(shard, key, holder, score.unwrap_or_default()).await?;
        }
        if stands && before == after && before.as_deref() != Some(boot) {
            let said =
                before.map_or("no record of the worker".to_owned(), |boot| format!("the boot {boot:?}"));
            let wrong = PAST_LEASE.broken(format!("the boot {boot:?} in {record}"), said);
            let finding = Finding::of(wrong, holder, vec![key.to_owned(), record]);
            self.find(finding.mended_by(shard, Mend::Lease { holder: holder.to_owned() }));
        }
        Ok(())
    }

    /// No lease is longer than the longest. A clock that went back leaves some that seem to be.
    async fn far_lease(
        &mut self,
        shard: Shard,
        key: &str,
        holder: &str,
        deadline_ms: f64,
    ) -> Result<(), Error> {
        let most_ms = |now_ms: u64| (now_ms + limits::LEASE_MS_MAX + CLOCK_BACK_MS) as f64;
        let began_ms = self.streams.iter().find(|stream| stream.shard == shard).map(|stream| stream.began_ms);
        if !deadline_ms.is_finite() || deadline_ms <= most_ms(began_ms.unwrap_or_default()) {
            return Ok(());
        }
        let most_ms = most_ms(self.store.clock_beside(key).await?);
        if deadline_ms > most_ms {
            let wrong = NO_LEASE.broken(format!("a deadline until {most_ms}"), format!("{deadline_ms}"));
            self.find(Finding::of(wrong, holder, vec![key.to_owned()]));
        }
        Ok(())
    }

    /// A dedupe key names a task that lives and has that key.
    pub(super) async fn dedupe(&mut self, shard: Shard, key: &str, name: &str) -> Result<(), Error> {
        let named: Option<String> = self.store.ask_text(vec!["GET", key]).await?;
        let Some(named) = named else { return Ok(()) };
        let each = match named.parse::<TaskId>() {
            Ok(task) if task.shard() == shard => self.read_tasks(shard, "", false, &[task]).await?,
            _ => Vec::new(),
        };
        let fits = each.first().is_some_and(|(_, audited)| {
            let fields = &audited.fields;
            let of = match word(fields, "flow") {
                "" => format!("queue:{}", queue(fields)),
                flow => format!("flow:{flow}"),
            };
            let lives = fields.contains_key("status") && !is_terminal(fields);
            lives && format!("{of}:key:{}", word(fields, "key")) == name
        });
        let again: Option<String> = self.store.ask_text(vec!["GET", key]).await?;
        if !fits && again.as_ref() == Some(&named) {
            let wrong = KEY_FREE.broken("the id of a live task that has this key", named);
            self.find(Finding::of(wrong, key, vec![key.to_owned()]));
        }
        Ok(())
    }
}
