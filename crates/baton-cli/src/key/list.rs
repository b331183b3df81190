//! How API keys are shown.

use anyhow::Result;
use baton::api::auth::Key;

use crate::out::{Format, Out, Table, age, plain};

pub(super) fn all(out: &Out, keys: &[Key]) -> Result<()> {
    match out.format {
        Format::Json => keys.iter().try_for_each(|key| out.json_line(key)),
        Format::Name => keys.iter().try_for_each(|key| out.line(&key.id)),
        Format::Table | Format::Wide => table(out, keys).print(out),
    }
}

pub(super) fn one(out: &Out, key: &Key) -> Result<()> {
    match out.format {
        Format::Json => out.document(key),
        Format::Name => out.line(&key.id),
        Format::Table | Format::Wide => out.text(&lines(out, key)),
    }
}

fn table(out: &Out, keys: &[Key]) -> Table {
    let wide = out.format == Format::Wide;
    let mut heads = vec!["KEY", "NAME", "OWNER", "MAY", "USED", "UNTIL"];
    heads.extend(if wide { &["WORKER", "FROM", "MADE"][..] } else { &[] });
    heads.push("NOTE");
    let mut table = Table::new(&heads);
    for key in keys {
        let time = |at: Option<baton::Timestamp>| at.map(|at| age(out, at)).unwrap_or_default();
        let mut row = vec![key.id.clone(), key.name.clone(), key.owner.clone(), key.scopes.join(" ")];
        row.extend([time(key.last_used_at), time(key.expires_at)]);
        if wide {
            row.extend([
                key.worker.clone().unwrap_or_default(),
                key.cidrs.join(" "),
                age(out, key.created_at),
            ]);
        }
        row.push(note(key).to_owned());
        let last = row.len() - 1;
        table.row(row);
        table.paint(last, "33");
    }
    table
}

fn lines(out: &Out, key: &Key) -> String {
    let time = |at: Option<baton::Timestamp>| at.map(|at| age(out, at));
    let note = Some(note(key).to_owned()).filter(|note| !note.is_empty());
    let cidrs = Some(key.cidrs.join(" ")).filter(|cidrs| !cidrs.is_empty());
    let rows = [
        ("key", Some(key.id.clone())),
        ("name", Some(key.name.clone())),
        ("owner", Some(key.owner.clone())),
        ("may", Some(key.scopes.join(" "))),
        ("worker", key.worker.clone()),
        ("from", cidrs),
        ("made", time(Some(key.created_at))),
        ("used", time(key.last_used_at)),
        ("until", time(key.expires_at)),
        ("note", note),
    ];
    rows.into_iter().filter_map(|(name, value)| Some(format!("{name:<8} {}\n", plain(&value?)))).collect()
}

fn note(key: &Key) -> &'static str {
    match (key.disabled, key.rotating) {
        (true, _) => "disabled",
        (false, true) => "two secrets",
        (false, false) => "",
    }
}
