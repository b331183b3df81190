//! What every command prints in every form: `answers/` has what it is answered, `snapshots/output` what it makes of that.

use crate::cases::{self, World};
use crate::snapshot;
use crate::tree::walk;

/// Commands without a snapshot, and why.
const NO_SNAPSHOT: [(&str, &str); 6] = [
    ("dev", "serves until it is ended; dev.rs and demo.rs read what it says"),
    ("worker run", "serves until it is ended, and says nothing but its log"),
    ("pool run", "serves until it is ended, and says nothing but its log"),
    ("conformance", "says how fast others were; conformance.rs reads every verdict"),
    ("completions", "ten thousand lines of scripts of others; pages.rs runs them"),
    ("redis-acl", "another name of `redis acl`, which has one"),
];

const FORMS: [&str; 5] = ["table", "wide", "json", "yaml", "name"];
const JSON: usize = 2;
const YAML: usize = 3;

#[test]
fn snapshots_of_every_output() {
    let (cases, world) = (cases::all(), World::new());
    for (name, case) in &cases {
        let text = match case.text {
            true => case.printed(&world, None).1,
            false => {
                let all = FORMS.map(|form| case.printed(&world, Some(form)));
                programs_can_read(name, &all[JSON].0.out, &all[YAML].0.out);
                all.map(|(_, text)| text).concat()
            }
        };
        snapshot::check(&format!("output/{name}.txt"), &text);
    }
}

/// Whatever a command prints for programs can be read by one, and YAML says what JSON says.
fn programs_can_read(name: &str, json: &str, yaml: &str) {
    let json: Vec<serde_json::Value> = serde_json::Deserializer::from_str(json)
        .into_iter()
        .map(|value| value.unwrap_or_else(|error| panic!("{name}: {error}")))
        .collect();
    let documents = yaml.split("---\n").filter(|document| !document.trim().is_empty());
    let yaml: Vec<serde_json::Value> = documents
        .map(|document| serde_saphyr::from_str(document).unwrap_or_else(|error| panic!("{name}: {error}")))
        .collect();
    assert_eq!(yaml.len(), json.len(), "{name}");
    assert!(yaml.iter().zip(&json).all(|(yaml, json)| names(yaml) == names(json)), "{name}");
}

/// A command that is new brings its snapshot, or says here why it cannot.
#[test]
fn every_command_has_a_snapshot_or_a_reason() {
    let (cases, leaves) = (cases::all(), leaves());
    let has_case = |words: &[String]| cases.values().any(|case| case.is_of(words));
    let reason = |words: &[String]| NO_SNAPSHOT.iter().find(|(command, _)| words.join(" ") == *command);
    for words in &leaves {
        match (has_case(words), reason(words)) {
            (true, None) | (false, Some(_)) => {}
            (false, None) => panic!("{words:?} has neither a case in answers/ nor a reason in NO_SNAPSHOT"),
            (true, Some(_)) => panic!("{words:?} has a case, and a reason why there is none"),
        }
    }
    let names: Vec<String> = leaves.iter().map(|words| words.join(" ")).collect();
    let stray = NO_SNAPSHOT.iter().find(|(command, _)| !names.iter().any(|name| name == command));
    assert_eq!(stray, None, "a reason for what is no command");
    for (name, case) in &cases {
        assert!(leaves.iter().any(|words| case.is_of(words)), "{name} is of no command");
    }
}

/// Commands that do something themselves.
pub(crate) fn leaves() -> Vec<Vec<String>> {
    let all: Vec<Vec<String>> = walk().into_iter().map(|found| found.words).collect();
    let is_above =
        |words: &[String]| all.iter().any(|other| other.len() > words.len() && other.starts_with(words));
    all.iter().filter(|words| !is_above(words)).cloned().collect()
}

/// Numbers of twenty digits are not what these readers keep; the names are.
fn names(value: &serde_json::Value) -> Vec<String> {
    value.as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect()
}
