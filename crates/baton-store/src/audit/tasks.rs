//! A1, A2, A7, A9, A10: tasks by themselves, each as it stood at one moment.

use baton_core::audit::rule::{EDGES_DIFFER, OPEN_DIFFER, TWO_OF_KEY};
use baton_core::audit::{Wrong, is_terminal, number, place, queue, record, word};
use baton_core::{Shard, Status, TaskId};

use super::Auditor;
use super::lives::Lives;
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
        for (task, audited) in each {
            // What is gone by now was pruned, or its life tells.
            if !audited.fields.contains_key("status") || audited.fields.contains_key("draft") {
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
            _ => return,
        };
        self.sums.entry((shard, queue(&audited.fields).to_owned())).or_default()[at] += 1;
    }
}
