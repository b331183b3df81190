//! A10: counters of queues against what they count; A9: times of schedules.

use std::collections::HashMap;

use baton_core::Shard;
use baton_core::audit::rule::{COUNT_DIFFERS, TICK_TWICE};

use super::Auditor;
use super::report::Finding;
use crate::calls::shard::{Counted, Mend};
use crate::error::Error;
use crate::event::StreamId;

/// Tasks, holders and queues that are counted by one script: some ms of the server.
pub(super) const COUNT_MAX: u64 = 5_000;

impl Auditor<'_> {
    /// Few are counted by one script, at one moment. Many were counted on the way, which is worth something only where nothing
    /// happened meanwhile: `still` says how many events each shard had counted when that began.
    pub(super) async fn counters(&mut self, still: &[super::Mark]) -> Result<(), Error> {
        let now = self.marks().await?;
        let shards: Vec<Shard> = self.store.shards().all().collect();
        for (at, shard) in shards.into_iter().enumerate() {
            // Counts are of what indexes and records say together: where these differ, either may be right.
            if self.crooked.contains(&shard) {
                let why =
                    "tasks and indexes of a shard differ: until they agree, its counters are not judged";
                self.report.skip("A10", why);
                continue;
            }
            let counted = match self.store.audit_counters(shard, COUNT_MAX).await {
                Err(Error::Fault { problem, .. }) if problem.contains("WRONGTYPE") => {
                    self.report.skip("A10", "a key of another type than it should be is counted");
                    continue;
                }
                counted => counted?,
            };
            self.report.look("A10", 1);
            match counted {
                Counted::All(wrong) => {
                    for one in wrong {
                        self.miscounted(shard, &one.queue, &one.what, &one.said, one.there)?;
                    }
                }
                Counted::TooMany(_) if still.get(at) == now.get(at) => self.compare_sums(shard).await?,
                Counted::TooMany(many) => {
                    let why = format!(
                        "{many} tasks run or are scheduled, more than are counted at once, and they moved meanwhile"
                    );
                    self.report.skip("A10", why);
                }
            }
        }
        Ok(())
    }

    fn miscounted(
        &mut self,
        shard: Shard,
        queue: &str,
        what: &str,
        said: &str,
        there: u64,
    ) -> Result<(), Error> {
        let key = match what.strip_prefix("group ") {
            Some(_) => format!("{}queue:{queue}:groups", self.store.keys(shard)?.prefix()),
            None => format!("{}queue:{queue}", self.store.keys(shard)?.prefix()),
        };
        let wrong = COUNT_DIFFERS.broken(format!("{what} {there}"), said);
        let finding = Finding::of(wrong, format!("queue {queue}"), vec![key]);
        self.find(finding.mended_by(shard, Mend::Counters { queue: queue.to_owned() }));
        Ok(())
    }

    async fn compare_sums(&mut self, shard: Shard) -> Result<(), Error> {
        let keys = self.store.keys(shard)?;
        let (list, prefix) = (keys.queues(), keys.prefix().to_owned());
        let queues: Vec<String> = self.store.ask_text(vec!["ZRANGE", &list, "0", "-1"]).await?;
        for queue in queues {
            let record = format!("{prefix}queue:{queue}");
            let said: Vec<Option<String>> =
                self.store.ask_text(vec!["HMGET", &record, "running", "scheduled"]).await?;
            let there = self.sums.get(&(shard, queue.clone())).copied().unwrap_or_default();
            for (at, what) in ["running", "scheduled"].into_iter().enumerate() {
                let said = said.get(at).cloned().flatten().unwrap_or_else(|| "0".to_owned());
                if said != there[at].to_string() {
                    self.miscounted(shard, &queue, what, &said, there[at])?;
                }
            }
        }
        Ok(())
    }

    /// A schedule makes the tasks of one time once. What is put anew begins anew.
    pub(super) async fn schedules(&mut self) -> Result<(), Error> {
        for stream in self.streams.clone() {
            let mut last: HashMap<String, String> = HashMap::new();
            let (mut fired, mut twice) = (0, Vec::new());
            stream
                .read(self.store, StreamId::default(), stream.last, &mut |id, entry| {
                    let Ok(entry) = entry else { return };
                    let mut words = entry.schedule.split(' ');
                    let name = words.next().unwrap_or_default().to_owned();
                    match entry.event {
                        "schedule_put" | "schedule_remove" => {
                            last.remove(&name);
                        }
                        "schedule_fire" if !entry.schedule.contains("made=0 ") => {
                            fired += 1;
                            let due = words.find_map(|word| word.strip_prefix("due=")).unwrap_or_default();
                            if last.insert(name.clone(), due.to_owned()).is_some_and(|before| before == due) {
                                twice.push((name, due.to_owned(), id));
                            }
                        }
                        _ => {}
                    }
                })
                .await?;
            self.report.look("A9", fired);
            for (name, due, id) in twice {
                let wrong =
                    TICK_TWICE.broken(format!("the time {due} once"), format!("it fired again at {id}"));
                self.find(Finding::of(wrong, format!("schedule {name}"), vec![stream.key.clone()]));
            }
        }
        Ok(())
    }
}
