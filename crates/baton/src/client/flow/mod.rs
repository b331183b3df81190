//! Flows: tasks that wait for each other, submitted all or none.

mod act;
mod submit;
mod task;

pub use submit::{SubmitFlow, SubmittedFlow};
pub use task::FlowTask;
