//! A1, A2, A7, A9, A10: tasks by themselves, each as it stood at one moment.

use baton_core::audit::rule::{EDGES_DIFFER, OPEN_DIFFER, ORPHAN, STRAY_FIELD, TWO_OF_KEY, UNKNOWN_STATUS};
use baton_core::audit::{Wrong, is_terminal, number, place, queue, record, word};
use baton_core::{Shard, Status, TaskId};

use super::Auditor;
use super::ask::some;
use super::lives::Lives;
use super::report::Finding;
use crate::calls::task::Audited;
use crate::error::Error;

impl Auditor<'_> {
    /// Looks at some tasks of a shard, and meets their lives.
    pub(super) async fn tasks(
        &mut self,
        lives: &mut Lives,
        shard: Shard,
        tasks: &[TaskId],
    ) -> Result<(), Error> {
        let each = self.read_tasks(shard, "", true, tasks).await?;
        self.flows_of(shard, &each).await?;
        for (task, audited) in each {
            if !audited.fields.contains_key("status") {
                self.without_status(shard, task).await?;
                continue;
            }
            if audited.fields.contains_key("draft") {
                self.draft(shard, task).await?;
                continue;
            }
            self.report.tasks += 1;
            for id in ["A1", "A2", "A9", "A10"] {
                self.report.look(id, 1);
            }
            let wrong = self.judge(shard, task, &audited);
            self.tell_task(task, wrong);
            self.sum(shard, &audited);
            self.meet(lives, task, &audited.fields);
            if number(&audited.fields, "attempt").is_some_and(|failed| failed > 0) {
                self.retries(task).await?;
            }
        }
        Ok(())
    }

    /// The flow of a task is there as long as the task. A task that is gone by now may have been the last of it.
    async fn flows_of(&mut self, shard: Shard, each: &[(TaskId, Audited)]) -> Result<(), Error> {
        let prefix = self.store.keys(shard)?.prefix().to_owned();
        let of = each.iter().filter(|(_, audited)| audited.fields.contains_key("flow"));
        let of: Vec<(TaskId, String, String)> = of
            .map(|(task, audited)| {
                (
                    *task,
                    format!("{prefix}task:{task}"),
                    format!("{prefix}flow:{}", word(&audited.fields, "flow")),
                )
            })
            .collect();
        let questions = of.iter().flat_map(|(_, record, flow)| {
            [vec!["EXISTS", flow], vec!["EXISTS", record], vec!["EXISTS", flow]]
        });
        let answers = self.store.ask_all(questions).await?;
        for ((task, record, flow), said) in of.into_iter().zip(answers.chunks_exact(3)) {
            let there = [0, 1, 2].map(|at| some::<u64>(said[at].clone()));
            if there == [Some(0), Some(1), Some(0)] {
                let wrong = ORPHAN.broken(format!("its flow {flow}"), "it is not there");
                self.find(Finding::of(wrong, task.to_string(), vec![record, flow]));
            }
        }
        Ok(())
    }

    /// What is gone by now was pruned, or its life tells; what is there has a status.
    async fn without_status(&mut self, shard: Shard, task: TaskId) -> Result<(), Error> {
        let record = self.store.keys(shard)?.task(task);
        let questions = [vec!["HLEN", record.as_str()], vec!["HEXISTS", &record, "status"]];
        let answers = self.store.ask_all(questions).await?;
        let said: Vec<u64> = answers.into_iter().filter_map(some).collect();
        if said.len() == 2 && said[0] > 0 && said[1] == 0 {
            self.tell_task(task, vec![UNKNOWN_STATUS.broken("a status of the table", "none")]);
        }
        Ok(())
    }

    /// A draft is of a flow that is being written, released or given up.
    async fn draft(&mut self, shard: Shard, task: TaskId) -> Result<(), Error> {
        let keys = self.store.keys(shard)?.clone();
        let record = keys.task(task);
        let flow: Option<String> = self.store.ask_text(vec!["HGET", &record, "flow"]).await?;
        let (drafts, flow) = (keys.drafts(), flow.unwrap_or_default());
        let of = format!("{}flow:{flow}", keys.prefix());
        let answers = self
            .store
            .ask_all([
                vec!["ZSCORE", &drafts, &flow],
                vec!["HMGET", &of, "draft", "doing"],
                vec!["HEXISTS", &record, "draft"],
            ])
            .await?;
        let [listed, doing, still] = <[_; 3]>::try_from(answers).unwrap_or_default();
        let is_listed = some::<Option<f64>>(listed).flatten().is_some();
        let is_busy =
            some::<Vec<Option<Vec<u8>>>>(doing).is_some_and(|words| words.iter().any(Option::is_some));
        if !is_listed && !is_busy && some::<u64>(still) == Some(1) {
            let wrong = STRAY_FIELD.broken("no draft, as its flow is none", "it has one, and nobody sees it");
            self.tell_task(task, vec![wrong]);
        }
        Ok(())
    }

    /// A record that has another type than a hash stops a whole script, and is told as a key.
    pub(super) async fn read_tasks(
        &self,
        shard: Shard,
        index: &str,
        whole: bool,
        tasks: &[TaskId],
    ) -> Result<Vec<(TaskId, Audited)>, Error> {
        if tasks.is_empty() {
            return Ok(Vec::new());
        }
        match self.store.audit_tasks(shard, index, whole, tasks).await {
            Ok(each) => return Ok(tasks.iter().copied().zip(each).collect()),
            Err(Error::Fault { .. }) => {}
            Err(error) => return Err(error),
        }
        let mut each = Vec::new();
        for task in tasks {
            match self.store.audit_tasks(shard, index, whole, &[*task]).await {
                Ok(one) => each.extend(one.into_iter().map(|audited| (*task, audited))),
                Err(Error::Fault { problem, .. }) if problem.contains("WRONGTYPE") => {}
                Err(error) => return Err(error),
            }
        }
        Ok(each)
    }

    fn judge(&self, shard: Shard, task: TaskId, audited: &Audited) -> Vec<Wrong> {
        let Audited { standing, fields, .. } = audited;
        let ruled = self.ruled.get(&shard).copied().unwrap_or_default();
        let mut wrong: Vec<Wrong> = place::check(fields, *standing, ruled).into_iter().collect();
        wrong.extend(record::check(fields));
        for (field, there) in [("parents", audited.parents), ("children", audited.children)] {
            let said = number(fields, field).unwrap_or_default();
            if said != there {
                wrong.push(
                    EDGES_DIFFER.broken(format!("{there} {field}, as many as are listed"), said.to_string()),
                );
            }
        }
        let open = number(fields, "open_parents").unwrap_or_default();
        if audited.parents == 0 && open > 0 {
            wrong.push(OPEN_DIFFER.broken("0, as it has no parents", open.to_string()));
        }
        if !word(fields, "key").is_empty() && !is_terminal(fields) && audited.key_holder != task.to_string() {
            let found = format!("{:?}, which is {:?}", audited.key_holder, audited.key_status);
            let expected = format!("its key {:?} to name it, as it lives", word(fields, "key"));
            wrong.push(TWO_OF_KEY.broken(expected, found));
        }
        wrong
    }

    /// Counted for the counters of its queue.
    fn sum(&mut self, shard: Shard, audited: &Audited) {
        let at = match baton_core::audit::status(&audited.fields) {
            Some(Status::Running) => 0,
            Some(Status::Scheduled) => 1,
            Some(status) if status.is_terminal() => {
                return self.figures.ended(shard, word(&audited.fields, "kind"));
            }
            _ => return,
        };
        self.sums.entry((shard, queue(&audited.fields).to_owned())).or_default()[at] += 1;
    }
}
