//! Dependencies point one way. A change that needs an arrow the other way has put a type in the wrong room.

use std::collections::BTreeMap;

use toml::{Table, Value};

use super::Problem;
use crate::tree::Tree;

/// Which of our crates each of them may use. A new crate gets a row here, and its author thinks about its arrows.
const ARROWS: [(&str, &[&str]); 13] = [
    ("baton-core", &[]),
    ("baton-store", &["baton-core"]),
    ("baton-auth", &["baton-core"]),
    ("baton-api", &["baton-core"]),
    ("baton-service", &[]),
    ("baton-dashboard", &["baton-api", "baton-core"]),
    ("baton-outbound", &[]),
    (
        "baton-gateway",
        &[
            "baton-api",
            "baton-auth",
            "baton-core",
            "baton-dashboard",
            "baton-outbound",
            "baton-service",
            "baton-store",
        ],
    ),
    ("baton-worker", &["baton-core", "baton-outbound", "baton-service", "baton-store"]),
    ("baton", &["baton-api", "baton-core", "baton-store", "baton-worker"]),
    (
        "baton-cli",
        &[
            "baton",
            "baton-api",
            "baton-core",
            "baton-gateway",
            "baton-service",
            "baton-store",
            "baton-worker",
        ],
    ),
    ("baton-testkit", &["baton-core", "baton-store"]),
    ("xtask", &["baton-core"]),
];

/// Libraries that one room hides from all others.
const HIDDEN: [(&str, &[&str]); 3] = [
    ("redis", &["baton-store", "baton-testkit"]),
    ("deadpool-redis", &["baton-store", "baton-testkit"]),
    ("jsonwebtoken", &["baton-auth"]),
];

/// What the core must do without: I/O, clocks, chance, and promises about formats. jiff is there for its calendar and time zones;
/// `clippy.toml` keeps its clock out.
const NOT_IN_CORE: [&str; 9] =
    ["tokio", "futures", "serde", "serde_json", "redis", "deadpool-redis", "rand", "getrandom", "chrono"];

pub(super) fn check(tree: &Tree) -> Vec<Problem> {
    tree.with_extension("toml")
        .filter_map(|(path, text)| Some((path, krate(path)?, text)))
        .flat_map(|(path, krate, text)| match text.parse::<Table>() {
            Ok(manifest) => judge(path, krate, &manifest),
            Err(error) => vec![Problem::file(path, format!("not TOML: {}", error.message()))],
        })
        .collect()
}

/// The directory, which is also the name, of the crate with this manifest. `tests/` may use everything.
fn krate(path: &str) -> Option<&str> {
    let name = path.strip_prefix("crates/")?.strip_suffix("/Cargo.toml")?;
    (!name.contains('/')).then_some(name)
}

fn judge(path: &str, krate: &str, manifest: &Table) -> Vec<Problem> {
    let mut whats = Vec::new();
    let named = manifest.get("package").and_then(|package| package.get("name")).and_then(Value::as_str);
    if named != Some(krate) {
        whats.push(format!("the crate is not named like its directory, {krate}"));
    }
    let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == krate) else {
        whats.push(format!("{krate} has no row in the table of arrows in crates/xtask/src/tidy/arrows.rs"));
        return whats.into_iter().map(|what| Problem::file(path, what)).collect();
    };
    for (dependency, kind) in dependencies(manifest) {
        // The testkit stands on the store: a core that used it would use everything above itself.
        let for_tests = kind == Kind::Dev && dependency == "baton-testkit" && krate != "baton-core";
        let ours = ARROWS.iter().any(|(name, _)| *name == dependency);
        if ours && !for_tests && !allowed.contains(&dependency.as_str()) {
            whats.push(format!("{krate} must not depend on {dependency}"));
        }
        if HIDDEN.iter().any(|(name, rooms)| *name == dependency && !rooms.contains(&krate)) {
            whats.push(format!("{dependency} is hidden in another crate, and {krate} must not see it"));
        }
        if krate == "baton-core" && NOT_IN_CORE.contains(&dependency.as_str()) {
            whats.push(format!("baton-core has no I/O, clock, chance or format, so no {dependency}"));
        }
    }
    whats.into_iter().map(|what| Problem::file(path, what)).collect()
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Normal,
    Dev,
}

/// Every dependency by its true name, for every target.
fn dependencies(manifest: &Table) -> BTreeMap<String, Kind> {
    let targets = manifest.get("target").and_then(Value::as_table);
    let tables =
        [manifest].into_iter().chain(targets.into_iter().flat_map(Table::values).filter_map(Value::as_table));
    let mut found = BTreeMap::new();
    for table in tables {
        for (section, kind) in [
            ("dev-dependencies", Kind::Dev),
            ("build-dependencies", Kind::Normal),
            ("dependencies", Kind::Normal),
        ] {
            for (alias, value) in table.get(section).and_then(Value::as_table).into_iter().flatten() {
                let name = value.get("package").and_then(Value::as_str).unwrap_or(alias);
                let entry = found.entry(name.to_owned()).or_insert(kind);
                *entry = kind.min(*entry);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_one(krate: &str, sections: &str, expected: usize) {
        let path = format!("crates/{krate}/Cargo.toml");
        let text = format!("[package]\nname = \"{krate}\"\n{sections}");
        let problems = check(&Tree::of(&[(&path, &text)]));
        assert_eq!(problems.len(), expected, "{krate} {sections}: {problems:?}");
    }

    #[test]
    fn arrows_point_one_way() {
        check_one("baton-store", "[dependencies]\nbaton-core.workspace = true\n", 0);
        check_one("baton-core", "[dependencies]\nbaton-store.workspace = true\n", 1);
        check_one("xtask", "[dependencies]\nbaton-store = { path = \"x\" }\n", 1);
        check_one("xtask", "[target.'cfg(unix)'.build-dependencies]\nbaton-store = { path = \"x\" }\n", 1);
    }

    #[test]
    fn the_testkit_is_for_tests() {
        check_one("baton-worker", "[dev-dependencies]\nbaton-testkit.workspace = true\n", 0);
        check_one("baton-worker", "[dependencies]\nbaton-testkit.workspace = true\n", 1);
        check_one("baton-core", "[dev-dependencies]\nbaton-testkit.workspace = true\n", 1);
    }

    #[test]
    fn redis_is_hidden_even_behind_another_name() {
        check_one("baton-store", "[dependencies]\ndeadpool-redis = \"0.23\"\n", 0);
        check_one("baton-gateway", "[dependencies]\ndeadpool-redis = \"0.23\"\n", 1);
        check_one(
            "baton-gateway",
            "[dev-dependencies]\ncache = { package = \"redis\", version = \"1\" }\n",
            1,
        );
    }

    #[test]
    fn the_core_does_without() {
        check_one("baton-core", "[dependencies]\nthiserror = \"2\"\n", 0);
        check_one("baton-core", "[dependencies]\nserde = \"1\"\ntokio = \"1\"\n", 2);
    }

    #[test]
    fn a_crate_needs_a_row_and_its_directory_s_name() {
        check_one("baton-util", "", 1);
        assert_eq!(check(&Tree::of(&[("crates/xtask/Cargo.toml", "[package]\nname = \"x\"\n")])).len(), 1);
        assert_eq!(check(&Tree::of(&[("crates/xtask/Cargo.toml", "[package")])).len(), 1);
    }
}
