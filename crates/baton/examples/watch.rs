//! Prints what happens until a task has completed: `cargo run --example watch`, with a gateway at work.

use std::pin::pin;

use anyhow::Result;
use baton::{Client, Watch};
use futures_util::StreamExt;

#[tokio::main(flavor = "current_thread")]
#[expect(clippy::print_stdout, reason = "an example speaks by printing")]
async fn main() -> Result<()> {
    let client = Client::from_env()?;
    let mut frames = pin!(client.watch(Watch::new().topic("tasks")));
    while let Some(frame) = frames.next().await {
        let frame = frame?;
        let Some(event) = frame.data else { continue };
        println!("{} {} {}", event.at, event.event, event.task.unwrap_or_default());
        if event.event == "complete" {
            break;
        }
    }
    Ok(())
}
