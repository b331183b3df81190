//! What a handler gets beside its task: the worker's states, and parts of the run.

use std::any::{Any, TypeId, type_name};
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use baton_worker::Run;
use tokio_util::sync::CancellationToken;

use super::error::TaskError;
use super::task::Log;

/// What a worker carries for its handlers, one value per type.
#[derive(Clone, Default)]
pub(super) struct States(HashMap<TypeId, Arc<dyn Any + Send + Sync>>);

impl States {
    pub(super) fn add<T: Send + Sync + 'static>(&mut self, state: T) {
        self.0.insert(TypeId::of::<T>(), Arc::new(state));
    }

    fn get<T: Clone + 'static>(&self) -> Option<T> {
        self.0.get(&TypeId::of::<T>())?.downcast_ref::<T>().cloned()
    }
}

impl fmt::Debug for States {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} states", self.0.len())
    }
}

/// Where an argument of a handler is taken from.
#[derive(Clone, Debug)]
pub struct Context {
    pub(super) run: Run,
    pub(super) states: Arc<States>,
}

/// Something that a handler can ask for as an argument, beside its task.
pub trait FromRun: Sized + Send {
    fn from_run(context: &Context) -> Result<Self, TaskError>;

    /// What the worker lacks for it. Asked once, when the worker starts.
    fn lacks(_worker: &Lacking<'_>) -> Option<String> {
        None
    }
}

/// What a worker has, before there is a run.
#[derive(Clone, Copy, Debug)]
pub struct Lacking<'a>(pub(super) &'a States);

/// A value of this type that the worker was given with [`Worker::state`](super::Worker::state).
#[derive(Clone, Copy, Debug)]
pub struct State<T>(pub T);

impl<T: Clone + Send + Sync + 'static> FromRun for State<T> {
    fn from_run(context: &Context) -> Result<State<T>, TaskError> {
        let state = context.states.get().map(State);
        state.ok_or_else(|| TaskError::release().because(missing::<T>()))
    }

    fn lacks(worker: &Lacking<'_>) -> Option<String> {
        worker.0.get::<T>().is_none().then(missing::<T>)
    }
}

fn missing<T>() -> String {
    let name = type_name::<T>();
    format!("a handler wants State<{name}>, and the worker has none: give it one with .state(…)")
}

/// Fires when the run is to end.
impl FromRun for CancellationToken {
    fn from_run(context: &Context) -> Result<CancellationToken, TaskError> {
        Ok(context.run.cancel.clone())
    }
}

impl FromRun for Log {
    fn from_run(context: &Context) -> Result<Log, TaskError> {
        Ok(Log(context.run.reporter.clone()))
    }
}
