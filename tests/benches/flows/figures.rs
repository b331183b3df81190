//! What is read off the server, and the row that it makes.

use std::time::Duration;

use baton_store::Script;
use baton_testkit::PrivateRedis;
use deadpool_redis::redis::aio::MultiplexedConnection;
use deadpool_redis::redis::{Value, cmd};

use crate::shapes::Shape;

pub(crate) const HEAD: &str = "\
| flow | tasks | edges | submit s | run s | submit µs | run µs | bytes | longest script ms | over 5 ms | audit s |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |";

/// What the slow log notes, in µs, and what is too long.
pub(crate) const NOTED_US: i64 = 1_000;
const TOO_LONG_US: i64 = 5_000;

/// The runs of scripts that were noted.
#[derive(Debug, Default)]
pub(crate) struct Scripts {
    longest: Option<(i64, &'static str)>,
    /// A machine that has other things to do makes any script seem long now and then: a script that is, is so often.
    too_long: usize,
}

pub(crate) struct Meter {
    connection: MultiplexedConnection,
}

impl Meter {
    pub(crate) async fn new(redis: &PrivateRedis) -> Meter {
        Meter { connection: redis.connection().await }
    }

    pub(crate) async fn memory(&mut self) -> u64 {
        let info: String = cmd("INFO").arg("memory").query_async(&mut self.connection).await.unwrap();
        let used = info.lines().find_map(|line| line.strip_prefix("used_memory:"));
        used.unwrap().trim().parse().unwrap()
    }

    /// Adds what the server noted since it was last asked. These are times of the script alone, without the wait for it.
    pub(crate) async fn read_slow_log(&mut self, scripts: &mut Scripts) {
        let log: Vec<Value> =
            cmd("SLOWLOG").arg("GET").arg(-1).query_async(&mut self.connection).await.unwrap();
        let _: Value = cmd("SLOWLOG").arg("RESET").query_async(&mut self.connection).await.unwrap();
        for (time, script) in log.iter().filter_map(script_time) {
            scripts.longest = scripts.longest.max(Some((time, script)));
            scripts.too_long += usize::from(time > TOO_LONG_US);
        }
    }
}

/// The script of an entry of the slow log, and its µs.
fn script_time(entry: &Value) -> Option<(i64, &'static str)> {
    let Value::Array(parts) = entry else { return None };
    let (Value::Int(time), Value::Array(words)) = (&parts[2], &parts[3]) else { return None };
    let Some(Value::BulkString(sha)) = words.get(1) else { return None };
    let script = Script::all().iter().find(|script| script.sha.as_bytes() == sha)?;
    Some((*time, script.name))
}

pub(crate) fn row(
    shape: &Shape,
    submit: Duration,
    run: Duration,
    memory: u64,
    scripts: &Scripts,
    audit: Duration,
) -> String {
    let (tasks, edges) = (shape.tasks(), shape.edges());
    let each = (tasks + edges) as f64;
    let micros = |time: Duration| time.as_secs_f64() * 1e6 / each;
    let longest = scripts
        .longest
        .map_or("under 1".to_owned(), |(time, script)| format!("{:.1} `{script}`", time as f64 / 1_000.0));
    format!(
        "| {} | {tasks} | {edges} | {:.2} | {:.2} | {:.1} | {:.1} | {} | {longest} | {} | {:.1} |",
        shape.name,
        submit.as_secs_f64(),
        run.as_secs_f64(),
        micros(submit),
        micros(run),
        memory / each as u64,
        scripts.too_long,
        audit.as_secs_f64(),
    )
}
