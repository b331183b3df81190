//! Alerts are about metrics that exist, and lead to a part of the run-book that exists.

use baton_service::metrics::{METRICS, Metric, Type};
use serde_json::Value;

const RULES: &str = "deploy/prometheus/rules.yaml";
const RUN_BOOK: &str = "deploy/RUNBOOK.md";

fn rules() -> Vec<Value> {
    let file: Value = serde_saphyr::from_str(&crate::read(RULES)).unwrap();
    let groups = file["groups"].as_array().unwrap();
    groups.iter().flat_map(|group| group["rules"].as_array().unwrap().clone()).collect()
}

fn text<'a>(rule: &'a Value, path: &str) -> &'a str {
    rule.pointer(path).and_then(Value::as_str).unwrap_or_else(|| panic!("{path} in {rule}"))
}

/// The names in an expression, with what is asked of their labels.
fn names(expression: &str) -> impl Iterator<Item = &str> {
    let end = |c: char| !(c.is_ascii_alphanumeric() || c == '_');
    expression.split(end).filter(|word| word.starts_with("baton_"))
}

fn is_of(name: &str, metric: &Metric) -> bool {
    let parts = ["_bucket", "_sum", "_count"];
    let rest = name.strip_prefix(metric.name);
    rest.is_some_and(|rest| rest.is_empty() || metric.kind == Type::Histogram && parts.contains(&rest))
}

/// What one process saw; how much it is says nothing, only how fast it grows.
fn is_counted(metric: &Metric) -> bool {
    metric.kind == Type::Counter && !metric.name.starts_with("baton_fleet_")
}

/// As GitHub makes them.
fn anchor(heading: &str) -> String {
    let kept = |c: char| c.is_alphanumeric() || c == ' ' || c == '-';
    heading.to_lowercase().chars().filter(|c| kept(*c)).collect::<String>().replace(' ', "-")
}

#[test]
fn each_metric_exists() {
    for rule in rules() {
        let expression = text(&rule, "/expr");
        let used: Vec<&str> = names(expression).collect();
        assert!(!used.is_empty() || expression.contains("up{job=\"baton-gateway\"}"), "{expression}");
        for name in used {
            assert!(METRICS.iter().any(|metric| is_of(name, metric)), "{name} in {expression}");
        }
        let counts = |name: &&str| METRICS.iter().any(|metric| metric.name == *name && is_counted(metric));
        let grows = expression.contains("rate(") || expression.contains("increase(");
        assert!(grows || !names(expression).any(|name| counts(&name)), "{expression}");
    }
}

#[test]
fn each_says_what_it_is_about_and_leads_to_the_run_book() {
    let book = crate::read(RUN_BOOK);
    let anchors: Vec<String> = book.lines().filter_map(|line| line.strip_prefix("## ")).map(anchor).collect();
    let mut seen = Vec::new();
    for rule in rules() {
        let name = text(&rule, "/alert").to_owned();
        assert!(["page", "ticket"].contains(&text(&rule, "/labels/severity")), "{name}");
        assert!(!text(&rule, "/annotations/summary").is_empty(), "{name}");
        assert!(!text(&rule, "/annotations/description").is_empty(), "{name}");
        let link = text(&rule, "/annotations/runbook_url");
        let (page, part) = link.split_once('#').expect("a part of the run-book");
        assert_eq!(page, RUN_BOOK, "{name}");
        assert!(anchors.iter().any(|anchor| anchor == part), "{name}: {link}");
        assert!(book.contains(&name), "the run-book names {name}, for whoever searches for it");
        assert!(!seen.contains(&name), "{name} twice");
        seen.push(name);
    }
}

/// Each part says what one sees, what to type, and how one knows that it is over.
#[test]
fn each_part_of_the_run_book_has_a_beginning_and_an_end() {
    let book = crate::read(RUN_BOOK);
    let parts: Vec<&str> = book.split("\n## ").skip(1).collect();
    assert!(parts.len() >= 12, "{}", parts.len());
    for part in parts {
        let name = part.lines().next().unwrap();
        for word in ["**See.**", "**Type.**", "**Over**"] {
            assert!(part.contains(word), "{name}: {word}");
        }
    }
}

#[test]
fn the_ceiling_of_memory_is_the_one_of_the_settings() {
    let settings = crate::read("deploy/redis/redis.conf");
    let ceiling = settings.lines().find_map(|line| line.strip_prefix("maxmemory ")).unwrap();
    let bytes: u64 = ceiling.strip_suffix("gb").unwrap().parse::<u64>().unwrap() << 30;
    assert!(crate::read(RULES).contains(&format!("0.8 * {bytes}")), "{bytes}");
}

/// Where the tool of Prometheus is, it reads the rules and tries them out.
#[test]
fn prometheus_takes_them() {
    let tool = baton_testkit::process::find("promtool")
        .expect("promtool is in the package prometheus, which `cargo xtask test` installs");
    for arguments in [["check", "rules", RULES], ["test", "rules", "deploy/prometheus/rules.test.yaml"]] {
        let mut command = std::process::Command::new(&tool);
        let output = command.args(arguments).current_dir(crate::path("")).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    }
}
