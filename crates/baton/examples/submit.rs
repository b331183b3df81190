//! Submits a task and waits for its result: `cargo run --example submit`, with a gateway and a worker at work.

use anyhow::Result;
use baton::{Client, Payload};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Greet {
    name: String,
}

impl Payload for Greet {
    const KIND: &'static str = "greet";
    type Output = String;
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let client = Client::from_env()?;
    let submitted = client.submit(Greet { name: "you".to_owned() }).priority(7).await?;
    let greeting = submitted.result().await?;
    #[expect(clippy::print_stdout, reason = "an example speaks by printing")]
    {
        println!("{greeting}");
    }
    Ok(())
}
