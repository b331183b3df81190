//! A worker with one handler: `cargo run --example worker`, with a Redis at work. SIGTERM or Ctrl-C ends it.

use anyhow::Result;
use baton::Payload;
use baton::worker::{Level, State, Task, TaskError, Worker};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Greet {
    name: String,
}

impl Payload for Greet {
    const KIND: &'static str = "greet";
    type Output = String;
}

#[derive(Clone)]
struct Word(&'static str);

async fn greet(task: Task<Greet>, State(word): State<Word>) -> Result<String, TaskError> {
    if task.payload.name.is_empty() {
        return Err(TaskError::fail("nobody to greet"));
    }
    task.log(Level::Info, format!("greeting {}", task.payload.name));
    Ok(format!("{}, {}!", word.0, task.payload.name))
}

#[tokio::main]
async fn main() -> Result<()> {
    Worker::from_env().state(Word("Hello")).handle(greet).builtins().run().await?;
    Ok(())
}
