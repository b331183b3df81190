//! What is counted and timed between us and Redis. Only the facade: without a recorder it costs next to nothing.

use std::time::Instant;

use metrics::{Key, Label, Level, Metadata};

use crate::clock::monotonic;

static METADATA: Metadata<'static> = Metadata::new(module_path!(), Level::INFO, Some(module_path!()));

/// The series of a script, made once: no call allocates for its measurement.
pub(crate) fn series(script: &'static str) -> Key {
    Key::from_parts("baton_redis_script_seconds", vec![Label::from_static_parts("script", script)])
}

/// From before it was sent until it was answered, repeats and waits included.
pub(crate) fn answered(series: &Key, sent: Instant) {
    let seconds = monotonic().saturating_duration_since(sent).as_secs_f64();
    metrics::with_recorder(|recorder| recorder.register_histogram(series, &METADATA)).record(seconds);
}

/// Something that went wrong on the way, each attempt by itself.
pub(crate) fn failed(kind: &'static str) {
    metrics::counter!("baton_redis_errors_total", "kind" => kind).increment(1);
}

pub(crate) fn reconnected() {
    metrics::counter!("baton_redis_reconnects_total").increment(1);
}
