//! What a cron expression means, in words.

use super::field::{self, Field, Set, Shape};

const WEEKDAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// More times of a day than this are told by their hours and minutes apart.
const CLOCKS_MAX: usize = 6;

/// Everything that a cron expression names.
pub(super) struct Parts {
    pub(super) seconds: Set,
    pub(super) minutes: Set,
    pub(super) hours: Set,
    pub(super) days: Field,
    pub(super) is_last_day: bool,
    pub(super) months: Set,
    pub(super) weekdays: Field,
}

/// How the numbers of a field lie.
enum Form {
    All,
    /// From its first number on, so many apart, to its end.
    Every(u32),
    Some(Vec<u32>),
}

fn form(shape: &Shape, set: Set) -> Form {
    let numbers: Vec<u32> = (shape.min..=shape.top()).filter(|number| set.has(*number)).collect();
    let whole = shape.top() + 1 - shape.min;
    if numbers.len() as u32 == whole {
        return Form::All;
    }
    let step = match numbers[..] {
        [first, second, _, ..] if first == shape.min => second - first,
        _ => return Form::Some(numbers),
    };
    let is_even = whole.is_multiple_of(step) && numbers.len() as u32 == whole / step;
    if is_even && numbers.windows(2).all(|pair| pair[1] - pair[0] == step) {
        Form::Every(step)
    } else {
        Form::Some(numbers)
    }
}

/// `1, 3 and 5 to 8`.
fn listed(numbers: &[u32], name: impl Fn(u32) -> String) -> String {
    let mut runs: Vec<(u32, u32)> = Vec::new();
    for number in numbers {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == *number => *last = *number,
            _ => runs.push((*number, *number)),
        }
    }
    let said = runs.into_iter().flat_map(|(first, last)| match last - first {
        0 => vec![name(first)],
        1 => vec![name(first), name(last)],
        _ => vec![format!("{} to {}", name(first), name(last))],
    });
    joined(&said.collect::<Vec<_>>())
}

fn joined(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

fn plural(many: usize, one: &'static str, more: &'static str) -> &'static str {
    if many == 1 { one } else { more }
}

pub(super) fn words(parts: &Parts) -> String {
    let (times, is_clock) = times(parts);
    let days = days(parts);
    let days = match (days.is_empty(), is_clock) {
        (true, true) => " every day".to_owned(),
        (true, false) => String::new(),
        (false, true) => format!(" {days}"),
        (false, false) => format!(", {days}"),
    };
    let months = match form(&field::MONTH, parts.months) {
        Form::All => String::new(),
        Form::Every(_) | Form::Some(_) => format!(", in {}", month_names(parts.months)),
    };
    format!("{times}{days}{months}")
}

fn month_names(months: Set) -> String {
    let numbers: Vec<u32> = (1..=12).filter(|month| months.has(*month)).collect();
    listed(&numbers, |month| MONTHS[month as usize - 1].to_owned())
}

/// The times of a day; and whether they are times of the clock.
fn times(parts: &Parts) -> (String, bool) {
    let (seconds, minutes, hours) = (
        form(&field::SECOND, parts.seconds),
        form(&field::MINUTE, parts.minutes),
        form(&field::HOUR, parts.hours),
    );
    if let (Form::Some(seconds), Form::Some(minutes), Form::Some(hours)) = (&seconds, &minutes, &hours)
        && seconds.len() == 1
        && minutes.len() * hours.len() <= CLOCKS_MAX
    {
        return (format!("at {}", clocks(hours, minutes, seconds[0])), true);
    }
    let within = match &hours {
        Form::All => String::new(),
        Form::Every(step) => format!(" of every {} hour", ordinal(*step)),
        Form::Some(hours) => format!(
            " of the {} {}",
            plural(hours.len(), "hour", "hours"),
            listed(hours, |hour| hour.to_string())
        ),
    };
    let on_the_hour = matches!(&minutes, Form::Some(minutes) if minutes[..] == [0]);
    let on_the_minute = matches!(&seconds, Form::Some(seconds) if seconds[..] == [0]);
    let said = match (&minutes, &hours) {
        (_, Form::All) if on_the_hour => "every hour".to_owned(),
        (_, Form::Every(step)) if on_the_hour => format!("every {step} hours"),
        (_, Form::Some(hours)) if on_the_hour => {
            format!("on the hour, at {}", listed(hours, |hour| format!("{hour:02}:00")))
        }
        (Form::All, _) => format!("every minute{within}"),
        (Form::Every(step), _) => format!("every {step} minutes{within}"),
        (Form::Some(minutes), hours) => {
            let of = if matches!(hours, Form::All) { " of every hour" } else { &within };
            let minute = plural(minutes.len(), "minute", "minutes");
            format!("at {minute} {}{of}", listed(minutes, |minute| minute.to_string()))
        }
    };
    if on_the_minute {
        return (said, false);
    }
    let seconds = match &seconds {
        Form::All => "every second".to_owned(),
        Form::Every(step) => format!("every {step} seconds"),
        Form::Some(seconds) => format!(
            "at {} {}",
            plural(seconds.len(), "second", "seconds"),
            listed(seconds, |second| second.to_string())
        ),
    };
    let is_any_minute = matches!((&minutes, &hours), (Form::All, Form::All));
    (if is_any_minute { seconds } else { format!("{seconds}, {said}") }, false)
}

/// `03:00, 04:00 and 05:30`.
fn clocks(hours: &[u32], minutes: &[u32], second: u32) -> String {
    let tail = if second == 0 { String::new() } else { format!(":{second:02}") };
    let each = hours
        .iter()
        .flat_map(|hour| minutes.iter().map(move |minute| (hour, minute)))
        .map(|(hour, minute)| format!("{hour:02}:{minute:02}{tail}"));
    joined(&each.collect::<Vec<_>>())
}

fn ordinal(number: u32) -> String {
    let ending = match (number % 10, number % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}

fn days(parts: &Parts) -> String {
    let mut of_month = match form(&field::DAY, parts.days.set) {
        Form::All => String::new(),
        _ => {
            let days: Vec<u32> = (1..=31).filter(|day| parts.days.set.has(*day)).collect();
            let day = plural(days.len(), "day", "days");
            match days.is_empty() {
                true => String::new(),
                false => format!("on {day} {} of the month", listed(&days, |day| day.to_string())),
            }
        }
    };
    if parts.is_last_day {
        let and = if of_month.is_empty() { "" } else { " and " };
        of_month = format!("{of_month}{and}on the last day of the month");
    }
    let weekdays = weekdays(parts.weekdays.set);
    // As cron has it: where both are named, either is enough.
    let either = !parts.days.is_open && !parts.weekdays.is_open;
    match (of_month.is_empty(), weekdays.is_empty()) {
        (false, false) if either => format!("{of_month} or on {weekdays}"),
        (false, false) => format!("{of_month}, if it is {weekdays}"),
        (false, true) => of_month,
        (true, false) => format!("on {weekdays}"),
        (true, true) => String::new(),
    }
}

/// A week is read from Monday on.
fn weekdays(set: Set) -> String {
    let numbers: Vec<u32> = (1..=7).filter(|day| set.has(*day % 7)).collect();
    if numbers.len() == 7 {
        return String::new();
    }
    listed(&numbers, |day| WEEKDAYS[day as usize % 7].to_owned())
}

#[cfg(test)]
mod tests {
    use crate::schedule::Cron;

    #[test]
    fn expressions_are_said_in_words() {
        for (text, words) in [
            ("* * * * *", "every minute"),
            ("*/5 * * * *", "every 5 minutes"),
            ("0 * * * *", "every hour"),
            ("@hourly", "every hour"),
            ("0 */6 * * *", "every 6 hours"),
            ("5 * * * *", "at minute 5 of every hour"),
            ("5,35 * * * *", "at minutes 5 and 35 of every hour"),
            ("0 3 * * *", "at 03:00 every day"),
            ("30 8,12,18 * * *", "at 08:30, 12:30 and 18:30 every day"),
            ("0 9-17 * * 1-5", "on the hour, at 09:00 to 17:00, on Monday to Friday"),
            ("*/15 9-17 * * 1-5", "every 15 minutes of the hours 9 to 17, on Monday to Friday"),
            ("*/10 3 * * *", "every 10 minutes of the hour 3"),
            ("7 */2 * * *", "at minute 7 of every 2nd hour"),
            ("0 0 * * 0", "at 00:00 on Sunday"),
            ("0 0 * * 6,0", "at 00:00 on Saturday and Sunday"),
            ("0 22 L * *", "at 22:00 on the last day of the month"),
            ("0 22 1,L * *", "at 22:00 on day 1 of the month and on the last day of the month"),
            ("0 0 1 * *", "at 00:00 on day 1 of the month"),
            ("0 0 13 * 5", "at 00:00 on day 13 of the month or on Friday"),
            (
                "0 0 */2 * 1",
                "at 00:00 on days 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29 and 31 of the month, if it is Monday",
            ),
            ("@yearly", "at 00:00 on day 1 of the month, in January"),
            ("0 6 * jan-mar,12 *", "at 06:00 every day, in January to March and December"),
            ("*/10 * * * * *", "every 10 seconds"),
            ("* * * * * *", "every second"),
            ("30 0 3 * * *", "at 03:00:30 every day"),
            ("15,45 */5 * * * *", "at seconds 15 and 45, every 5 minutes"),
        ] {
            assert_eq!(Cron::new(text).unwrap().in_words(), words, "{text}");
        }
    }
}
