//! Workers: async functions as handlers of tasks, registered by hand.
//!
//! ```no_run
//! use baton::worker::{State, Task, TaskError, Worker};
//! use baton::{CancellationToken, Payload};
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Serialize, Deserialize)]
//! struct Count { to: u64 }
//!
//! impl Payload for Count {
//!     const KIND: &'static str = "count";
//!     type Output = u64;
//! }
//!
//! #[derive(Clone)]
//! struct Step(u64);
//!
//! async fn count(task: Task<Count>, State(step): State<Step>, cancel: CancellationToken) -> Result<u64, TaskError> {
//!     if cancel.is_cancelled() {
//!         return Err(TaskError::release());
//!     }
//!     task.progress(0.5, "half-way");
//!     Ok(task.payload.to / step.0)
//! }
//!
//! # async fn example() -> Result<(), baton::worker::WorkerError> {
//! Worker::connect("redis://127.0.0.1:6379").state(Step(2)).handle(count).run().await?;
//! # Ok(())
//! # }
//! ```
//!
//! The runtime renews leases; a handler never does. A lost lease or a cancel fires the token, and a little later drops
//! the handler's future. A panic is a failed attempt. A payload that does not fit its type fails for good.

mod error;
mod function;
mod plan;
mod run;
mod settings;
mod states;
mod task;
mod test;
mod tested;

pub use baton_worker::handlers::{Environment, Exec, Guard, HttpPush, Limits};
pub use baton_worker::{End, Ended, Handler, Run};
pub use error::TaskError;
pub use function::Function;
pub use run::WorkerError;
pub use settings::Worker;
pub use states::{Context, FromRun, Lacking, State};
pub use task::{Level, Log, Parent, Parents, Task};
pub use test::TestWorker;
pub use tested::Tested;
