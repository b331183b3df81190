//! How kinds are shown.

use anyhow::Result;
use baton::api::kind::Kind;

use crate::out::{Format, Out, Table, age, length, plain};

pub(super) fn all(out: &Out, kinds: &[Kind]) -> Result<()> {
    match out.format {
        Format::Json => kinds.iter().try_for_each(|kind| out.json_line(kind)),
        Format::Name => kinds.iter().try_for_each(|kind| out.line(kind.kind.as_str())),
        Format::Table | Format::Wide => table(out, kinds).print(out),
    }
}

pub(super) fn one(out: &Out, kind: &Kind) -> Result<()> {
    match out.format {
        Format::Json => out.document(kind),
        Format::Name => out.line(kind.kind.as_str()),
        Format::Table | Format::Wide => out.text(&lines(out, kind)),
    }
}

/// `1 s to 1 h, twice as long each time` in a few signs: `1 s … 1 h × 2`.
fn backoff(kind: &Kind) -> Option<String> {
    let (base, cap) = (kind.backoff_ms?, kind.backoff_cap_ms?);
    Some(format!("{} … {} × {}", length(base), length(cap), kind.backoff_factor.unwrap_or(2)))
}

fn reasons(kind: &Kind) -> Option<String> {
    let each: Vec<&str> = kind.non_retryable.iter().map(|reasons| reasons.as_str()).collect();
    Some(each.join(", ")).filter(|text| !text.is_empty())
}

/// What is said, in words; nothing where what is usual holds.
fn cells(kind: &Kind) -> [(&'static str, Option<String>); 7] {
    let number = |value: Option<u64>| value.map(|value| value.to_string());
    [
        ("priority", number(kind.priority)),
        ("timeout", kind.timeout_ms.map(length)),
        ("attempts", number(kind.max_attempts)),
        ("crashes", number(kind.max_crashes)),
        ("backoff", backoff(kind)),
        ("result", kind.result_ttl_ms.map(length)),
        ("hopeless", reasons(kind)),
    ]
}

fn table(out: &Out, kinds: &[Kind]) -> Table {
    let heads =
        ["KIND", "PRIORITY", "TIMEOUT", "ATTEMPTS", "CRASHES", "BACKOFF", "RESULT", "HOPELESS", "CHANGED"];
    let mut table = Table::new(&heads);
    for kind in kinds {
        let said = cells(kind).map(|(_, cell)| cell.unwrap_or_else(|| "-".to_owned()));
        table.row([kind.kind.to_string()].into_iter().chain(said).chain([age(out, kind.changed_at)]));
    }
    table
}

fn lines(out: &Out, kind: &Kind) -> String {
    let by = kind.changed_by.as_ref().map(ToString::to_string);
    let head = [("kind", Some(kind.kind.to_string()))];
    let tail = [("changed", Some(age(out, kind.changed_at))), ("by", by)];
    let rows = head.into_iter().chain(cells(kind)).chain(tail);
    let rows = rows.filter_map(|(name, value)| Some((name, plain(&value?))));
    rows.map(|(name, value)| format!("{name:<9} {value}\n")).collect()
}
