//! What is said of kinds, from the words of whoever says it to what the store takes, and back.

use baton_api::Timestamp;
use baton_api::kind::{Kind, PutKind};
use baton_core::{Backoff, KindRules, Priority, limits};
use baton_store::calls::kind::Declared;

use super::new_task::Wrong;
use crate::problem::Fail;

/// All that is wrong with it is said at once.
pub(crate) fn rules(asked: &PutKind) -> Result<KindRules, Fail> {
    let mut wrong = Wrong::default();
    let mut number = |pointer: &str, asked: Option<u64>, (min, max): (u64, u64)| {
        asked.map(|value| wrong.number(pointer, Some(value), value, (min, max)))
    };
    let timeout_ms =
        number("/timeout_ms", asked.timeout_ms, (limits::TIMEOUT_MS_MIN, limits::TIMEOUT_MS_MAX));
    let max_attempts = number("/max_attempts", asked.max_attempts, (1, limits::MAX_ATTEMPTS_MAX));
    let max_crashes = number("/max_crashes", asked.max_crashes, (1, limits::MAX_CRASHES_MAX));
    let ttl = (limits::RESULT_TTL_MS_MIN, limits::RESULT_TTL_MS_MAX);
    let result_ttl_ms = number("/result_ttl_ms", asked.result_ttl_ms, ttl);
    number("/backoff_factor", asked.backoff_factor, (1, limits::BACKOFF_FACTOR_MAX));
    let priority = asked.priority.map(|value| wrong.or_default("/priority", Priority::new(value)));
    let backoff = backoff(asked, &mut wrong);
    let (count, max) = (asked.non_retryable.len() as u64, limits::NON_RETRYABLE_MAX);
    if count > max {
        wrong.at("/non_retryable", format!("{count} are more than {max}"));
    }
    let non_retryable = asked.non_retryable.clone();
    wrong.or(KindRules {
        priority,
        timeout_ms,
        max_attempts,
        max_crashes,
        backoff,
        non_retryable,
        result_ttl_ms,
    })
}

/// Who names some of the three gets the others to fit.
fn backoff(asked: &PutKind, wrong: &mut Wrong) -> Option<Backoff> {
    let PutKind { backoff_ms, backoff_cap_ms, backoff_factor, .. } = *asked;
    if (backoff_ms, backoff_cap_ms, backoff_factor) == (None, None, None) {
        return None;
    }
    let base = backoff_ms.unwrap_or(limits::BACKOFF_MS.min(backoff_cap_ms.unwrap_or(u64::MAX)));
    let cap = backoff_cap_ms.unwrap_or(limits::BACKOFF_CAP_MS.max(base));
    let backoff = wrong.or_default("/backoff_ms", Backoff::new(base, cap));
    backoff_factor.map_or(Some(backoff), |factor| backoff.growing_by(factor))
}

pub(crate) fn kind(declared: Declared) -> Kind {
    let Declared { kind, rules, version, created_ms, changed_ms, changed_by } = declared;
    Kind {
        kind,
        priority: rules.priority.map(|priority| priority.get().into()),
        timeout_ms: rules.timeout_ms,
        max_attempts: rules.max_attempts,
        max_crashes: rules.max_crashes,
        backoff_ms: rules.backoff.map(Backoff::base_ms),
        backoff_cap_ms: rules.backoff.map(Backoff::cap_ms),
        backoff_factor: rules.backoff.map(Backoff::factor),
        non_retryable: rules.non_retryable,
        result_ttl_ms: rules.result_ttl_ms,
        version,
        created_at: Timestamp::from_ms(created_ms),
        changed_at: Timestamp::from_ms(changed_ms),
        changed_by,
    }
}
