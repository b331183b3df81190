use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

const SETTINGS: Settings = Settings {
    rotate_every_ms: 30 * 24 * 3_600_000,
    access_ttl_ms: 900_000,
    leeway_ms: 30_000,
    max_age_ms: 300_000,
    skew_ms: 30_000,
};
const PUBLISH_MS: u64 = 330_000;
const KEEP_MS: u64 = 1_260_000;

fn key(kid: &str, state: KeyState, since_ms: u64) -> KeyAge {
    KeyAge { kid: kid.to_owned(), state, since_ms }
}

fn named(step: fn(String) -> Step, kid: &str) -> Step {
    step(kid.to_owned())
}

use KeyState::{Active, Pending, Retiring};

#[test]
fn the_first_key_signs_at_once() {
    assert_eq!(steps(&[], 1_000, &SETTINGS), [Step::Generate(Active)]);
    assert_eq!(steps(&[key("a", Active, 1_000)], 1_000, &SETTINGS), []);
    // All were revoked but one that has not signed yet, or one that may no longer.
    assert_eq!(steps(&[key("a", Pending, 1_000)], 1_000, &SETTINGS), [named(Step::Promote, "a")]);
    assert_eq!(steps(&[key("a", Retiring, 1_000)], 1_000, &SETTINGS), [Step::Generate(Active)]);
}

#[test]
fn case_75_a_key_is_known_before_it_signs_and_stays_after() {
    let due = SETTINGS.rotate_every_ms;
    let one = |now_ms| steps(&[key("a", Active, 0)], now_ms, &SETTINGS);
    assert_eq!(one(due - PUBLISH_MS - 1), []);
    assert_eq!(one(due - PUBLISH_MS), [Step::Generate(Pending)]);
    let two = |now_ms| steps(&[key("a", Active, 0), key("b", Pending, 1_000)], now_ms, &SETTINGS);
    assert_eq!(two(1_000 + PUBLISH_MS - 1), []);
    assert_eq!(two(1_000 + PUBLISH_MS), [named(Step::Promote, "b"), named(Step::Retire, "a")]);
    let three = |now_ms| steps(&[key("a", Retiring, 0), key("b", Active, 0)], now_ms, &SETTINGS);
    assert_eq!(three(KEEP_MS - 1), []);
    assert_eq!(three(KEEP_MS), [named(Step::Remove, "a")]);
}

#[test]
fn what_a_crash_or_a_race_leaves_is_put_right() {
    let two = [key("a", Active, 5), key("b", Active, 7)];
    assert_eq!(signer(&two), Some(&two[1]));
    assert_eq!(steps(&two, 10, &SETTINGS), [named(Step::Retire, "a")]);
    // At the same millisecond all gateways choose the same.
    let same = [key("b", Active, 5), key("a", Active, 5)];
    assert_eq!(signer(&same), Some(&same[1]));
    let spare = [key("a", Active, 5), key("c", Pending, 8), key("b", Pending, 7)];
    assert_eq!(steps(&spare, 10, &SETTINGS), [named(Step::Remove, "c")]);
    // A clock that was set back.
    assert_eq!(steps(&[key("a", Active, 5_000)], 0, &SETTINGS), []);
}

/// A fleet over some years: keys, and what is known of each.
#[derive(Default)]
struct Fleet {
    keys: BTreeMap<String, (KeyState, u64)>,
    made_at: BTreeMap<String, u64>,
    signed_last: BTreeMap<String, u64>,
    made: u64,
}

impl Fleet {
    fn ages(&self) -> Vec<KeyAge> {
        self.keys.iter().map(|(kid, (state, since_ms))| key(kid, *state, *since_ms)).collect()
    }

    /// Whoever signs until now, by the state that gateways read.
    fn sign(&mut self, now_ms: u64) {
        let kid = signer(&self.ages()).expect("one signs, always").kid.clone();
        let first = !self.signed_last.contains_key(&kid);
        if first && !self.signed_last.is_empty() {
            assert!(now_ms - self.made_at[&kid] >= PUBLISH_MS, "{kid} signs before it is known");
        }
        self.signed_last.insert(kid, now_ms);
    }

    fn take(&mut self, step: Step, now_ms: u64) {
        match step {
            Step::Generate(state) => {
                self.made += 1;
                let kid = format!("k{}", self.made);
                self.made_at.insert(kid.clone(), now_ms);
                self.keys.insert(kid, (state, now_ms));
            }
            Step::Promote(kid) => drop(self.keys.insert(kid, (Active, now_ms))),
            Step::Retire(kid) => drop(self.keys.insert(kid, (Retiring, now_ms))),
            Step::Remove(kid) => {
                let last = self.signed_last.get(&kid).copied();
                assert!(last.is_none_or(|last| now_ms - last >= KEEP_MS), "{kid} goes while its tokens live");
                self.keys.remove(&kid);
            }
        }
    }
}

proptest! {
    /// `taken`: after how many steps the gateway dies; `twice`: another one makes the same key meanwhile;
    /// `by_hand`: somebody asks for a rotation.
    #[test]
    fn keys_are_known_before_they_sign_and_stay_while_their_tokens_live(
        looks in proptest::collection::vec((1..400_000_000u64, 0..5usize, any::<bool>(), 0..20u8), 1..120)
    ) {
        let mut fleet = Fleet::default();
        let mut now_ms = 1_700_000_000_000;
        fleet.take(Step::Generate(Active), now_ms);
        fleet.sign(now_ms);
        for (passed, taken, twice, by_hand) in looks {
            // Mostly a few minutes, sometimes days without anyone looking.
            now_ms += if by_hand < 4 { passed } else { passed / 1_000 };
            fleet.sign(now_ms);
            if by_hand == 0 {
                fleet.take(Step::Generate(Pending), now_ms);
            }
            let steps = steps(&fleet.ages(), now_ms, &SETTINGS);
            let whole = taken >= steps.len();
            for step in steps.into_iter().take(taken) {
                if twice && step == Step::Generate(Pending) {
                    fleet.take(step.clone(), now_ms);
                }
                fleet.take(step, now_ms);
            }
            fleet.sign(now_ms);
            if whole {
                let active = fleet.keys.values().filter(|(state, _)| *state == Active).count();
                prop_assert_eq!(active, 1);
            }
            prop_assert!(fleet.keys.len() < 40);
        }
        // Left alone, it comes to rest: nothing is left to do.
        for _ in 0..3 {
            now_ms += KEEP_MS + PUBLISH_MS;
            for step in steps(&fleet.ages(), now_ms, &SETTINGS) {
                fleet.take(step, now_ms);
            }
        }
        prop_assert!(fleet.keys.len() <= 3, "{:?}", fleet.keys);
    }
}
