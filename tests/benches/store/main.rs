//! What the steps of a task's life cost, through the store's typed calls, beside the least that this design must do.
//!
//! `cargo bench --bench store` prints a table; `cargo bench --bench store -- 100` only batches of 100. Each row is the
//! median of several interleaved rounds on a private Redis over a Unix socket with one client. Redis µs are CPU of the
//! server per task. Compare within one run: machines differ, and drift.
#![expect(clippy::print_stdout, reason = "a benchmark speaks by printing")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a benchmark that fails should stop")]
#![expect(clippy::disallowed_methods, reason = "a benchmark measures time")]

mod bare;
mod baton;
mod meter;

use meter::{Figure, Meter};

/// Tasks of one round: enough that a round takes some tenths of a second.
fn tasks_of(batch: usize) -> usize {
    if batch == 1 { 4_000 } else { 20_000 }
}

const ROUNDS: usize = 5;

fn main() {
    let wanted: Option<usize> = std::env::args().skip(1).find_map(|word| word.parse().ok());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    println!("| step | batch | AOF | Redis µs per task | the least | ratio | tasks/s |");
    println!("| --- | --- | --- | --- | --- | --- | --- |");
    for batch in [1, 10, 100].into_iter().filter(|batch| wanted.is_none_or(|wanted| wanted == *batch)) {
        for aof in [false, true] {
            runtime.block_on(compare(batch, aof));
        }
    }
}

async fn compare(batch: usize, aof: bool) {
    let mut ours: Vec<Vec<Figure>> = Vec::new();
    let mut least: Vec<Vec<Figure>> = Vec::new();
    for _ in 0..ROUNDS {
        ours.push(baton::round(&mut Meter::start(aof).await, batch, tasks_of(batch)).await);
        least.push(bare::round(&mut Meter::start(aof).await, batch, tasks_of(batch)).await);
    }
    for step in 0..ours[0].len() {
        let median =
            |rounds: &[Vec<Figure>]| Figure::median(rounds.iter().map(|round| round[step].clone()).collect());
        let (ours, least) = (median(&ours), median(&least));
        println!(
            "| {} | {batch} | {} | {:.1} | {:.1} | {:.2} | {:.0} |",
            ours.step,
            if aof { "everysec" } else { "off" },
            ours.redis_us,
            least.redis_us,
            ours.redis_us / least.redis_us,
            ours.per_second,
        );
    }
}
