//! What logins count. No ids are labels.

use std::time::Duration;

pub(super) fn refreshed(outcome: &'static str) {
    metrics::counter!("baton_auth_refresh_total", "outcome" => outcome).increment(1);
}

pub(super) fn logged_in(outcome: &'static str) {
    metrics::counter!("baton_auth_login_total", "outcome" => outcome).increment(1);
}

pub(super) fn validated(outcome: &'static str) {
    metrics::counter!("baton_auth_validate_total", "outcome" => outcome).increment(1);
}

pub(super) fn store_reset() {
    metrics::counter!("baton_auth_store_reset_total").increment(1);
}

pub(super) fn lag(lag: Duration) {
    metrics::gauge!("baton_auth_revocation_lag_seconds").set(lag.as_secs_f64());
}
