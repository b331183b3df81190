//! What every command prints in every form, of answers that a gateway gave once: `answers/` has them.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::fleet::run;
use crate::snapshot;
use crate::stub::Stub;

/// A command, and what it is answered.
#[derive(Deserialize)]
struct Case {
    typed: Vec<String>,
    answers: BTreeMap<String, Box<RawValue>>,
}

fn cases() -> BTreeMap<String, Case> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/answers");
    let files = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let case = |path: std::path::PathBuf| {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        (name, serde_json::from_str(&text).unwrap())
    };
    files.map(case).collect()
}

fn printed(case: &Case, form: &str) -> String {
    let answers: Vec<(&str, &str)> =
        case.answers.iter().map(|(route, body)| (route.as_str(), body.get())).collect();
    let stub = Stub::knows(&answers);
    let typed: Vec<&str> = case.typed.iter().map(String::as_str).collect();
    let ran = run(&[&["--url", &stub.url, "--utc", "-o", form], &typed[..]].concat());
    let said =
        if ran.err.is_empty() { String::new() } else { format!("--- and on standard error\n{}", ran.err) };
    let code = ran.code.filter(|code| *code != 0).map(|code| format!("--- exit code {code}\n"));
    let text = format!("{}{said}{}", ran.out, code.unwrap_or_default());
    format!("$ baton {} -o {form}\n{}\n", typed.join(" "), text.replace(&stub.url, "http://gateway"))
}

#[test]
fn snapshots_of_every_output() {
    let cases = cases();
    assert!(cases.len() > 40, "{}", cases.len());
    for (name, case) in &cases {
        let forms = ["table", "wide", "json", "yaml", "name"].map(|form| printed(case, form));
        snapshot::check(&format!("output/{name}.txt"), &forms.concat());
    }
}

/// Whatever a command prints for programs can be read by one, and YAML says what JSON says.
#[test]
fn programs_can_read_every_output() {
    for (name, case) in cases() {
        let body = |form: &str| {
            let text = printed(&case, form);
            text.split("--- ").next().unwrap().lines().skip(1).collect::<Vec<_>>().join("\n")
        };
        let json: Vec<serde_json::Value> = serde_json::Deserializer::from_str(&body("json"))
            .into_iter()
            .map(|value| value.unwrap_or_else(|error| panic!("{name}: {error}")))
            .collect();
        let yaml = body("yaml");
        let documents = yaml.split("---\n").filter(|document| !document.trim().is_empty());
        let yaml: Vec<serde_json::Value> = documents
            .map(|document| {
                serde_saphyr::from_str(document).unwrap_or_else(|error| panic!("{name}: {error}"))
            })
            .collect();
        assert_eq!(yaml.len(), json.len(), "{name}");
        assert!(yaml.iter().zip(&json).all(|(yaml, json)| names(yaml) == names(json)), "{name}");
    }
}

/// Numbers of twenty digits are not what these readers keep; the names are.
fn names(value: &serde_json::Value) -> Vec<String> {
    value.as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect()
}
