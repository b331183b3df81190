//! Which failures are the same failure: those of one kind of task, with one reason, whose messages differ only in numbers,
//! ids, quoted texts, addresses and paths.
//!
//! The rule looks at a message word by word and needs no list of known errors. What it puts in place of a word is in angle
//! brackets, so that the message of a group reads like one of its messages.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use crate::limits;
use crate::name::Kind;

/// The name of a group of failures: 16 hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(u64);

/// Text that is no fingerprint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("read {0:?} as a fingerprint: it is 16 hex digits")]
pub struct NoFingerprint(String);

impl fmt::Display for Fingerprint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:016x}", self.0)
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{self}")
    }
}

impl FromStr for Fingerprint {
    type Err = NoFingerprint;

    fn from_str(text: &str) -> Result<Fingerprint, NoFingerprint> {
        let digits = text.len() == 16 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let number = u64::from_str_radix(text, 16).ok().filter(|_| digits);
        number.map(Fingerprint).ok_or_else(|| NoFingerprint(text.chars().take(32).collect()))
    }
}

impl Fingerprint {
    /// Of a failure of this kind of task. The message is one that `normal` made.
    pub fn of(kind: &Kind, reason: &str, message: &str) -> Fingerprint {
        let parts = [kind.as_str(), reason, message];
        // FNV-1a: whoever makes two groups meet on purpose has mixed up his own failures.
        let bytes = parts.iter().flat_map(|part| part.bytes().chain([0xff]));
        let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Fingerprint(hash)
    }
}

/// Bytes of a line that are looked at, and characters of what is made of it.
const READ_MAX: usize = 2_048;
const MESSAGE_MAX: usize = 160;

/// The message of a task that failed for this reason. A poisonous one has none of its own: what stands there is of an
/// earlier attempt.
///
/// Whoever groups failures and whoever searches for a group must look at the same bytes, so the error comes as it is stored,
/// whole or as `shard/facts` cut it.
pub fn message(reason: &str, error: &[u8]) -> String {
    if reason == "poison" { String::new() } else { normal(&String::from_utf8_lossy(&ends(error))) }
}

/// A short error, or both ends of a long one: a trace of Python says at its end what is wrong. What was cut so stays as it is.
fn ends(error: &[u8]) -> Cow<'_, [u8]> {
    let each = limits::ERROR_END_BYTES as usize;
    if error.len() <= 2 * each {
        return Cow::Borrowed(error);
    }
    Cow::Owned([&error[..each], &b"\n"[..], &error[error.len() - each..]].concat())
}

/// What all messages of a group have in common: one line, without what differs from task to task.
pub fn normal(error: &str) -> String {
    let line = telling_line(error);
    let mut left = &line[..line.floor_char_boundary(READ_MAX)];
    let mut message = String::new();
    let (mut before, mut length) = (' ', 0);
    while let Some(first) = left.chars().next().filter(|_| length < MESSAGE_MAX) {
        let (put, used) = match quoted(left, before) {
            Some(used) => ("<text>".to_owned(), used),
            None if is_between(first) => (first.to_string(), first.len_utf8()),
            None => {
                let used = end_of_word(left);
                (word(&left[..used]), used)
            }
        };
        before = left[..used].chars().next_back().unwrap_or(' ');
        left = &left[used..];
        // Runs of white space and of the same placeholder say nothing.
        let put = if put.trim().is_empty() { " " } else { put.as_str() };
        if !message.ends_with(put) || put.chars().count() == 1 && put != " " {
            message.push_str(put);
            length += put.chars().count();
        }
    }
    let cut = message.char_indices().nth(MESSAGE_MAX).map_or(message.len(), |(at, _)| at);
    message.truncate(cut);
    message.trim().to_owned()
}

/// The first line that says something; of a trace of Python, the last.
fn telling_line(error: &str) -> &str {
    let mut lines = error.lines().map(str::trim).filter(|line| !line.is_empty());
    let first = lines.next().unwrap_or_default();
    if first.starts_with("Traceback (most recent call last)") {
        lines.next_back().unwrap_or(first)
    } else {
        first
    }
}

/// What stands between words.
fn is_between(one: char) -> bool {
    one.is_whitespace() || one.is_control() || "\"'`,;()[]{}<>=|".contains(one)
}

/// Where the word ends that begins here. Addresses and paths have more in them than words.
fn end_of_word(text: &str) -> usize {
    let end = text.find(is_between).unwrap_or(text.len());
    if !text[..end].contains("://") && !is_path(&text[..end]) {
        return end;
    }
    let is_end = |one: char| one.is_whitespace() || one.is_control() || "\"'`<>()".contains(one);
    text.find(is_end).unwrap_or(text.len())
}

/// How long the quoted text is that begins here. Behind a letter it is an apostrophe.
fn quoted(text: &str, before: char) -> Option<usize> {
    let quote = text.chars().next().filter(|first| matches!(first, '"' | '\'' | '`'))?;
    if before.is_alphanumeric() {
        return None;
    }
    let is_end = |at: usize| !text[at + 1..].starts_with(|next: char| next.is_alphanumeric());
    let end = text[1..].match_indices(quote).map(|(at, _)| at + 1).find(|at| is_end(*at))?;
    Some(end + 1)
}

fn word(word: &str) -> String {
    let tail = word.trim_end_matches(|last: char| ".:!?,;".contains(last));
    let (body, tail) = word.split_at(tail.len());
    let of = if body.contains("://") {
        "<url>"
    } else if is_path(body) {
        "<path>"
    } else if body.find('@').is_some_and(|at| at > 0 && at + 1 < body.len()) {
        "<address>"
    } else if is_id(body) {
        "<id>"
    } else {
        return numbers(body) + tail;
    };
    of.to_owned() + tail
}

fn is_path(word: &str) -> bool {
    let begins = ["/", "./", "../", "~/"].iter().any(|start| word.starts_with(start));
    let drive = word.get(1..3) == Some(":\\") && word.starts_with(|first: char| first.is_ascii_alphabetic());
    (begins || drive) && word.len() > 1
}

/// Hex digits and the dashes between, as ids and digests are written; or letters and digits in a muddle.
fn is_id(word: &str) -> bool {
    let bare = word.strip_prefix("0x").unwrap_or(word);
    let digits = bare.bytes().filter(u8::is_ascii_digit).count();
    let is_hex = bare.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    let letters = bare.bytes().filter(u8::is_ascii_alphabetic).count();
    let is_hex_id = is_hex && digits > 0 && letters > 0 && (bare.len() >= 8 || bare.len() < word.len());
    let is_muddle = bare.bytes().all(|byte| byte.is_ascii_alphanumeric()) && digits >= 3 && letters >= 3;
    let is_uuid = is_hex && bare.len() == 36;
    is_uuid || is_hex_id || is_muddle && bare.len() >= 12
}

/// Runs of digits, with what stands inside numbers, times and addresses.
fn numbers(word: &str) -> String {
    let mut plain = String::with_capacity(word.len());
    let mut left = word;
    while let Some(at) = left.find(char::is_numeric) {
        plain.push_str(&left[..at]);
        plain.push_str("<n>");
        let run = &left[at..];
        let end = run.find(|one: char| !one.is_numeric() && !".:-+_".contains(one)).unwrap_or(run.len());
        // What joins numbers joins them only to further ones.
        let used = run[..end].trim_end_matches(|last: char| !last.is_numeric()).len();
        left = &run[used..];
    }
    plain.push_str(left);
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_differs_from_task_to_task_is_left_out() {
        let cases = [
            ("no invoice 4711", "no invoice <n>"),
            ("timeout after 30.5s (attempt 3 of 5)", "timeout after <n>s (attempt <n> of <n>)"),
            ("connect 10.0.0.7:6379: refused", "connect <n>: refused"),
            ("unknown user \"o'brien\", try again", "unknown user <text>, try again"),
            ("can't open '/etc/x' today", "can't open <text> today"),
            ("can't open /var/lib/baton/7/x.json: gone", "can't open <path>: gone"),
            ("GET https://x.example/a?b=1 said 502", "GET <url> said <n>"),
            ("task 01936a5c-2b4e-7abc-8def-00112233400a is gone.", "task <id> is gone."),
            ("commit deadbee1 at 0x7f", "commit <id> at <id>"),
            ("no mail for ann@example.org", "no mail for <address>"),
            ("worker-007-media left", "worker-<n>-media left"),
            ("at 2026-01-31T10:20:30Z", "at <n>T<n>Z"),
            ("token a8f3k2x9q1bb expired", "token <id> expired"),
            ("  first line\nsecond", "first line"),
            (
                "Traceback (most recent call last):\n  File \"a.py\", line 3\nKeyError: 'name'",
                "KeyError: <text>",
            ),
            ("", ""),
        ];
        for (error, message) in cases {
            assert_eq!(normal(error), message, "{error}");
        }
    }

    #[test]
    fn of_a_long_error_both_ends_are_looked_at_however_often_it_is_cut() {
        let frames = "  File \"a.py\", line 3, in b\u{e9}\n".repeat(100);
        let trace = |last: &str| format!("Traceback (most recent call last):\n{frames}{last}").into_bytes();
        let cut = ends(&trace("KeyError: 7")).into_owned();
        assert_eq!(cut.len(), 2 * limits::ERROR_END_BYTES as usize + 1);
        assert_eq!(ends(&cut), cut);
        for error in [cut, trace("KeyError: 12")] {
            assert_eq!(message("exit_1", &error), "KeyError: <n>");
        }
        assert_eq!(message("poison", &trace("KeyError: 12")), "");
        const { assert!(limits::ERROR_SAMPLE_BYTES <= limits::ERROR_END_BYTES) };
    }

    #[test]
    fn a_group_is_of_one_kind_and_one_reason() {
        let kind = |name| Kind::new(name).unwrap();
        let one = Fingerprint::of(&kind("mail"), "smtp", "refused");
        assert_eq!(one, Fingerprint::of(&kind("mail"), "smtp", "refused"));
        assert_ne!(one, Fingerprint::of(&kind("mails"), "mtp", "refused"));
        assert_ne!(one, Fingerprint::of(&kind("mail"), "smt", "prefused"));
        assert_eq!(one.to_string().parse(), Ok(one));
        assert!("4".parse::<Fingerprint>().is_err() && "+123456789abcdef".parse::<Fingerprint>().is_err());
    }

    proptest! {
        #[test]
        fn a_message_is_one_short_line_without_numbers(error in "\\PC*|(?s).*") {
            let message = normal(&error);
            prop_assert!(message.chars().count() <= MESSAGE_MAX);
            prop_assert!(!message.contains(|one: char| one.is_numeric() || one == '\n'), "{message}");
        }

        #[test]
        fn other_numbers_do_not_make_another_group(one in 0_u64.., other in 0_u64.., words in "[a-z ]{0,20}") {
            let error = |number: u64| format!("{words} order {number} of {number}: failed in {number}ms");
            prop_assert_eq!(normal(&error(one)), normal(&error(other)));
        }

        #[test]
        fn other_ids_do_not_make_another_group(one: u128, other: u128) {
            let error = |id: u128| format!("lost {} again", uuid::Uuid::from_u128(id));
            prop_assert_eq!(normal(&error(one)), normal(&error(other)));
        }

        #[test]
        fn other_texts_do_not_make_another_group(one in "[a-z0-9 /.-]{0,30}", other in "[A-Z0-9 /.:]{0,30}") {
            let error = |text: &str| format!("unknown column \"{text}\" in table `{text}`");
            prop_assert_eq!(normal(&error(&one)), normal(&error(&other)));
        }
    }
}
