//! A worker with one handler. SIGTERM or Ctrl-C ends it.

use anyhow::Result;
use baton::Payload;
use baton::worker::{Level, Task, TaskError, Worker};
use serde::{Deserialize, Serialize};

/// What a task carries.
#[derive(Serialize, Deserialize)]
struct Asked {
    name: String,
}

impl Payload for Asked {
    const KIND: &'static str = "{kind}";
    type Output = String;
}

/// What it answers is the result. An error with `?` is a failed attempt, which comes again after a wait.
async fn handle(task: Task<Asked>) -> Result<String, TaskError> {
    if task.payload.name.is_empty() {
        return Err(TaskError::fail("nobody to greet"));
    }
    task.log(Level::Info, format!("greeting {}", task.payload.name));
    Ok(format!("Hello, {}!", task.payload.name))
}

#[tokio::main]
async fn main() -> Result<()> {
    Worker::from_env().handle(handle).run().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use baton::worker::TestWorker;

    use super::*;

    #[tokio::test]
    async fn it_greets() {
        let tested = TestWorker::new().run(handle, &Asked { name: "you".to_owned() }).await;
        assert_eq!(tested.completed::<String>().as_deref(), Some("Hello, you!"));
    }
}
