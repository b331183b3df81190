//! Async functions as handlers: the first argument is the task, up to three more are taken from the worker or the run.

use std::sync::Arc;

use baton_core::limits;
use baton_worker::{End, Run};

use super::error::TaskError;
use super::states::{Context, FromRun, Lacking, States};
use super::task::Task;
use crate::payload::Payload;

/// An async function that can be a handler. It is implemented for all that fit; nobody implements it by hand.
pub trait Function<P: Payload, Arguments>: Clone + Send + Sync + 'static {
    fn call(
        self,
        task: Task<P>,
        context: Context,
    ) -> impl Future<Output = Result<P::Output, TaskError>> + Send;

    /// What the worker lacks for it.
    fn lacks(lacking: Lacking<'_>) -> Vec<String>;
}

macro_rules! function {
    ($($argument:ident)*) => {
        impl<P, F, R, $($argument),*> Function<P, ($($argument,)*)> for F
        where
            P: Payload,
            F: Fn(Task<P>, $($argument),*) -> R + Clone + Send + Sync + 'static,
            R: Future<Output = Result<P::Output, TaskError>> + Send,
            $($argument: FromRun,)*
        {
            async fn call(self, task: Task<P>, context: Context) -> Result<P::Output, TaskError> {
                let _ = &context;
                self(task, $($argument::from_run(&context)?),*).await
            }

            fn lacks(lacking: Lacking<'_>) -> Vec<String> {
                let _ = lacking;
                let lacks: Vec<Option<String>> = vec![$($argument::lacks(&lacking)),*];
                lacks.into_iter().flatten().collect()
            }
        }
    };
}

function! {}
function! { A }
function! { A B }
function! { A B C }

/// Runs the function on what the engine granted.
pub(super) async fn run<P: Payload, A>(function: impl Function<P, A>, states: Arc<States>, run: Run) -> End {
    let payload = match serde_json::from_slice::<P>(&run.grant.payload) {
        Ok(payload) => payload,
        Err(error) => return misfit(P::KIND, &error),
    };
    let task = Task { payload, run: run.clone() };
    match function.call(task, Context { run, states }).await {
        Ok(output) => complete(&output),
        Err(error) => error.end(),
    }
}

/// The next attempt would read the same bytes.
fn misfit(kind: &str, error: &serde_json::Error) -> End {
    End::Fail { error: format!("the payload does not fit {kind}: {error}"), reason: "payload".to_owned() }
}

fn complete(output: &impl serde::Serialize) -> End {
    let unfit = |error: String| End::Fail { error, reason: "result".to_owned() };
    match serde_json::to_vec(output) {
        Ok(bytes) if bytes.len() as u64 > limits::RESULT_BYTES_MAX => unfit(format!(
            "the result has {} bytes, and {} are allowed: store it elsewhere and complete with a reference",
            bytes.len(),
            limits::RESULT_BYTES_MAX
        )),
        Ok(bytes) => End::Complete(bytes),
        Err(error) => unfit(format!("the result cannot be written as JSON: {error}")),
    }
}
