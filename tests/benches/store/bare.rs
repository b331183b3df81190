//! The least that this design must do, carried by the same client library: what the guarantees are compared with.

use deadpool_redis::redis::aio::MultiplexedConnection;
use deadpool_redis::redis::cmd;

use crate::meter::{Figure, Meter, payload};

const PREFIX: &str = "bare:{0}:";

async fn load(connection: &mut MultiplexedConnection, text: &str) -> String {
    cmd("SCRIPT").arg("LOAD").arg(text).query_async(connection).await.unwrap()
}

pub(crate) async fn round(meter: &mut Meter, batch: usize, tasks: usize) -> Vec<Figure> {
    let mut connection = meter.redis.connection().await;
    let submit = load(&mut connection, include_str!("bare_submit.lua")).await;
    let turn = load(&mut connection, include_str!("bare_turn.lua")).await;
    let ids: Vec<String> =
        (0..tasks).map(|number| format!("01936a5c-2b4e-7abc-8def-{number:012x}")).collect();
    let submitted = meter
        .measure("submit", tasks, async |_| submit_all(&mut connection, &submit, &ids, batch).await)
        .await;
    let mut connection = meter.redis.connection().await;
    let turned = meter
        .measure("settle and claim", tasks, async |_| turn_all(&mut connection, &turn, batch).await)
        .await;
    let mut fresh = Meter::start_like(meter).await;
    let mut connection = fresh.redis.connection().await;
    let submit = load(&mut connection, include_str!("bare_submit.lua")).await;
    let turn = load(&mut connection, include_str!("bare_turn.lua")).await;
    let life = fresh
        .measure("whole life", tasks, async |_| {
            submit_all(&mut connection, &submit, &ids, batch).await;
            turn_all(&mut connection, &turn, batch).await;
        })
        .await;
    vec![submitted, turned, life]
}

async fn submit_all(connection: &mut MultiplexedConnection, sha: &str, ids: &[String], batch: usize) {
    let payload = payload();
    for chunk in ids.chunks(batch) {
        let mut command = cmd("EVALSHA");
        command.arg(sha).arg(1).arg(PREFIX).arg(chunk.len());
        chunk.iter().for_each(|id| {
            command.arg(id).arg(&payload);
        });
        let _: String = command.query_async(connection).await.unwrap();
    }
}

async fn turn_all(connection: &mut MultiplexedConnection, sha: &str, batch: usize) {
    let mut held: Vec<(String, String)> = Vec::new();
    loop {
        let mut command = cmd("EVALSHA");
        command.arg(sha).arg(1).arg(PREFIX).arg("worker-001-bench").arg(batch).arg(held.len());
        held.iter().for_each(|(id, fence)| {
            command.arg(id).arg(fence);
        });
        let flat: Vec<String> = command.query_async(connection).await.unwrap();
        held = flat.chunks(3).map(|task| (task[0].clone(), task[1].clone())).collect();
        if held.is_empty() {
            return;
        }
    }
}
