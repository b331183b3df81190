//! Pages that are made out of the code. Where one differs, the test writes what it should be beside the built programs.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;

use baton::api::problem::status_of;
use baton_core::{Code, Namespace};
use baton_service::config::KEYS;
use baton_service::metrics::METRICS;
use baton_store::families::FAMILIES;
use serde_json::Value;

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

fn check(name: &str, made: &str) {
    if std::fs::read_to_string(crate::path(name)).is_ok_and(|text| text == made) {
        return;
    }
    let file = Path::new(name).file_name().unwrap();
    let should = Path::new(env!("CARGO_TARGET_TMPDIR")).join(file);
    std::fs::write(&should, made).unwrap();
    panic!("{name} is not what the code says; cp {} {name}", should.display());
}

/// In a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "&lt;").split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn the_routes() {
    let document: Value =
        serde_json::from_str(&crate::read("crates/baton-gateway/tests/openapi.json")).unwrap();
    let mut page = String::from(
        "# Every route\n\n\
         Made out of the description that a gateway serves at `/openapi.json`; `/docs` shows bodies and answers, and sends requests.\n\
         Scopes of tasks and queues can be given for some queues only, as in `tasks:claim@emails`. Problems that any route may answer (`unauthenticated`,\n\
         `insufficient_scope`, `malformed`, `rate_limited`, `redis_unavailable` and their like) are on the [page of problems](problems.md).\n",
    );
    for tag in tags(&document) {
        let _ = write!(page, "\n## {tag}\n\n| route | does | scope |\n| --- | --- | --- |\n");
        let paths: BTreeMap<&String, &Value> = document["paths"].as_object().unwrap().iter().collect();
        let operations =
            paths.into_iter().flat_map(|(path, item)| METHODS.map(|method| (path, method, &item[method])));
        for (path, method, operation) in operations.filter(|(_, _, operation)| operation["tags"][0] == tag) {
            let does = cell(operation["summary"].as_str().unwrap_or_default());
            let scope = scope(operation);
            let _ = writeln!(page, "| `{} {path}` | {does} | {scope} |", method.to_uppercase());
        }
    }
    check("docs/api.md", &page);
}

fn tags(document: &Value) -> BTreeSet<&str> {
    let items = document["paths"].as_object().unwrap().values();
    let operations = items.flat_map(|item| METHODS.map(|method| &item[method]));
    let described = operations.filter(|operation| !operation.is_null());
    described.map(|operation| operation["tags"][0].as_str().expect("every operation has a tag")).collect()
}

/// One of these is enough; of those that stand together all are needed.
fn scope(operation: &Value) -> String {
    let ways = operation["security"].as_array().expect("every operation says whom it answers");
    ways.iter().map(way).collect::<Vec<_>>().join(" or ")
}

fn way(way: &Value) -> String {
    let Some(scopes) = way["bearer"].as_array() else { return "anybody".to_owned() };
    let words: Vec<&str> = scopes.iter().filter_map(Value::as_str).collect();
    if words.is_empty() { "any login".to_owned() } else { format!("`{}`", words.join("`, `")) }
}

#[test]
fn the_problems() {
    let mut page = String::from(
        "# Every problem\n\n\
         Whatever is refused is answered as `application/problem+json` (RFC 9457). `code` is one of these words; it is the same in the\n\
         scripts of Redis, in answers, in logs and in metrics, and is never renamed. A gateway serves a page for each at `/problems/<code>`.\n\n\
         A 503 is an outage: nothing is said about the request, and it may be repeated word for word after `Retry-After`.\n\n\
         | code | status | what happened, and what to do |\n| --- | --- | --- |\n",
    );
    let mut codes: Vec<Code> = Code::ALL.to_vec();
    codes.sort_by_key(|code| (status_of(*code), code.as_str()));
    for code in codes {
        let _ = writeln!(page, "| `{}` | {} | {} |", code.as_str(), status_of(code), cell(code.advice()));
    }
    check("docs/problems.md", &page);
}

#[test]
fn the_keys() {
    let namespace = Namespace::default();
    let mut page = String::from(
        "# Every key in Redis\n\n\
         For whoever looks with `redis-cli`. `baton redis keys -o wide` prints this table with the line that reads each key, and `baton redis\n\
         explain KEY` says what one key means, which index it must be in, and what may change it next. Look at whatever you like; change\n\
         nothing by hand: each change is a script that keeps the others in step.\n\n\
         `{0}` is the shard: the last three hex digits of a task's id, without leading zeros. What hashes hold are whole words and decimal\n\
         numbers; times are Unix milliseconds of Redis's clock unless they say µs. A value that is not there has its default.\n\n\
         | key | type | holds | made by | expires |\n| --- | --- | --- | --- | --- |\n",
    );
    for family in FAMILIES {
        let key = family.shown(&namespace).replace('|', "\\|");
        let (kind, holds, lives) = (family.kind, cell(family.holds), family.lives.as_str());
        let _ = writeln!(page, "| `{key}` | {kind} | {holds} | `{}` | {lives} |", family.script);
    }
    check("docs/keys.md", &page);
}

#[test]
fn the_metrics() {
    let mut page = String::from(
        "# Every metric\n\n\
         At `/metrics` of each gateway, and of each worker where `BATON_ADMIN_LISTEN` says. What one process saw is added up over processes;\n\
         what is called `baton_fleet_…` is read out of Redis, is the same in each of them, and is not added up: take the `max`. Alerts that\n\
         use them are in [rules.yaml](../deploy/prometheus/rules.yaml).\n\n\
         | name | type | what |\n| --- | --- | --- |\n",
    );
    for metric in METRICS {
        let kind = format!("{:?}", metric.kind).to_lowercase();
        let _ = writeln!(page, "| `{}` | {kind} | {} |", metric.name, cell(metric.help));
    }
    check("docs/metrics.md", &page);
}

/// A variable that a page names is one that the programs read.
#[test]
fn variables_that_pages_name_exist() {
    // The command line's own, and those of programs that are handlers.
    let others =
        ["BATON_URL", "BATON_API_KEY", "BATON_TOKEN", "BATON_CONFIG", "BATON_CONTEXT", "BATON_CONFORMANCE"];
    let handlers =
        ["TASK_ID", "KIND", "QUEUE", "ATTEMPT", "MAX_ATTEMPTS", "FENCE", "WORKER", "DEADLINE", "WORKDIR"];
    for entry in std::fs::read_dir(crate::path("docs")).unwrap() {
        let name = format!("docs/{}", entry.unwrap().file_name().into_string().unwrap());
        if !name.ends_with(".md") {
            continue;
        }
        let text = crate::read(&name);
        for (at, _) in text.match_indices("BATON_") {
            let end = |c: char| !(c.is_ascii_uppercase() || c == '_');
            let word = text[at..].split(end).next().unwrap();
            let known = KEYS.iter().any(|key| key.environment == word) || others.contains(&word);
            assert!(known || handlers.contains(&&word["BATON_".len()..]), "{name}: {word}");
        }
    }
}
