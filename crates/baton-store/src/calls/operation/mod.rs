//! Operations: one act on many tasks, in pieces. Their records are in the first shard; the tasks may be in any.

mod begin;
mod cancel;
mod carry_out;
mod list;
mod step;
mod take;

pub use begin::{BeginOperation, OperationBegun};
pub use cancel::OperationCancelled;
pub use carry_out::CarryOut;
pub use list::{Operation, Operations};
pub use step::{Counts, NextPiece, StepOperation, Stepped};
pub use take::OperationTaken;

/// Ids lie in Redis as words with a space between.
fn words(ids: &[baton_core::TaskId]) -> String {
    let mut text = String::with_capacity(ids.len() * (baton_core::TaskId::LENGTH + 1));
    for id in ids {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(&id.to_string());
    }
    text
}
