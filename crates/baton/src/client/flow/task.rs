//! One task of a flow that is about to be submitted.

use std::time::Duration;

use baton_api::flow::NewFlowTask;
use baton_api::task::OnDuplicate;
use baton_api::{Json, Timestamp};
use baton_core::OnParentFailure;

use super::super::options::options;
use super::super::submit::{draft, millis};
use crate::error::Error;
use crate::payload::Payload;

/// A task of a flow: what it is called there, what it carries, and what it waits for.
#[derive(Debug)]
#[must_use = "it is submitted with the flow that it is added to"]
pub struct FlowTask {
    /// The first thing that is wrong with it stays, and is the answer to the flow.
    pub(super) task: Result<NewFlowTask, Error>,
}

impl FlowTask {
    /// A task that the others of its flow know by this name.
    pub fn new<P: Payload>(name: &str, payload: P) -> FlowTask {
        FlowTask { task: draft(&payload) }.named(name)
    }

    /// The same for a kind and a payload that no type stands for.
    pub fn json(name: &str, kind: &str, payload: Json) -> FlowTask {
        let kind = kind.parse().map_err(Error::invalid);
        FlowTask { task: kind.map(|kind| NewFlowTask::new(kind, payload)) }.named(name)
    }

    fn named(self, name: &str) -> FlowTask {
        self.set(|task| name.parse().map(|name| task.name = Some(name)).map_err(Error::invalid))
    }

    fn set(mut self, change: impl FnOnce(&mut NewFlowTask) -> Result<(), Error>) -> FlowTask {
        self.task = self.task.and_then(|mut task| change(&mut task).map(|()| task));
        self
    }

    /// Not before the tasks of these names have completed. They may be added before or after this one.
    pub fn after<T: AsRef<str>>(self, parents: impl IntoIterator<Item = T>) -> FlowTask {
        self.set(|task| {
            for parent in parents {
                task.parents.push(parent.as_ref().parse().map_err(Error::invalid)?);
            }
            Ok(())
        })
    }

    /// At most one task of the flow that has not ended carries this key.
    pub fn key(self, key: &str) -> FlowTask {
        self.set(|task| key.parse().map(|key| task.key = Some(key)).map_err(Error::invalid))
    }
}

options!(FlowTask);
