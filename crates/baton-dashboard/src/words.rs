//! Numbers, times and other people's texts, as they stand on a page.

use std::borrow::Borrow;

use baton_api::Timestamp;
use baton_api::task::Task;
use baton_core::Status;

/// Between the groups of a long number, and before a unit: narrow, and no line breaks there.
const THIN: char = '\u{202f}';

/// Stands where a number would, if nobody knows it.
pub const UNKNOWN: &str = "–";

/// `1 204 555`.
pub fn grouped(number: impl Borrow<u64>) -> String {
    let digits = number.borrow().to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3 * 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            text.push(THIN);
        }
        text.push(digit);
    }
    text
}

/// The same, if it is known.
pub fn grouped_some(number: impl Borrow<Option<u64>>) -> String {
    number.borrow().map_or_else(|| UNKNOWN.to_owned(), grouped)
}

/// `1 task`, `12 tasks`.
pub fn tasks(count: u64) -> String {
    format!("{} {}", grouped(count), if count == 1 { "task" } else { "tasks" })
}

/// Which run of a task it is, or was, of those it may have. A task counts attempts that failed: one that runs is at the next, and one that
/// completed has had it.
pub fn run_of(task: &Task) -> u64 {
    let unfailed = match task.status {
        Status::Running => true,
        Status::Completed => task.started_at.is_some(),
        _ => false,
    };
    (task.attempt + u64::from(unfailed)).min(task.max_attempts.max(task.attempt))
}

/// How long something took: three digits say enough. `12 ms`, `1.24 s`, `3 m 20 s`, `2 h 5 m`, `4 d 3 h`.
pub fn took(ms: impl Borrow<u64>) -> String {
    let ms = *ms.borrow();
    let s = ms / 1_000;
    match ms {
        0..=999 => format!("{ms}{THIN}ms"),
        1_000..=59_999 if ms % 1_000 == 0 => format!("{s}{THIN}s"),
        1_000..=9_999 => format!("{s}.{:02}{THIN}s", ms % 1_000 / 10),
        10_000..=59_999 => format!("{s}.{}{THIN}s", ms % 1_000 / 100),
        60_000..=3_599_999 => two(s / 60, "m", s % 60, "s"),
        3_600_000..=86_399_999 => two(s / 3_600, "h", s % 3_600 / 60, "m"),
        _ => two(s / 86_400, "d", s % 86_400 / 3_600, "h"),
    }
}

fn two(many: u64, unit: &str, few: u64, small: &str) -> String {
    match few {
        0 => format!("{many}{THIN}{unit}"),
        few => format!("{many}{THIN}{unit} {few}{THIN}{small}"),
    }
}

/// The same, if it is known.
pub fn took_some(ms: &Option<u64>) -> String {
    ms.map_or_else(|| UNKNOWN.to_owned(), took)
}

/// A length of time as it is typed, in the largest unit that is exact: `90s`, `5m`, `7d`.
pub fn length(ms: impl Borrow<u64>) -> String {
    let ms = *ms.borrow();
    let units = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s")];
    match units.into_iter().find(|(unit, _)| ms > 0 && ms % unit == 0) {
        Some((unit, word)) => format!("{}{word}", ms / unit),
        None => format!("{ms}ms"),
    }
}

/// How old something is, in one unit: it is read at a glance.
pub fn age(ms: impl Borrow<u64>) -> String {
    let s = *ms.borrow() / 1_000;
    let (many, unit) = match s {
        0..=59 => (s, "s"),
        60..=3_599 => (s / 60, "m"),
        3_600..=86_399 => (s / 3_600, "h"),
        _ => (s / 86_400, "d"),
    };
    format!("{many}{THIN}{unit}")
}

/// How long ago that was, or in how long it will be.
pub fn since(at: impl Borrow<Timestamp>, now: impl Borrow<Timestamp>) -> String {
    let (at, now) = (at.borrow().ms(), now.borrow().ms());
    // Another clock may be ahead by a little.
    if at >= now + 1_000 {
        format!("in {}", age(at - now))
    } else {
        format!("{} ago", age(now.saturating_sub(at)))
    }
}

/// `09:30:00.123`, in UTC.
pub fn time(at: impl Borrow<Timestamp>) -> String {
    at.borrow().to_string().get(11..23).unwrap_or_default().to_owned()
}

/// `2026-11-21 09:30:00`, in UTC.
pub fn day_and_time(at: impl Borrow<Timestamp>) -> String {
    at.borrow().to_string().get(..19).unwrap_or_default().replace('T', " ")
}

/// `09:30` of one day, `21 Nov` of several.
pub fn tick(at: Timestamp, span_ms: u64) -> String {
    let text = at.to_string();
    let month = text.get(5..7).and_then(|month| month.parse::<usize>().ok()).unwrap_or_default();
    let day = text.get(8..10).unwrap_or_default().trim_start_matches('0');
    match span_ms {
        0..=172_800_000 => text.get(11..16).unwrap_or_default().to_owned(),
        _ => format!("{day} {}", MONTHS.get(month.wrapping_sub(1)).copied().unwrap_or_default()),
    }
}

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// A share, of 1.
pub fn percent(share: f64) -> String {
    format!("{:.1}{THIN}%", share * 100.0)
}

/// Per minute, from a rate per second.
pub fn per_minute(rate: f64) -> String {
    let number = rate * 60.0;
    if number >= 10.0 || number == 0.0 { grouped(number.round() as u64) } else { format!("{number:.1}") }
}

/// The nine hex digits of an id that tell it from its neighbours: its front is a clock, and its very end the shard.
pub fn short(id: impl AsRef<str>) -> String {
    let digits: String = id.as_ref().chars().filter(char::is_ascii_hexdigit).collect();
    digits.get(20..29).unwrap_or(&digits).to_owned()
}

/// Text of somebody else, in which nothing is hidden: what controls a terminal or turns the direction of reading stands
/// there as a sign that does neither. Lines and tabs stay.
pub fn shown(text: impl AsRef<str>) -> String {
    let mut shown = String::with_capacity(text.as_ref().len());
    for letter in text.as_ref().chars() {
        match letter {
            '\n' | '\t' => shown.push(letter),
            '\0'..='\u{1f}' => shown.push(char::from_u32(0x2400 + letter as u32).unwrap_or('␀')),
            '\u{7f}'..='\u{9f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{61c}' => {
                shown.push_str(&format!("⟨{:04X}⟩", letter as u32));
            }
            letter => shown.push(letter),
        }
    }
    shown
}

/// JSON to be typed on: what hides in a text is written as an escape, which means the same there.
pub fn typed(json: impl AsRef<str>) -> String {
    let mut typed = String::with_capacity(json.as_ref().len());
    for letter in json.as_ref().chars() {
        match letter {
            '\u{7f}'..='\u{9f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{61c}' => typed.push_str(&format!("\\u{:04x}", letter as u32)),
            letter => typed.push(letter),
        }
    }
    typed
}

/// The first line of it, and no more of that than fits into a row.
pub fn line(text: impl AsRef<str>) -> String {
    const MOST: usize = 160;
    let text = text.as_ref();
    let first = text.lines().next().unwrap_or_default();
    let cut: String = shown(first).chars().take(MOST).collect();
    let more = cut.len() < first.len() || first.len() < text.trim_end().len();
    if more { format!("{cut}…") } else { cut }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: String) -> String {
        text.replace(THIN, " ")
    }

    #[test]
    fn numbers_are_in_groups() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1 000"), (1_234_567, "1 234 567")] {
            assert_eq!(plain(grouped(number)), text);
        }
        assert_eq!([0, 1, 2_000].map(|count| plain(tasks(count))), ["0 tasks", "1 task", "2 000 tasks"]);
    }

    #[test]
    fn lengths_of_time_have_three_digits_or_two_units() {
        for (ms, text) in [
            (0, "0 ms"),
            (999, "999 ms"),
            (1_240, "1.24 s"),
            (2_000, "2 s"),
            (12_340, "12.3 s"),
            (60_000, "1 m"),
            (200_000, "3 m 20 s"),
            (7_500_000, "2 h 5 m"),
            (356_400_000, "4 d 3 h"),
        ] {
            assert_eq!(plain(took(ms)), text);
        }
        for (ms, text) in
            [(0, "0 s"), (59_999, "59 s"), (60_000, "1 m"), (7_200_000, "2 h"), (200_000_000, "2 d")]
        {
            assert_eq!(plain(age(ms)), text);
        }
        for (ms, text) in
            [(0, "0ms"), (1_500, "1500ms"), (90_000, "90s"), (300_000, "5m"), (604_800_000, "7d")]
        {
            assert_eq!(length(ms), text);
        }
        let at = Timestamp::from_ms;
        assert_eq!(plain(since(at(5_000), at(9_000))), "4 s ago");
        assert_eq!(plain(since(at(69_000), at(9_000))), "in 1 m");
        assert_eq!(plain(since(at(9_999), at(9_000))), "0 s ago");
    }

    #[test]
    fn points_in_time_are_cut_from_what_the_interface_says() {
        let at: Timestamp = "2026-11-05T09:30:01.250Z".parse().unwrap();
        assert_eq!(time(at), "09:30:01.250");
        assert_eq!(day_and_time(at), "2026-11-05 09:30:01");
        assert_eq!((tick(at, 3_600_000).as_str(), tick(at, 604_800_000).as_str()), ("09:30", "5 Nov"));
    }

    #[test]
    fn the_short_form_leaves_out_the_clock_and_the_shard() {
        assert_eq!(short("0193a1b2-c3d4-7e5f-8a9b-0c1d2e3f4567"), "0c1d2e3f4");
        assert_eq!(short("x"), "");
    }

    #[test]
    fn nothing_hides_in_a_text() {
        assert_eq!(shown("a\0b\u{1b}[31m\u{202e}c\nd"), "a␀b␛[31m⟨202E⟩c\nd");
        assert_eq!(typed("{\"a\": \"\u{202e}x\\n\"}"), "{\"a\": \"\\u202ex\\n\"}");
        assert_eq!(line("first\nsecond"), "first…");
        assert_eq!(line("only"), "only");
        assert_eq!(line("x".repeat(500)).chars().count(), 161);
    }

    #[test]
    fn rates_are_by_the_minute() {
        assert_eq!(
            (per_minute(0.0).as_str(), per_minute(0.05).as_str(), per_minute(2.0).as_str()),
            ("0", "3.0", "120")
        );
    }
}
