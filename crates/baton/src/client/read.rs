//! Reading: tasks, their lives and logs, queues, workers, and the gateway itself.

use baton_api::health::{Health, Ready};
use baton_api::queue::{Queue, Queues};
use baton_api::task::{Explanation, History, Level, Logs, Task, Tasks};
use baton_api::worker::{Worker, Workers};
use baton_core::TaskId;
use futures_util::stream::{self, Stream};

use reqwest::Method;

use super::Client;
use super::call::{Call, PATIENCE};
use super::filter::Filter;
use super::wait::HELD_FOR;
use crate::error::Error;

impl Client {
    /// A task as it is now, with its payload and result.
    pub async fn get(&self, id: TaskId) -> Result<Task, Error> {
        self.call(Call::get(format!("/api/v1/tasks/{id}"))).await
    }

    /// What a task completed with, as the bytes that its handler answered.
    pub async fn result_bytes(&self, id: TaskId) -> Result<Vec<u8>, Error> {
        Ok(self.ask(&Call::get(format!("/api/v1/tasks/{id}/result"))).await?.bytes)
    }

    /// Every step of a task's life.
    pub async fn history(&self, id: TaskId) -> Result<History, Error> {
        self.call(Call::get(format!("/api/v1/tasks/{id}/history"))).await
    }

    /// Why a task is where it is.
    pub async fn explain(&self, id: TaskId) -> Result<Explanation, Error> {
        self.call(Call::get(format!("/api/v1/tasks/{id}/explain"))).await
    }

    /// A page of a task's log: lines that matter at least this much, from the beginning or after the place that an earlier page
    /// named. A page without lines may have looked past others; one that names no further place was the last.
    pub async fn logs(&self, id: TaskId, level: Level, after: Option<&str>) -> Result<Logs, Error> {
        self.call(logs(id, level, after)).await
    }

    /// The same, and where there is nothing yet it waits for the first line. A page without lines says that none came
    /// for a while, or that the task has ended.
    pub async fn wait_for_logs(&self, id: TaskId, level: Level, after: Option<&str>) -> Result<Logs, Error> {
        self.call(logs(id, level, after).held_for(HELD_FOR).query("wait", HELD_FOR.as_secs())).await
    }

    /// A page of tasks, from the first one or from where an earlier page ended.
    pub async fn page(&self, filter: &Filter, cursor: Option<&str>) -> Result<Tasks, Error> {
        let call = Call::get("/api/v1/tasks");
        let call = filter.pairs().iter().fold(call, |call, (name, value)| call.query(name, value));
        self.call(cursor.into_iter().fold(call, |call, cursor| call.query("cursor", cursor))).await
    }

    /// All tasks that the filter names, page by page as they are taken from the stream.
    pub fn list(&self, filter: Filter) -> impl Stream<Item = Result<Task, Error>> + Send + use<> {
        let walk = Walk { client: self.clone(), filter, page: Vec::new().into_iter(), next: Next::First };
        stream::try_unfold(walk, |mut walk| async {
            let task = walk.step().await?;
            Ok(task.map(|task| (task, walk)))
        })
    }

    pub async fn queues(&self) -> Result<Vec<Queue>, Error> {
        let mut queues = Vec::new();
        let mut cursor = None;
        loop {
            let page: Queues = self.call(paged("/api/v1/queues", cursor)).await?;
            queues.extend(page.queues);
            cursor = page.next_cursor;
            if cursor.is_none() {
                return Ok(queues);
            }
        }
    }

    pub async fn queue(&self, name: &str) -> Result<Queue, Error> {
        self.call(Call::get(format!("/api/v1/queues/{}", segment(name)?))).await
    }

    pub async fn workers(&self) -> Result<Vec<Worker>, Error> {
        self.workers_that(None).await
    }

    /// Those that the supervisors of this pool keep.
    pub async fn workers_of(&self, pool: &str) -> Result<Vec<Worker>, Error> {
        self.workers_that(Some(pool)).await
    }

    async fn workers_that(&self, pool: Option<&str>) -> Result<Vec<Worker>, Error> {
        let mut workers = Vec::new();
        let mut cursor = None;
        loop {
            let call = paged("/api/v1/workers", cursor);
            let call = pool.into_iter().fold(call, |call, pool| call.query("pool", pool));
            let page: Workers = self.call(call).await?;
            workers.extend(page.workers);
            cursor = page.next_cursor;
            if cursor.is_none() {
                return Ok(workers);
            }
        }
    }

    /// One worker, with the tasks that it holds.
    pub async fn worker(&self, id: &str) -> Result<Worker, Error> {
        self.call(Call::get(format!("/api/v1/workers/{}", segment(id)?))).await
    }

    /// How the gateway does. Asked once: a gateway that does not answer is what this is to find out.
    pub async fn health(&self) -> Result<Health, Error> {
        self.call(Call::get("/health").once()).await
    }

    /// Can the gateway take work? It lists what it looked at.
    pub async fn ready(&self) -> Result<Ready, Error> {
        let probed = self.probe("/ready").await?;
        let unreadable = |error: serde_json::Error| self.unreadable("/ready", error);
        serde_json::from_str(&probed.text).map_err(unreadable)
    }

    /// Asks a gateway or the listener of a worker for `/health` or `/ready`, once.
    pub async fn probe(&self, path: &str) -> Result<Probed, Error> {
        let missed = |error| self.unreached(path, PATIENCE, error);
        let response = self.request(Method::GET, path).timeout(PATIENCE).send().await.map_err(missed)?;
        let fine = response.status().is_success();
        Ok(Probed { fine, text: response.text().await.map_err(missed)? })
    }
}

fn logs(id: TaskId, level: Level, after: Option<&str>) -> Call {
    let call = Call::get(format!("/api/v1/tasks/{id}/logs"));
    // Every line matters at least as much as the least.
    let call = if level == Level::Debug { call } else { call.query("level", level.as_str()) };
    after.into_iter().fold(call, |call, after| call.query("after", after))
}

pub(super) fn paged(path: &str, cursor: Option<String>) -> Call {
    cursor.into_iter().fold(Call::get(path), |call, cursor| call.query("cursor", cursor))
}

/// What a process says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probed {
    /// A supervisor would be content.
    pub fine: bool,
    /// JSON from a gateway, a line from a worker.
    pub text: String,
}

/// Names that the gateway could know are safe in a path; others would ask for something else.
pub(super) fn segment(name: &str) -> Result<&str, Error> {
    baton_core::QueueName::new(name).map(|_| name).map_err(Error::invalid)
}

/// A walk over a list.
struct Walk {
    client: Client,
    filter: Filter,
    page: std::vec::IntoIter<Task>,
    next: Next,
}

enum Next {
    First,
    After(String),
    End,
}

impl Walk {
    async fn step(&mut self) -> Result<Option<Task>, Error> {
        loop {
            if let Some(task) = self.page.next() {
                return Ok(Some(task));
            }
            let cursor = match &self.next {
                Next::First => None,
                Next::After(cursor) => Some(cursor.as_str()),
                Next::End => return Ok(None),
            };
            let page = self.client.page(&self.filter, cursor).await?;
            self.page = page.tasks.into_iter();
            self.next = page.next_cursor.map_or(Next::End, Next::After);
        }
    }
}
