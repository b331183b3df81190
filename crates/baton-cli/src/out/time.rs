//! Times for people: how long ago, how long still.
#![expect(clippy::disallowed_methods, reason = "what is seen from now needs the time of the one who looks")]

use std::time::SystemTime;

use baton::Timestamp;
use jiff::tz::TimeZone;

use super::Out;

/// How times are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Times {
    /// As seen from now.
    Relative,
    /// As the clocks of this place show them.
    Local,
    /// As everyone's clocks do.
    Utc,
}

pub(crate) fn now_ms() -> u64 {
    Timestamp::from(SystemTime::now()).ms()
}

/// `3 m ago`, `in 2 h`; or the time itself where that is wanted.
pub(crate) fn age(out: &Out, at: Timestamp) -> String {
    match out.times {
        Times::Relative => relative(at.ms(), now_ms()),
        Times::Local => local(at, &here()),
        Times::Utc => at.to_string(),
    }
}

/// Where this program runs: as `TZ` says, else as the host does, else UTC.
fn here() -> TimeZone {
    let set = std::env::var("TZ").ok().filter(|zone| !zone.is_empty());
    let named = set.and_then(|name| {
        let name = name.trim_start_matches(':');
        TimeZone::get(name).or_else(|_| TimeZone::posix(name)).ok()
    });
    let host = || TimeZone::tzif("local", &std::fs::read("/etc/localtime").ok()?).ok();
    named.or_else(host).unwrap_or(TimeZone::UTC)
}

fn local(at: Timestamp, zone: &TimeZone) -> String {
    let Ok(time) = i64::try_from(at.ms())
        .map_err(|_| ())
        .and_then(|ms| jiff::Timestamp::from_millisecond(ms).map_err(|_| ()))
    else {
        return at.to_string();
    };
    let offset = zone.to_offset(time);
    if offset.is_zero() { at.to_string() } else { format!("{:.3}", time.display_with_offset(offset)) }
}

fn relative(at_ms: u64, now_ms: u64) -> String {
    match now_ms.checked_sub(at_ms) {
        Some(0..1_000) => "now".to_owned(),
        Some(past) => format!("{} ago", span(past)),
        None => format!("in {}", span(at_ms - now_ms)),
    }
}

/// A length of time in its largest unit that is not zero.
pub(crate) fn span(ms: u64) -> String {
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..10_000 => format!("{}.{} s", ms / 1_000, ms % 1_000 / 100),
        10_000..60_000 => format!("{} s", ms / 1_000),
        60_000..3_600_000 => format!("{} m", ms / 60_000),
        3_600_000..86_400_000 => format!("{} h", ms / 3_600_000),
        _ => format!("{} d", ms / 86_400_000),
    }
}

/// Exactly: `90 s`, where a look at how long ago something was would say `1 m`.
pub(crate) fn length(ms: u64) -> String {
    match ms {
        _ if ms.is_multiple_of(3_600_000) => format!("{} h", ms / 3_600_000),
        _ if ms.is_multiple_of(60_000) => format!("{} m", ms / 60_000),
        _ if ms.is_multiple_of(1_000) => format!("{} s", ms / 1_000),
        _ => format!("{ms} ms"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_is_told_exactly() {
        let told = [1_500, 90_000, 300_000, 7_200_000].map(length);
        assert_eq!(told, ["1500 ms", "90 s", "5 m", "2 h"]);
    }

    #[test]
    fn a_time_is_told_as_the_clocks_of_a_place_show_it() {
        let at: Timestamp = "2026-07-01T22:30:00.250Z".parse().unwrap();
        let told = |zone| local(at, &TimeZone::get(zone).unwrap());
        assert_eq!(told("Europe/Berlin"), "2026-07-02T00:30:00.250+02:00");
        assert_eq!(told("UTC"), "2026-07-01T22:30:00.250Z");
        assert_eq!(local(at, &TimeZone::posix("EST5").unwrap()), "2026-07-01T17:30:00.250-05:00");
    }

    #[test]
    fn times_are_seen_from_now() {
        assert_eq!(relative(5_000, 5_999), "now");
        assert_eq!(relative(0, 200_000), "3 m ago");
        assert_eq!(relative(7_205_000, 0), "in 2 h");
        assert_eq!(relative(1_500, 0), "in 1.5 s");
        assert_eq!(span(12), "12 ms");
        assert_eq!(span(200_000_000), "2 d");
    }
}
