//! What is read off a gateway and its Redis, and the rows that it makes.

use std::time::Duration;

use crate::load::Load;
use crate::peer::Peer;

pub(crate) const REFRESHES: &str = "\
| gateway | refreshes/s | p50 ms | p99 ms | gateway µs | Redis µs | in commands | refreshes per Redis core second |
| --- | --- | --- | --- | --- | --- | --- | --- |";

pub(crate) const OTHERS: &str = "\
| gateway | validations/s | p99 ms | logins/s | p50 ms | tokens accepted twice, of 200 |
| --- | --- | --- | --- | --- | --- |";

/// One measurement. Times of processors are in µs, of one request.
#[derive(Clone, Copy)]
pub(crate) struct Figures {
    pub(crate) per_second: f64,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    gateway_us: f64,
    redis_us: f64,
    commands_us: f64,
}

/// Takes a load, and what it cost.
pub(crate) async fn measure(peer: &mut Peer, load: impl Future<Output = Load>) -> Figures {
    let _: String = peer.redis.say(&["CONFIG", "RESETSTAT"]).await;
    let before = (gateway_us(peer), redis_us(peer).await);
    let Load { took, mut waits } = load.await;
    let after = (gateway_us(peer), redis_us(peer).await);
    let commands = commands_us(&peer.redis.say::<String>(&["INFO", "commandstats"]).await);
    waits.sort();
    let count = waits.len() as f64;
    let at = |share: f64| waits[((count - 1.0) * share) as usize].as_secs_f64() * 1_000.0;
    Figures {
        per_second: count / took.as_secs_f64(),
        p50_ms: at(0.5),
        p99_ms: at(0.99),
        gateway_us: (after.0 - before.0) / count,
        redis_us: (after.1 - before.1) / count,
        commands_us: commands / count,
    }
}

/// Of several measurements, the middle one of each figure.
pub(crate) fn median(of: &[Figures]) -> Figures {
    let middle = |figure: fn(&Figures) -> f64| {
        let mut all: Vec<f64> = of.iter().map(figure).collect();
        all.sort_by(f64::total_cmp);
        all[all.len() / 2]
    };
    Figures {
        per_second: middle(|one| one.per_second),
        p50_ms: middle(|one| one.p50_ms),
        p99_ms: middle(|one| one.p99_ms),
        gateway_us: middle(|one| one.gateway_us),
        redis_us: middle(|one| one.redis_us),
        commands_us: middle(|one| one.commands_us),
    }
}

pub(crate) fn refreshes_row(name: &str, of: Figures) -> String {
    format!(
        "| {name} | {:.0} | {:.2} | {:.2} | {:.0} | {:.1} | {:.1} | {:.0} |",
        of.per_second,
        of.p50_ms,
        of.p99_ms,
        of.gateway_us,
        of.redis_us,
        of.commands_us,
        1e6 / of.redis_us
    )
}

pub(crate) fn others_row(name: &str, validations: Figures, logins: Figures, accepted_twice: usize) -> String {
    format!(
        "| {name} | {:.0} | {:.2} | {:.1} | {:.0} | {accepted_twice} |",
        validations.per_second, validations.p99_ms, logins.per_second, logins.p50_ms
    )
}

/// What Redis used of processors since it started, on all its threads.
async fn redis_us(peer: &Peer) -> f64 {
    let info: String = peer.redis.say(&["INFO", "cpu"]).await;
    let seconds =
        |name: &str| info.lines().find_map(|line| line.strip_prefix(name)?.trim().parse::<f64>().ok());
    (seconds("used_cpu_sys:").unwrap() + seconds("used_cpu_user:").unwrap()) * 1e6
}

/// The part of it inside commands. What scripts call is counted twice there, so where there are scripts they are all.
fn commands_us(stats: &str) -> f64 {
    let of = |line: &str| {
        let (name, figures) = line.strip_prefix("cmdstat_")?.split_once(':')?;
        let time = figures.split(',').find_map(|figure| figure.strip_prefix("usec="))?;
        Some((name.to_owned(), time.parse::<f64>().ok()?))
    };
    let times: Vec<(String, f64)> = stats.lines().filter_map(of).collect();
    let scripts = times.iter().find(|(name, _)| name == "evalsha").map(|(_, time)| *time);
    scripts.unwrap_or_else(|| times.iter().map(|(_, time)| time).sum())
}

/// What the processes of a gateway used of processors, to a hundredth of a second.
fn gateway_us(peer: &mut Peer) -> f64 {
    let group = peer.gateway.child().id().to_string();
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let stats = processes.filter_map(|process| std::fs::read_to_string(process.path().join("stat")).ok());
    let ticks = stats.filter_map(|stat| {
        let (_, after_name) = stat.rsplit_once(')')?;
        let fields: Vec<&str> = after_name.split_whitespace().collect();
        let time = |field: usize| fields.get(field)?.parse::<f64>().ok();
        (fields.get(2)? == &group).then_some(time(11)? + time(12)?)
    });
    Duration::from_millis(10).as_micros() as f64 * ticks.sum::<f64>()
}
