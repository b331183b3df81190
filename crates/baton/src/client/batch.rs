//! Submitting many tasks.

use std::sync::Arc;

use baton_api::flow::NewFlowTask;
use baton_api::task::{NewTask, NewTasks, Submission, Submissions};
use baton_core::{Status, TaskId};

use super::Client;
use super::call::Call;
use super::submit::{body, draft};
use crate::error::Error;
use crate::payload::Payload;

/// What one call carries at most: the gateway takes a thousand tasks, and 32 MiB of body.
const TASKS_MAX: usize = 1_000;
const BYTES_MAX: usize = 16 << 20;

/// What became of one task of many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    pub id: TaskId,
    pub status: Status,
    /// False where it was there before: the same key, or a repeat.
    pub created: bool,
}

type Draft = Result<NewTask, Error>;
type Each = Vec<Result<Receipt, Arc<Error>>>;

impl Client {
    /// Submits tasks, as many at once as a call takes, and says of each what became of it, in order. When a call does
    /// not succeed in spite of its repeats, the tasks from there on carry its error and are not sent.
    pub async fn submit_many<P: Payload>(&self, payloads: impl IntoIterator<Item = P>) -> Each {
        self.submit_drafts(payloads.into_iter().map(|payload| draft(&payload).map(NewFlowTask::alone))).await
    }

    /// The same for tasks that no type stands for.
    pub async fn submit_all(&self, tasks: impl IntoIterator<Item = NewTask>) -> Each {
        self.submit_drafts(tasks.into_iter().map(Ok)).await
    }

    async fn submit_drafts(&self, drafts: impl Iterator<Item = Draft>) -> Each {
        let mut each = Each::new();
        let mut stopped = None;
        let mut drafts = drafts.peekable();
        while drafts.peek().is_some() {
            let batch = batch(&mut drafts);
            if stopped.is_none() {
                match self.submit_batch(batch).await {
                    Ok(receipts) => each.extend(receipts),
                    Err((error, count)) => {
                        let error = Arc::new(error);
                        each.extend((0..count).map(|_| Err(Arc::clone(&error))));
                        stopped = Some(error);
                    }
                }
            } else if let Some(error) = &stopped {
                each.extend(batch.iter().map(|_| Err(Arc::clone(error))));
            }
        }
        each
    }

    /// What became of each, or why nothing is known of any, and of how many.
    async fn submit_batch(&self, batch: Vec<Draft>) -> Result<Each, (Error, usize)> {
        let count = batch.len();
        let mut tasks = Vec::with_capacity(count);
        let mut wrong = Vec::with_capacity(count);
        for draft in batch {
            wrong.push(draft.map(|task| tasks.push(task)).err());
        }
        let mut answers = self.send_batch(tasks).await.map_err(|error| (error, count))?.into_iter();
        let answer = |wrong: Option<Error>| match wrong {
            Some(error) => Err(Arc::new(error)),
            None => answers.next().map_or_else(|| Err(unsaid()), receipt).map_err(Arc::new),
        };
        Ok(wrong.into_iter().map(answer).collect())
    }

    async fn send_batch(&self, tasks: Vec<NewTask>) -> Result<Vec<Submission>, Error> {
        if tasks.is_empty() {
            return Ok(Vec::new());
        }
        let call = Call::post("/api/v1/tasks/batch", body(&NewTasks { tasks })?, None);
        let answer: Submissions = self.call(call).await?;
        Ok(answer.tasks)
    }
}

/// As many as one call carries, and at least one.
fn batch(drafts: &mut impl Iterator<Item = Draft>) -> Vec<Draft> {
    let mut bytes = 0;
    let mut batch = Vec::new();
    for draft in drafts {
        let payload = draft.as_ref().ok().and_then(|task| task.payload.as_ref());
        bytes += payload.map_or(0, |payload| payload.get().len());
        batch.push(draft);
        if batch.len() == TASKS_MAX || bytes >= BYTES_MAX {
            break;
        }
    }
    batch
}

fn receipt(answer: Submission) -> Result<Receipt, Error> {
    match (answer.id, answer.status, answer.problem) {
        (Some(id), Some(status), None) => Ok(Receipt { id, status, created: answer.created }),
        (_, _, Some(problem)) => Err(Error::Problem(Box::new(problem))),
        _ => Err(unsaid()),
    }
}

fn unsaid() -> Error {
    Error::Invalid("learn what became of a task: the answer does not say".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use baton_api::Json;

    fn task(bytes: usize) -> Draft {
        Ok(NewTask::new("echo".parse().unwrap(), Json::of(&"x".repeat(bytes)).unwrap()))
    }

    #[test]
    fn batches_are_bounded_by_number_and_by_size() {
        let mut many = (0..2_500).map(|_| task(1));
        let sizes: Vec<usize> = (0..4).map(|_| batch(&mut many).len()).collect();
        assert_eq!(sizes, [1_000, 1_000, 500, 0]);
        let mut large = (0..40).map(|_| task(1 << 20));
        assert_eq!(batch(&mut large).len(), 16);
    }
}
