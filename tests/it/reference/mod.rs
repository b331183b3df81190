//! A second telling of the rules, in plain Rust and without indexes, and random sequences of operations played to it and
//! to a real shard through the store's typed calls. After each operation the answers must agree, and every few the
//! whole shard with the model's picture of it.
//!
//! A failure prints the shortest sequence found and the seed; `BATON_SEED=<seed>` plays the same sequences again.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "test support: a failure here is a failed test"
)]

mod answers;
mod chores;
mod claims;
mod coverage;
mod edges;
mod ends;
mod episodes;
mod families;
mod flows;
mod holders;
mod model;
mod moves;
mod naming;
mod operation;
mod picture;
mod play;
mod reads;
mod request;
mod strategy;

use std::cell::RefCell;
use std::hash::{BuildHasher, RandomState};

use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};

use play::Stage;

/// Of each half; the halves run on threads of their own.
const SEQUENCES: u32 = 1_000;

#[expect(clippy::disallowed_methods, reason = "how a person asks for the sequences of a failure again")]
fn seed() -> u64 {
    match std::env::var("BATON_SEED") {
        Ok(text) => text.parse().expect("BATON_SEED is a number"),
        Err(_) => RandomState::new().hash_one(0),
    }
}

fn runner(seed: u64, half: u8) -> TestRunner {
    let config =
        Config { cases: SEQUENCES, failure_persistence: None, max_shrink_iters: 4_000, ..Config::default() };
    // The plainest generator: it is asked for a new seed at every choice.
    let mut bytes = [half; 16];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::XorShift, &bytes))
}

fn play(half: u8) {
    let seed = seed();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let stage = RefCell::new(runtime.block_on(Stage::build()));
    let outcome = runner(seed, half).run(&strategy::sequence(), |sequence| {
        let played = runtime.block_on(stage.borrow_mut().play(&sequence));
        played.map_err(TestCaseError::fail)
    });
    match outcome {
        Ok(()) => {}
        // The requests that were made say more than the sequence of operations that they were made of.
        Err(TestError::Fail(why, _)) => panic!("BATON_SEED={seed}: {why}"),
        Err(TestError::Abort(why)) => panic!("BATON_SEED={seed}: {why}"),
    }
    let stage = stage.into_inner();
    println!("{SEQUENCES} sequences, {} operations", stage.operations);
    for (what, count) in &stage.coverage.0 {
        println!("{count:>8}  {what}");
    }
    let missing = stage.coverage.missing();
    assert!(missing.is_empty(), "BATON_SEED={seed}: never met {missing:?}");
}

#[test]
fn the_shard_agrees_with_the_model() {
    play(0);
}

#[test]
fn the_shard_agrees_with_the_model_on_other_sequences() {
    play(1);
}
