use jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::limits;

fn ms(text: &str) -> u64 {
    text.parse::<Timestamp>().unwrap().as_millisecond() as u64
}

fn cron(text: &str, zone: &str) -> Timing {
    Timing::Cron { cron: Cron::new(text).unwrap(), zone: Zone::new(zone).unwrap() }
}

/// The times that follow `after`, as the clocks of the zone show them.
fn check(text: &str, zone: &str, after: &str, expected: &[&str]) {
    let shown = Zone::new(zone).unwrap();
    let times = cron(text, zone).following(ms(after), expected.len());
    let times: Vec<String> = times.into_iter().map(|at| shown.show(at).unwrap()).collect();
    assert_eq!(times, expected, "{text} in {zone}");
}

#[test]
fn plain_times() {
    let after = "2026-01-31T10:00:00Z";
    check("* * * * *", "UTC", after, &["2026-01-31T10:01:00+00:00", "2026-01-31T10:02:00+00:00"]);
    check("*/20 * * * * *", "UTC", after, &["2026-01-31T10:00:20+00:00", "2026-01-31T10:00:40+00:00"]);
    check("30 2 1 * *", "UTC", after, &["2026-02-01T02:30:00+00:00", "2026-03-01T02:30:00+00:00"]);
    check("0 12 L * *", "UTC", after, &["2026-01-31T12:00:00+00:00", "2026-02-28T12:00:00+00:00"]);
    check("0 12 l,15 * *", "UTC", after, &["2026-01-31T12:00:00+00:00", "2026-02-15T12:00:00+00:00"]);
    check("0 0 29 feb *", "UTC", after, &["2028-02-29T00:00:00+00:00", "2032-02-29T00:00:00+00:00"]);
    check("0 9 * * MON-fri", "UTC", after, &["2026-02-02T09:00:00+00:00", "2026-02-03T09:00:00+00:00"]);
    check("0 9 * * fri-sun", "UTC", after, &["2026-02-01T09:00:00+00:00", "2026-02-06T09:00:00+00:00"]);
    check("@weekly", "UTC", after, &["2026-02-01T00:00:00+00:00", "2026-02-08T00:00:00+00:00"]);
    // A day or a weekday: either is enough.
    check("0 0 13 * 5", "UTC", after, &["2026-02-06T00:00:00+00:00", "2026-02-13T00:00:00+00:00"]);
    check("59 23 31 12 *", "UTC", after, &["2026-12-31T23:59:00+00:00"]);
    check("5/20 3 * * *", "UTC", after, &["2026-02-01T03:05:00+00:00", "2026-02-01T03:25:00+00:00"]);
}

#[test]
fn a_named_hour_that_is_skipped_comes_once_right_after_the_gap() {
    let after = "2026-03-28T12:00:00Z";
    check("30 2 * * *", "Europe/Berlin", after, &["2026-03-29T03:00:00+02:00", "2026-03-30T02:30:00+02:00"]);
    // Several times of the gap are one moment, and that moment may be named as well.
    check(
        "*/15 2,3 * * *",
        "Europe/Berlin",
        after,
        &["2026-03-29T03:00:00+02:00", "2026-03-29T03:15:00+02:00", "2026-03-29T03:30:00+02:00"],
    );
    check(
        "0 2,14 * * *",
        "Europe/Berlin",
        "2026-03-28T20:00:00Z",
        &["2026-03-29T03:00:00+02:00", "2026-03-29T14:00:00+02:00", "2026-03-30T02:00:00+02:00"],
    );
    check("30 2 * * *", "America/New_York", "2026-03-07T12:00:00Z", &["2026-03-08T03:00:00-04:00"]);
    check(
        "15 2 * * *",
        "Australia/Lord_Howe",
        "2026-10-03T00:00:00Z",
        &["2026-10-04T02:30:00+11:00", "2026-10-05T02:15:00+11:00"],
    );
    // A whole day that Samoa never had.
    check(
        "0 12 * * *",
        "Pacific/Apia",
        "2011-12-29T12:00:00-10:00",
        &["2011-12-31T00:00:00+14:00", "2011-12-31T12:00:00+14:00"],
    );
}

#[test]
fn a_named_hour_that_comes_twice_counts_the_first_time() {
    check(
        "30 2 * * *",
        "Europe/Berlin",
        "2026-10-24T12:00:00Z",
        &["2026-10-25T02:30:00+02:00", "2026-10-26T02:30:00+01:00"],
    );
    // From within the second pass: that is over.
    check("30 2 * * *", "Europe/Berlin", "2026-10-25T02:10:00+01:00", &["2026-10-26T02:30:00+01:00"]);
    check(
        "30 1 * * *",
        "America/New_York",
        "2026-10-31T12:00:00Z",
        &["2026-11-01T01:30:00-04:00", "2026-11-02T01:30:00-05:00"],
    );
    check(
        "45 1 * * *",
        "Australia/Lord_Howe",
        "2026-04-04T00:00:00Z",
        &["2026-04-05T01:45:00+11:00", "2026-04-06T01:45:00+10:30"],
    );
}

#[test]
fn an_open_hour_means_the_passing_of_time() {
    check(
        "30 * * * *",
        "Europe/Berlin",
        "2026-03-29T00:00:00Z",
        &["2026-03-29T01:30:00+01:00", "2026-03-29T03:30:00+02:00"],
    );
    check(
        "30 * * * *",
        "Europe/Berlin",
        "2026-10-25T01:45:00+02:00",
        &["2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00", "2026-10-25T03:30:00+01:00"],
    );
    check(
        "0,45 * * * *",
        "Australia/Lord_Howe",
        "2026-04-05T01:15:00+11:00",
        &["2026-04-05T01:45:00+11:00", "2026-04-05T01:45:00+10:30", "2026-04-05T02:00:00+10:30"],
    );
    check(
        "0 */2 * * *",
        "Asia/Kathmandu",
        "2026-06-01T00:00:00Z",
        &["2026-06-01T06:00:00+05:45", "2026-06-01T08:00:00+05:45"],
    );
}

#[test]
fn intervals_count_from_their_moment() {
    let every = Timing::Every { every_ms: 5_000, aligned_ms: 1_003 };
    assert_eq!(every.following(0, 3), [6_003, 11_003, 16_003]);
    assert_eq!(every.next_after(6_002), Some(6_003));
    assert_eq!(every.next_after(6_003), Some(11_003));
    assert_eq!(every.next_after(u64::MAX), None);
}

#[test]
fn what_is_no_cron_expression_is_told_in_words() {
    for (text, why) in [
        ("61 * * * *", "take minute 61: it is between 0 and 59"),
        ("* 24 * * *", "take hour 24: it is between 0 and 23"),
        ("* * 0 * *", "take day of the month 0: it is between 1 and 31"),
        ("* * * 13 *", "take month 13: it is between 1 and 12"),
        ("* * * * 8", "take weekday 8: it is between 0 and 7"),
        ("99 * * * * *", "take second 99: it is between 0 and 59"),
        ("99999999999999999999 * * * *", "take minute 99999999999999999999: it is between 0 and 59"),
        ("5-1 * * * *", "take minute 5-1: a range goes from the smaller to the larger one"),
        ("*/0 * * * *", "take the step \"0\" in minute: it is a number between 1 and 59"),
        ("*/+5 * * * *", "take the step \"+5\" in minute: it is a number between 1 and 59"),
        ("0 0 30 2 *", "take day 30 of month 2: there is no such day, so it would never come"),
        ("0 0 31 4,6 *", "take day 31 of month 6: there is no such day, so it would never come"),
        (
            "* * * *",
            "take 4 fields: there are five (minute hour day month weekday), or six with the second in front",
        ),
        (
            "",
            "take 0 fields: there are five (minute hour day month weekday), or six with the second in front",
        ),
        ("@often", "take \"@often\": the words are @hourly, @daily, @weekly, @monthly and @yearly"),
    ] {
        assert_eq!(Cron::new(text).unwrap_err().to_string(), why, "{text}");
    }
    for text in ["* * * * monday", "1, * * * *", "-1 * * * *", "1--2 * * * *", "* * * jän *", "٣ * * * *"] {
        assert!(matches!(Cron::new(text), Err(CronError::Word { .. })), "{text}");
    }
    assert!(matches!(Cron::new(&"1,".repeat(200)), Err(CronError::TooLong(400))));
    // One of the two months has it; and weekdays come anyway.
    assert!(Cron::new("0 0 31 2,3 *").is_ok() && Cron::new("0 0 30 2 1").is_ok());
}

#[test]
fn zones_are_known_by_their_names() {
    assert_eq!(Zone::new("europe/berlin").unwrap().as_str(), "Europe/Berlin");
    for unknown in ["", "Europe/Berlín", "Etc/Unknown", "+01:00", "../etc/passwd", &"x".repeat(5_000)] {
        assert!(Zone::new(unknown).is_err(), "{unknown}");
    }
    assert!(Zone::names().any(|name| name == "Asia/Kathmandu"));
    assert_eq!(Zone::new("UTC").unwrap().show(0).unwrap(), "1970-01-01T00:00:00+00:00");
}

#[test]
fn the_end_of_time_is_an_end() {
    let last = ms("9999-12-30T22:00:00Z");
    for text in ["* * * * *", "0 2 * * *", "0 0 29 2 *"] {
        let timing = cron(text, "Europe/Berlin");
        assert!(timing.following(last - 86_400_000, 10_000).len() < 10_000, "{text}");
        assert_eq!(timing.next_after(u64::MAX), None);
    }
}

const EVERY_MINUTE: u64 = 60_000;

fn planned(due_ms: u64, now_ms: u64, missed: Missed) -> Plan {
    plan(&Timing::Every { every_ms: EVERY_MINUTE, aligned_ms: 0 }, due_ms, now_ms, missed)
}

#[test]
fn what_is_in_time_gets_its_task_whatever_the_policy() {
    for missed in [Missed::Skip, Missed::Once, Missed::All] {
        let plan = planned(60_000, 120_000, missed);
        assert_eq!(plan, Plan { due: vec![60_000, 120_000], skipped: 0, next_ms: Some(180_000) });
        assert_eq!(planned(60_000, 59_999, missed), Plan { next_ms: Some(60_000), ..Plan::default() });
    }
}

#[test]
fn what_was_missed_goes_by_the_policy() {
    // Due at 60, 120, 180, 240 and 300 s; the first three are more than a minute late.
    let plan = |missed| planned(60_000, 300_000, missed);
    let next_ms = Some(360_000);
    assert_eq!(plan(Missed::Skip), Plan { due: vec![240_000, 300_000], skipped: 3, next_ms });
    assert_eq!(plan(Missed::Once), Plan { due: vec![180_000, 240_000, 300_000], skipped: 2, next_ms });
    let all = (1..=5).map(|minute| minute * 60_000).collect();
    assert_eq!(plan(Missed::All), Plan { due: all, skipped: 0, next_ms });
}

#[test]
fn a_long_absence_is_bounded() {
    let year = 31_536_000_000;
    let plan = planned(60_000, year, Missed::All);
    assert_eq!(plan.due.len() as u64, limits::MISSED_FIRES_MAX + 2);
    assert_eq!(plan.due[0], 60_000);
    assert_eq!(plan.skipped, limits::MISSED_COUNT_MAX - limits::MISSED_FIRES_MAX);
    assert_eq!(plan.next_ms, Some(year + 60_000));
}

fn zones() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "UTC",
        "Europe/Berlin",
        "America/New_York",
        "Australia/Lord_Howe",
        "Asia/Kathmandu",
        "Africa/Casablanca",
        "Pacific/Apia",
    ])
}

/// A field that can be read, now and then an odd one.
fn part(max: u32) -> impl Strategy<Value = String> {
    prop_oneof![
        3 => Just("*".to_owned()),
        1 => (1..=max).prop_map(|step| format!("*/{step}")),
        3 => (1..=max).prop_map(|number| number.to_string()),
        1 => (1..=max, 1..=max).prop_map(|(one, other)| format!("{}-{}", one.min(other), one.max(other))),
    ]
}

fn expressions() -> impl Strategy<Value = String> {
    (part(59), part(59), part(23), part(31), part(12), part(6))
        .prop_map(|(s, m, h, d, mo, w)| format!("{s} {m} {h} {d} {mo} {w}"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn times_come_one_after_the_other(text in expressions(), zone in zones(), after in 0..4_102_444_800_000_u64) {
        let Ok(cron) = Cron::new(&text) else { return Ok(()) };
        let timing = Timing::Cron { cron, zone: Zone::new(zone).unwrap() };
        let times = timing.following(after, 8);
        prop_assert!(times.first().is_none_or(|first| *first > after), "{text} in {zone}: {times:?}");
        prop_assert!(times.windows(2).all(|pair| pair[0] < pair[1]), "{text} in {zone}: {times:?}");
        // Whoever looks at any time before one finds it, and none in between.
        for pair in times.windows(2) {
            let between = pair[0] + (pair[1] - pair[0]) / 2;
            prop_assert_eq!(timing.next_after(between), Some(pair[1]));
            prop_assert_eq!(timing.next_after(pair[1] - 1), Some(pair[1]));
        }
    }

    #[test]
    fn any_text_at_all_is_read_or_refused(text in "[-0-9*/,?LJANmonfeb@ #W+]{0,40}") {
        if let Ok(cron) = Cron::new(&text) {
            let timing = Timing::Cron { cron, zone: Zone::new("Europe/Berlin").unwrap() };
            timing.following(1_700_000_000_000, 3);
        }
    }

    #[test]
    fn any_bytes_at_all_are_read_or_refused(text in ".{0,60}", zone in ".{0,20}") {
        let _ = (Cron::new(&text), Zone::new(&zone));
    }

    #[test]
    fn every_time_is_either_planned_skipped_or_still_to_come(
        every_s in 1..500_u64,
        behind_s in 0..50_000_u64,
        missed in prop::sample::select(vec![Missed::Skip, Missed::Once, Missed::All]),
    ) {
        let every_ms = every_s * 1_000;
        let now_ms = every_ms + behind_s * 1_000;
        let timing = Timing::Every { every_ms, aligned_ms: 0 };
        let plan = plan(&timing, every_ms, now_ms, missed);
        let passed = now_ms / every_ms;
        let counted = plan.due.len() as u64 + plan.skipped;
        prop_assert!(counted == passed || counted >= limits::MISSED_COUNT_MAX);
        prop_assert!(plan.due.is_sorted() && plan.due.iter().all(|at| *at <= now_ms));
        prop_assert_eq!(plan.next_ms, Some((passed + 1) * every_ms));
        prop_assert!(plan.due.len() as u64 <= limits::MISSED_FIRES_MAX + 61);
    }
}
