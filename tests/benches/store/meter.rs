//! A private Redis, and what a step costs it.

use std::time::Instant;

use baton_testkit::{Launch, PrivateRedis};
use deadpool_redis::redis::aio::MultiplexedConnection;
use deadpool_redis::redis::cmd;

#[derive(Clone, Debug)]
pub(crate) struct Figure {
    pub(crate) step: &'static str,
    pub(crate) redis_us: f64,
    pub(crate) per_second: f64,
}

impl Figure {
    pub(crate) fn median(mut figures: Vec<Figure>) -> Figure {
        figures.sort_by(|a, b| a.redis_us.total_cmp(&b.redis_us));
        figures.swap_remove(figures.len() / 2)
    }
}

pub(crate) struct Meter {
    aof: bool,
    pub(crate) redis: PrivateRedis,
    pub(crate) connection: MultiplexedConnection,
}

impl Meter {
    pub(crate) async fn start(aof: bool) -> Meter {
        let launch = if aof { Launch::default().with("appendonly", "yes") } else { Launch::default() };
        let redis = launch.start().await;
        let connection = redis.connection().await;
        Meter { aof, redis, connection }
    }

    /// Another server, started the same way.
    pub(crate) async fn start_like(other: &Meter) -> Meter {
        Meter::start(other.aof).await
    }

    /// CPU seconds the server has used.
    async fn cpu(&mut self) -> f64 {
        let info: String = cmd("INFO").arg("cpu").query_async(&mut self.connection).await.unwrap();
        let seconds = info.lines().filter_map(|line| {
            line.strip_prefix("used_cpu_sys:").or_else(|| line.strip_prefix("used_cpu_user:"))
        });
        seconds.map(|value| value.trim().parse::<f64>().unwrap()).sum()
    }

    pub(crate) async fn measure(
        &mut self,
        step: &'static str,
        tasks: usize,
        work: impl AsyncFnOnce(&PrivateRedis),
    ) -> Figure {
        let before = self.cpu().await;
        let started = Instant::now();
        work(&self.redis).await;
        let elapsed = started.elapsed().as_secs_f64();
        let spent = self.cpu().await - before;
        Figure { step, redis_us: spent * 1e6 / tasks as f64, per_second: tasks as f64 / elapsed }
    }
}

pub(crate) fn payload() -> Vec<u8> {
    let mut payload = br#"{"frames":120,"codec":"av1","pad":""#.to_vec();
    payload.resize(98, b'x');
    payload.extend_from_slice(b"\"}");
    payload
}
