//! The example that the README names does what the README says.

use baton_testkit::process;
use std::path::{Path, PathBuf};

/// Examples are built beside the tests: `…/debug/deps/it-…` and `…/debug/examples/first_task`. Cargo does so unless it is
/// told which targets to test.
fn example() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let profile = test.parent().and_then(Path::parent).unwrap();
    let example = profile.join("examples/first_task");
    assert!(example.exists(), "build it first: cargo build --workspace --examples");
    example
}

#[test]
fn the_example_carries_a_task_through_its_life() {
    let said = process::command(example()).output().unwrap();
    let said = String::from_utf8(said.stdout).unwrap();
    let lives: Vec<&str> = said.lines().filter(|line| line.contains(" at version ")).collect();
    assert_eq!(lives, ["pending at version 1", "running at version 2", "completed at version 3"]);
    assert!(said.contains(r#"status "completed""#) && said.contains(r#"kind "encode""#), "{said}");
}
