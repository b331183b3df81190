//! How keys and scripts are shown.

use anyhow::Result;
use baton::api::redis::{RedisCheck, RedisKey, RedisPattern, RedisScript};

use crate::out::{Format, Out, Table, plain, span};

pub(super) fn keys(out: &Out, keys: &[RedisPattern]) -> Result<()> {
    match out.format {
        Format::Json => keys.iter().try_for_each(|key| out.json_line(key)),
        Format::Name => keys.iter().try_for_each(|key| out.line(&key.pattern)),
        Format::Table => {
            let mut table = Table::new(&["KEY", "TYPE", "EXPIRES", "MADE BY", "HOLDS"]);
            for key in keys {
                table
                    .row([&key.pattern, &key.kind, &key.expires, &key.script, &key.holds].map(String::clone));
            }
            table.print(out)
        }
        Format::Wide => {
            let mut table = Table::new(&["KEY", "TYPE", "EXPIRES", "MADE BY", "HOLDS", "LINE"]);
            for key in keys {
                table.row(
                    [&key.pattern, &key.kind, &key.expires, &key.script, &key.holds, &key.line]
                        .map(String::clone),
                );
            }
            table.print(out)
        }
    }
}

pub(super) fn key(out: &Out, key: &RedisKey) -> Result<()> {
    match out.format {
        Format::Json => out.document(key),
        Format::Name => out.line(&plain(&key.key)),
        Format::Table | Format::Wide => out.text(&lines(key)),
    }
}

fn lines(key: &RedisKey) -> String {
    let ends = key.ttl_ms.map_or("never".to_owned(), |ms| format!("in {}", span(ms)));
    let memory = key.memory_bytes.map(|bytes| format!(", {bytes} bytes in memory")).unwrap_or_default();
    let unit = match key.kind.as_str() {
        "hash" => "fields",
        "zset" | "list" | "set" => "members",
        "stream" => "entries",
        _ => "bytes",
    };
    let mut rows = vec![("key", key.key.clone())];
    match (&key.pattern, &key.holds) {
        (Some(pattern), Some(holds)) => rows.extend([("form", pattern.clone()), ("holds", holds.clone())]),
        _ => rows.push(("form", "it belongs to nothing that Baton keeps".to_owned())),
    }
    match key.kind.as_str() {
        "none" => rows.push(("type", "none: there is no such key now".to_owned())),
        kind => rows.extend([("type", format!("{kind}, {} {unit}{memory}", key.size)), ("expires", ends)]),
    }
    for index in &key.indexes {
        let is = if index.is_in { "is" } else { "must be, and is NOT," };
        let line = match &index.member {
            Some(_) => format!("{is} in {}", index.key),
            None => format!("{is} there: {}", index.key),
        };
        rows.push(("index", line));
    }
    rows.extend(key.next.iter().map(|next| ("next", next.clone())));
    rows.push(("read", key.line.clone()));
    let mut text: String = rows.iter().map(|(name, value)| format!("{name:<9} {}\n", plain(value))).collect();
    text.push('\n');
    if key.masked {
        text.push_str("What it holds is not shown.\n");
    }
    let width = key.values.iter().map(|value| value.name.chars().count()).max().unwrap_or_default();
    for value in &key.values {
        let meaning = value.meaning.as_ref().map(|words| format!("  ({words})")).unwrap_or_default();
        text.push_str(&format!("{:<width$}  {}{meaning}\n", plain(&value.name), plain(&value.value)));
    }
    if key.more {
        text.push_str("…  there is more\n");
    }
    text
}

pub(super) fn check(out: &Out, check: &RedisCheck) -> Result<()> {
    match out.format {
        Format::Json => out.document(check),
        Format::Name => check.faults.iter().try_for_each(|fault| out.line(&plain(&fault.key))),
        Format::Table | Format::Wide => {
            let mut text = String::new();
            if !check.faults.is_empty() {
                let mut table = Table::new(&["KEY", "PROBLEM"]);
                check.faults.iter().for_each(|fault| table.row([fault.key.clone(), fault.problem.clone()]));
                text = table.text(out);
            }
            let all = if check.whole { "all there are" } else { "there are more" };
            out.text(&format!(
                "{text}{} findings; {} keys looked at, {all}\n",
                check.faults.len(),
                check.looked
            ))
        }
    }
}

pub(super) fn scripts(out: &Out, scripts: &[RedisScript]) -> Result<()> {
    match out.format {
        Format::Json => scripts.iter().try_for_each(|script| out.json_line(script)),
        Format::Name => scripts.iter().try_for_each(|script| out.line(&script.name)),
        Format::Table | Format::Wide => {
            let mut table = Table::new(&["SCRIPT", "SHA", "BYTES", "LOADED", "CALLS", "MEAN"]);
            for script in scripts {
                let mean = match script.calls {
                    0 => "-".to_owned(),
                    calls => format!("{:.2} ms", script.total_ms / calls as f64),
                };
                let loaded = if script.loaded { "yes" } else { "no" };
                let sha = if out.format == Format::Wide {
                    script.sha.clone()
                } else {
                    script.sha.chars().take(12).collect()
                };
                table.row([
                    script.name.clone(),
                    sha,
                    script.bytes.to_string(),
                    loaded.to_owned(),
                    script.calls.to_string(),
                    mean,
                ]);
            }
            table.print(out)
        }
    }
}
