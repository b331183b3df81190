//! Random lives of sessions, played to Redis through the store and to the rule of baton-core, which must agree: on each
//! answer, and after each step on every key. Time goes forwards and backwards, sessions fall back to earlier copies of
//! themselves as after a failover, keys that seal change, and tokens of any generation come from friends and strangers.
//!
//! What was answered is a *history*, and `history.rs` judges it by itself, without the rule: no generation has two
//! successors, and what was ended stays so. `race.rs` judges histories that many made at once. `mutants.rs` changes one
//! thing in the script and shows that it is noticed.
//!
//! A failure prints what differs, the steps and the seed; `BATON_SEED=<seed>` plays the same again, and
//! `BATON_LOGIN_STEPS=<count>` more.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "test support: a failure here is a failed test"
)]

mod history;
mod memory;
mod model;
mod mutants;
mod play;
mod race;
mod stage;
mod step;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};

use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};

use stage::{Rotator, Stage};

/// Played in CI.
const STEPS: u64 = 4_000;

/// A number that a person may give to the tests.
#[expect(clippy::disallowed_methods, reason = "how a person asks for longer runs, and for a failure again")]
fn given(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is a number, not {text:?}")))
}

/// How long sequences are, on average; see `step::sequence`.
const SEQUENCE: u64 = 30;

struct Outcome {
    steps: u64,
    /// How often each answer was given.
    met: BTreeMap<String, u64>,
    failure: Option<String>,
}

/// Plays so many steps, or until something differs; then tries so often to show it in fewer.
fn play(rotator: Rotator, steps: u64, seed: u64, shrinks: u32) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let stage = RefCell::new(runtime.block_on(Stage::build(rotator)));
    let config = Config {
        cases: (steps / SEQUENCE).max(1) as u32,
        failure_persistence: None,
        max_shrink_iters: shrinks,
        ..Config::default()
    };
    // The plainest generator: it is asked for a new seed at every choice.
    let mut bytes = [7; 16];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::XorShift, &bytes));
    let outcome = runner.run(&step::sequence(), |sequence| {
        let played = runtime.block_on(play::play(&mut stage.borrow_mut(), &sequence));
        played.map_err(TestCaseError::fail)
    });
    let stage = stage.into_inner();
    let failure = match outcome {
        Ok(()) => None,
        Err(TestError::Fail(why, sequence)) => Some(format!("{why}\n{sequence:#?}")),
        Err(TestError::Abort(why)) => Some(why.to_string()),
    };
    Outcome { steps: stage.steps, met: stage.met, failure }
}

/// What sequences must come across, or they say nothing.
const MET: &[&str] = &[
    "rotated",
    "healed",
    "replayed",
    "unknown",
    "invalid",
    "expired",
    "stale_epoch",
    "ahead",
    "superseded",
    "reused",
    "reused by a user",
    "opened",
    "evicted",
    "changed",
    "revoked",
    "gone",
    "refused",
    "rolled back",
];

#[test]
fn redis_agrees_with_the_rule() {
    let seed = given("BATON_SEED").unwrap_or_else(|| RandomState::new().hash_one(0));
    let played = play(Rotator::Store, given("BATON_LOGIN_STEPS").unwrap_or(STEPS), seed, 400);
    if let Some(failure) = played.failure {
        panic!("BATON_SEED={seed}: {failure}");
    }
    println!("{} steps", played.steps);
    for (what, count) in &played.met {
        println!("{count:>8}  {what}");
    }
    let missing: Vec<_> = MET.iter().filter(|what| !played.met.contains_key(**what)).collect();
    assert!(missing.is_empty(), "BATON_SEED={seed}: never met {missing:?}");
}
