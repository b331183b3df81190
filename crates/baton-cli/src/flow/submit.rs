//! `baton flow submit`.

use std::time::Duration;

use anyhow::Result;
use baton::{Client, SubmittedFlow};
use clap::Args;

use super::file::FlowFile;
use super::{ended, show};
use crate::console;
use crate::exit::Exit;
use crate::out::{Format, Out, say};
use crate::wait::until;

#[derive(Args)]
#[command(before_help = "Examples:
  baton flow submit nightly.yaml
  baton flow submit nightly.yaml --wait --idempotency-key nightly-2026-11-21
  make-flow | baton flow submit - --name import

A file, in YAML or JSON:
  name: nightly
  tasks:
    - ref: extract
      kind: table.extract
      payload: { table: orders }
    - ref: load
      kind: table.load
      parents: [extract]")]
pub(crate) struct Submit {
    /// YAML or JSON, as `POST /api/v1/flows` takes it; `-` is standard input
    file: String,
    /// Call it so, instead of as the file does
    #[arg(long)]
    name: Option<String>,
    /// The same key within a day answers the same flow, however often this is run
    #[arg(long, value_name = "KEY")]
    idempotency_key: Option<String>,
    /// Wait until nothing of it moves by itself; exit code 6 if it did not complete
    #[arg(long)]
    wait: bool,
    /// Stop waiting after this long, with exit code 124
    #[arg(long, value_parser = console::span, value_name = "TIME", requires = "wait")]
    wait_timeout: Option<Duration>,
}

pub(super) async fn run(out: &Out, client: &Client, submit: Submit) -> Result<Exit> {
    let file = FlowFile::read(&submit.file)?;
    let body = file.body(submit.name.as_deref());
    let submitted = client.submit_flow_json(body, submit.idempotency_key.as_deref()).await;
    let submitted = submitted.map_err(|error| file.explain(error))?;
    if !submit.wait {
        created(out, &submitted)?;
        return Ok(Exit::Fine);
    }
    let waited = until(async { Ok(submitted.wait().await?) }, submit.wait_timeout).await;
    let flow = waited.inspect_err(|_| say(&format!("the flow is {}", submitted.id())))?;
    show::one(out, &flow)?;
    Ok(ended(&flow))
}

/// As JSON, with the ids of the tasks.
fn created(out: &Out, submitted: &SubmittedFlow) -> Result<()> {
    if out.format == Format::Json {
        return out.document(&baton::api::flow::FlowCreated {
            flow: submitted.flow.clone(),
            refs: submitted.refs.clone(),
        });
    }
    show::one(out, &submitted.flow)?;
    if out.format != Format::Name {
        say(&format!("to follow it: baton flow trace {}", submitted.id()));
    }
    Ok(())
}
