//! The numbered cases of logins: each is a test whose name begins with `case_<number>_`, or stands here with the reason
//! why it is not one.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// How many cases there are.
const CASES: u32 = 120;

/// Those without a test of that name.
const WITHOUT: &[(u32, &str)] = &[
    (
        34,
        "`store::sentinel` shows that a store follows a failover, by submits, and logins go over the same connection; that \
         nothing but 503 is answered meanwhile is case 36, and what a failover may lose is a rollback, cases 33, 35 and 41",
    ),
    (
        40,
        "`store::cluster` runs the scripts of logins on a cluster of one node, and looks up the slot of each key; several \
         nodes and resharding are not tried",
    ),
    (
        42,
        "there is no pool: scripts share one pipelined connection, and case 37 shows what happens when it stands still",
    ),
    (91, "the server speaks HTTP/1.1 only"),
];

fn sources(place: &Path, found: &mut Vec<PathBuf>) {
    let entries = std::fs::read_dir(place).into_iter().flatten().filter_map(Result::ok);
    for path in entries.map(|entry| entry.path()) {
        if path.is_dir() && path.file_name().is_some_and(|name| name != "target") {
            sources(&path, found);
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            found.push(path);
        }
    }
}

/// The names of tests, by the number of their case.
fn tests() -> BTreeMap<u32, BTreeSet<String>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    let mut files = Vec::new();
    for room in ["crates", "tests"] {
        sources(&root.join(room), &mut files);
    }
    let mut found: BTreeMap<u32, BTreeSet<String>> = BTreeMap::new();
    for file in files {
        let text = std::fs::read_to_string(&file).expect("a source");
        for rest in text.split("fn case_").skip(1) {
            let name: String =
                rest.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect();
            // One test may show several cases: case_47_48_…
            for number in name.split('_').map_while(|part| part.parse::<u32>().ok()) {
                found.entry(number).or_default().insert(name.clone());
            }
        }
    }
    found
}

#[test]
fn every_case_is_a_test_or_has_a_reason() {
    let tests = tests();
    let reasons: BTreeMap<u32, &str> = WITHOUT.iter().copied().collect();
    let missing: Vec<u32> =
        (1..=CASES).filter(|case| !tests.contains_key(case) && !reasons.contains_key(case)).collect();
    assert!(missing.is_empty(), "cases without a test and without a reason: {missing:?}");
    let both: Vec<&u32> = reasons.keys().filter(|case| tests.contains_key(case)).collect();
    assert!(both.is_empty(), "cases with a test and a reason why there is none: {both:?}");
}
