//! A steady trickle of tasks, until somebody has seen enough.

use std::pin::pin;
use std::time::Duration;

use anyhow::Result;
use baton::{Client, Watch};
use futures_util::StreamExt;

use super::set;
use super::ticker::{self, Pickups};
use crate::dev::LOOK_EVERY;
use crate::dev::fleet::Fleet;
use crate::exit::Exit;
use crate::out::Out;

const TASK_EVERY: Duration = Duration::from_millis(120);
const FLOW_EVERY: Duration = Duration::from_secs(20);

/// Over and over: mostly quick ones, some slow ones, a flaky one, one that never succeeds, and a program.
const ROUND: [(&str, &str, &str); 16] = [
    ("default", "echo", r#"{"hello":"world"}"#),
    ("mail", "echo", r#"{"to":"ada@example.org"}"#),
    ("media", "sleep", r#"{"ms":900}"#),
    ("default", "noop", "null"),
    ("mail", "echo", r#"{"to":"grace@example.org"}"#),
    ("default", "fail", r#"{"message":"the printer is out of paper","times":1}"#),
    ("reports", "report.build", r#"{"month":"2026-11"}"#),
    ("default", "echo", r#"{"number":12345678901234567890}"#),
    ("media", "sleep", r#"{"ms":2500}"#),
    ("mail", "echo", r#"{"to":"edsger@example.org"}"#),
    ("default", "noop", "null"),
    ("mail", "fail", r#"{"message":"the mail server is busy","times":2}"#),
    ("media", "sleep", r#"{"ms":300}"#),
    ("reports", "report.build", r#"{"month":"2026-10"}"#),
    ("default", "echo", r#"{"hello":"again"}"#),
    ("default", "fail", r#"{"message":"there is no such order","permanent":true}"#),
];

pub(in crate::dev) async fn live(out: &Out, fleet: &mut Fleet) -> Result<Exit> {
    fleet.introduce(out, "flow trace last")?;
    let client = fleet.client(0)?;
    let mut round = ROUND.iter().cycle();
    let mut work = tokio::time::interval(TASK_EVERY);
    let mut flow = tokio::time::interval(FLOW_EVERY);
    let mut look = tokio::time::interval(ticker::every(out));
    let mut mend = tokio::time::interval(LOOK_EVERY);
    let mut pickups = Pickups::default();
    let mut frames = pin!(client.watch(Watch::new().topic("tasks")));
    loop {
        tokio::select! {
            _ = work.tick() => if let Some(next) = round.next() { submit(&client, *next).await },
            _ = flow.tick() => submit_flow(&client).await,
            _ = look.tick() => ticker::show(out, &client, &pickups).await?,
            Some(Ok(frame)) = frames.next() => pickups.hear(frame),
            _ = mend.tick() => fleet.mend()?,
        }
    }
}

/// The show goes on when a gateway is being restarted.
async fn submit(client: &Client, (queue, kind, payload): (&str, &str, &str)) {
    if let Ok(task) = set::task(queue, kind, payload) {
        let _ = client.submit_all([task]).await;
    }
}

async fn submit_flow(client: &Client) {
    if let Ok(flow) = set::dozen() {
        let _ = set::submit(client, flow).await;
    }
}
