//! A11: every key is of the key table, has its type, and belongs to something.

use baton_core::limits;

use super::Violation;
use super::picture::{Fields, Picture};
use crate::snapshot::{Content, Value};

pub(super) fn check(picture: &Picture<'_>, found: &mut Vec<Violation>) {
    for (key, value) in &picture.values {
        let kind = value.content.kind();
        match family(picture, key) {
            Some((expected, expires)) => {
                if kind != expected || value.expires != expires {
                    let problem = format!(
                        "{}{key} is a {kind} (expires: {}), not a {expected}",
                        picture.prefix, value.expires
                    );
                    found.push(Violation::new("A11", problem));
                }
            }
            None => found.push(Violation::new("A11", format!("{}{key} belongs to nothing", picture.prefix))),
        }
    }
    check_hints(picture, found);
    check_due(picture, found);
    check_live(picture, found);
    for id in picture.tasks.keys() {
        if let Some(value) = picture.values.get(format!("task:{id}").as_str()) {
            check_lengths(id, value, found);
        }
    }
}

/// Hints say nothing that must be true, but they are few.
fn check_hints(picture: &Picture<'_>, found: &mut Vec<Violation>) {
    for (key, value) in picture.values.iter().filter(|(key, _)| key.starts_with("hints:")) {
        if let Content::List(words) = &value.content
            && words.len() as u64 > limits::HINTS_MAX
        {
            found.push(Violation::new("A11", format!("{}{key} has {} hints", picture.prefix, words.len())));
        }
    }
}

/// A schedule is due when its record says, and only while it does not rest.
fn check_due(picture: &Picture<'_>, found: &mut Vec<Violation>) {
    let due: Vec<_> = [("schedules:due", false), ("schedules:owned", true)]
        .into_iter()
        .flat_map(|(key, owned)| {
            picture.sorted(key).into_iter().map(move |(name, score)| (name, score, owned))
        })
        .collect();
    for (name, score, owned) in &due {
        let record = picture.hash(&format!("schedule:{name}"));
        let next_ms = record.get("next_ms").and_then(|text| text.parse::<f64>().ok());
        let is_there = record.contains_key("owner") == *owned;
        if next_ms != Some(*score) || record.contains_key("paused_ms") || !is_there {
            found.push(Violation::new(
                "A11",
                format!("schedule {name} is due at {score}, and not by its record"),
            ));
        }
    }
    for (name, _) in picture.sorted("schedules") {
        let record = picture.hash(&format!("schedule:{name}"));
        if record.contains_key("next_ms") && !due.iter().any(|(known, ..)| *known == name) {
            found.push(Violation::new("A11", format!("schedule {name} has a next time and is never due")));
        }
    }
}

/// An operation goes on exactly as long as its record says that it is not over.
fn check_live(picture: &Picture<'_>, found: &mut Vec<Violation>) {
    let live = picture.sorted("operations:live");
    for (id, _) in picture.sorted("operations") {
        let is_over = picture.hash(&format!("operation:{id}")).contains_key("ended_ms");
        if is_over == live.iter().any(|(known, _)| *known == id) {
            found.push(Violation::new(
                "A11",
                format!("operation {id} is over: {is_over}, and live: {}", !is_over),
            ));
        }
    }
}

/// The type that a key of the table has, and whether it expires; `None` where it belongs to nothing.
fn family(picture: &Picture<'_>, key: &str) -> Option<(&'static str, bool)> {
    let parts: Vec<&str> = key.splitn(3, ':').collect();
    let lasting = |kind| Some((kind, false));
    match parts[..] {
        ["meta"] => lasting("hash"),
        ["events"] => lasting("stream"),
        ["events", "marks"] => lasting("zset"),
        ["importing"] => lasting("zset"),
        ["queues" | "scheduled" | "leases" | "workers" | "flows" | "drafts" | "cascades"] => lasting("zset"),
        ["worker", worker] => {
            picture.sorted("workers").iter().any(|(id, _)| id == worker).then_some(("hash", false))
        }
        ["held", _, _] => lasting("zset"),
        ["kinds", "declared"] => lasting("zset"),
        ["kind", ..] => {
            let declared = picture.sorted("kinds:declared");
            declared.iter().any(|(kind, _)| key == format!("kind:{kind}")).then_some(("hash", false))
        }
        ["cache", _] => Some(("string", true)),
        ["op", ..] => Some(("string", true)),
        ["task", id] => exists(picture, id).then_some(("hash", false)),
        ["task", id, beside] if exists(picture, id) => match beside {
            "result" => {
                let expires = |task: &Fields| task.contains_key("result_until_ms");
                Some(("string", picture.tasks.get(id).is_some_and(expires)))
            }
            "payload" | "error" | "reason" | "tags" => lasting("string"),
            "history" | "refused" | "parents" | "children" | "waiting" | "parked" => lasting("zset"),
            "log" => lasting("stream"),
            _ => None,
        },
        ["flow", _] => lasting("hash"),
        ["flow", _, "tasks"] => lasting("zset"),
        ["flow", _, beside] if beside.starts_with("key:") => lasting("string"),
        ["queue", ..] => queue_family(key),
        ["hints", ..] => lasting("list"),
        ["index", "worker", _] => Some(("zset", true)),
        ["series", _, _] | ["error", _] | ["error", _, "workers"] => Some(("hash", true)),
        ["error", _, "tasks"] => Some(("zset", true)),
        ["depths"] | ["errors", "silenced"] => lasting("hash"),
        ["errors"] => lasting("zset"),
        ["index", "kinds"] | ["index", "kind" | "tag", _] => lasting("zset"),
        ["pools"] | ["schedules"] | ["schedules", "due" | "owned"] => lasting("zset"),
        ["schedule", name] => is_schedule(picture, name).then_some(("hash", false)),
        ["schedule", name, "payload"] if is_schedule(picture, name) => lasting("string"),
        ["operations"] | ["operations", "live"] => lasting("zset"),
        ["operation", id] => is_operation(picture, id).then_some(("hash", false)),
        ["operation", id, "ids" | "piece"] if is_operation(picture, id) => lasting("string"),
        ["webhooks"] => lasting("zset"),
        ["webhooks", "filters"] => lasting("hash"),
        ["webhook", name] => {
            picture.sorted("webhooks").iter().any(|(known, _)| known == name).then_some(("hash", false))
        }
        ["webhook", name, beside] if picture.hash("webhooks:filters").contains_key(name) => match beside {
            "due" | "latest" => lasting("zset"),
            "tries" | "counts" => lasting("hash"),
            _ => None,
        },
        ["trail"] => lasting("stream"),
        ["pool", name] => {
            picture.sorted("pools").iter().any(|(pool, _)| pool == name).then_some(("hash", false))
        }
        ["pool", _, "supervisors"] => lasting("zset"),
        ["gateways"] => lasting("zset"),
        ["gateway", id] => {
            picture.sorted("gateways").iter().any(|(known, _)| known == id).then_some(("hash", false))
        }
        ["supervisor", id] => attends(picture, id).then_some(("hash", false)),
        _ => None,
    }
}

/// Is it among the supervisors of any pool?
fn attends(picture: &Picture<'_>, supervisor: &str) -> bool {
    let pools = picture.sorted("pools").into_iter().map(|(pool, _)| format!("pool:{pool}:supervisors"));
    pools.into_iter().any(|key| picture.sorted(&key).iter().any(|(id, _)| id == supervisor))
}

fn is_schedule(picture: &Picture<'_>, name: &str) -> bool {
    picture.sorted("schedules").iter().any(|(known, _)| known == name)
}

fn is_operation(picture: &Picture<'_>, id: &str) -> bool {
    picture.sorted("operations").iter().any(|(known, _)| known == id)
}

fn exists(picture: &Picture<'_>, id: &str) -> bool {
    picture.tasks.contains_key(id) || picture.drafts.contains_key(id)
}

/// Does this key name the live task of a dedupe key? A queue may itself be called `key`.
pub(super) fn is_dedupe(key: &str) -> bool {
    let named = key.strip_prefix("queue:").or_else(|| key.strip_prefix("flow:"));
    named.is_some_and(|named| named.contains(":key:"))
}

/// Queue names may hold colons themselves, so these are told apart by how they end.
fn queue_family(key: &str) -> Option<(&'static str, bool)> {
    if is_dedupe(key) {
        return Some(("string", false));
    }
    let index = ["pending", "blocked", "completed", "failed", "timeout", "cancelled"];
    let last = key.rsplit(':').next()?;
    let beside = ["waiting", "turns", "starts"];
    Some(if key.matches(':').count() >= 2 && (index.contains(&last) || beside.contains(&last)) {
        ("zset", false)
    } else {
        ("hash", false)
    })
}

/// Counted in bytes as they lie there: made into text, bytes that are none would grow.
fn check_lengths(id: &str, value: &Value, found: &mut Vec<Violation>) {
    let Content::Hash(fields) = &value.content else {
        return;
    };
    let names = ["kind", "queue", "key", "group"].map(str::as_bytes);
    for (field, value) in
        fields.iter().filter(|(field, value)| !names.contains(&field.as_slice()) && value.len() > 64)
    {
        let field = String::from_utf8_lossy(field);
        found.push(Violation::new("A11", format!("task {id} has {} bytes in {field}", value.len())));
    }
}
