//! What a task carries, as a type.

use std::time::Duration;

use baton_core::limits;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The payload of one kind of task. Submitters and workers share the type, so neither can mistake the other.
pub trait Payload: Serialize + DeserializeOwned + Send + 'static {
    /// The kind of task that this is the payload of: letters, digits and `. _ : -`.
    const KIND: &'static str;

    /// What the task completes with.
    type Output: Serialize + DeserializeOwned + Send + 'static;

    /// How tasks of this kind are submitted where the submitter does not say otherwise.
    fn defaults() -> Defaults {
        Defaults::default()
    }
}

/// How a task is submitted where nothing else is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Defaults {
    pub queue: &'static str,
    /// 0 to 9, 9 first.
    pub priority: u8,
    /// How long one run may take.
    pub timeout: Duration,
    pub max_attempts: u64,
    /// How many workers may vanish while they run it.
    pub max_crashes: u64,
    /// The first wait after a failure is at most this; it doubles with each further one, up to `backoff_cap`.
    pub backoff: Duration,
    pub backoff_cap: Duration,
}

impl Default for Defaults {
    fn default() -> Defaults {
        Defaults {
            queue: "default",
            priority: 5,
            timeout: Duration::from_millis(limits::TIMEOUT_MS),
            max_attempts: limits::MAX_ATTEMPTS,
            max_crashes: limits::MAX_CRASHES,
            backoff: Duration::from_millis(limits::BACKOFF_MS),
            backoff_cap: Duration::from_millis(limits::BACKOFF_CAP_MS),
        }
    }
}
