//! What README and the quick starts tell the reader to type is typed, block by block, in order, in one directory.

use std::sync::{Mutex, PoisonError};

use crate::page::{self, Block};
use crate::room::Room;

/// Lines that are not typed here. A block of which not every line is among them is typed.
const LEFT_OUT: [(&str, &str); 2] = [
    ("cargo xtask demo", "it builds everything; what it runs is tested in crates/baton-cli/tests/it/demo.rs"),
    ("cargo xtask test", "it runs this test"),
];

/// One at a time: each is a fleet.
static TURN: Mutex<()> = Mutex::new(());

fn is_left_out(block: &Block) -> bool {
    let Block::Typed(text) = block else { return false };
    let command = |line: &str| line.split(" #").next().unwrap_or_default().trim().to_owned();
    text.lines().all(|line| LEFT_OUT.iter().any(|(known, _)| *known == command(line)))
}

/// Runs a page. It has this many blocks to type, so that none can go unnoticed, of which so many are left out.
fn check(name: &str, typed: usize, left_out: usize) {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let text = crate::read(name);
    let blocks = page::blocks(&text);
    let (out, ours): (Vec<&Block>, Vec<&Block>) = blocks.iter().partition(|block| is_left_out(block));
    let to_type = ours.iter().filter(|block| !matches!(block, Block::File { .. })).count();
    assert_eq!((to_type, out.len()), (typed, left_out), "{name}: blocks to type, blocks left out");
    assert_eq!(page::promised(&text), typed + left_out, "{name}: every sh and console block is typed");
    let mut room = Room::new();
    ours.into_iter().for_each(|block| room.add(block));
    room.run();
}

#[test]
fn the_readme() {
    check("README.md", 5, 1);
}

#[test]
fn the_guide() {
    check("docs/guide.md", 14, 0);
}

#[test]
fn curl() {
    check("docs/quickstart-curl.md", 5, 0);
}

#[test]
fn a_shell_script() {
    check("docs/quickstart-shell.md", 4, 0);
}

#[test]
fn python() {
    check("docs/quickstart-python.md", 3, 0);
}

#[test]
fn rust() {
    check("docs/quickstart-rust.md", 4, 0);
}

#[test]
fn a_worker_in_any_language() {
    check("docs/worker-protocol.md", 1, 0);
}

/// What the page shows of the example is the example.
#[test]
fn programs_that_are_shown_are_those_that_run() {
    for (page, language, program) in [
        ("docs/quickstart-rust.md", "```rust\n", "crates/baton/examples/worker.rs"),
        ("docs/quickstart-python.md", "```python\n", "docs/examples/worker.py"),
    ] {
        let (text, program) = (crate::read(page), crate::read(program));
        let shown = text.split_once(language).and_then(|(_, rest)| rest.split_once("```")).unwrap().0;
        let missing: Vec<&str> =
            shown.split("\n\n").filter(|part| !program.contains(part.trim_end())).collect();
        assert!(missing.is_empty(), "{page} shows what is not in the program: {missing:#?}");
    }
}

/// Pages that nobody types hold nothing that looks as if somebody did.
#[test]
fn no_other_page_promises_to_be_typed() {
    for entry in std::fs::read_dir(crate::path("docs")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let is_typed =
            ["guide.md", "worker-protocol.md"].contains(&name.as_str()) || name.starts_with("quickstart-");
        if name.ends_with(".md") && !is_typed {
            assert_eq!(page::promised(&crate::read(&format!("docs/{name}"))), 0, "docs/{name}");
        }
    }
    assert_eq!(
        page::promised(&crate::read("deploy/RUNBOOK.md")),
        0,
        "the run-book is for fleets that are in trouble"
    );
}

fn typed(block: Block) {
    let mut room = Room::new();
    room.add(&block);
    room.run();
}

#[test]
#[should_panic(expected = "something that is typed fails")]
fn what_fails_is_noticed() {
    typed(Block::Typed("false | cat\n".to_owned()));
}

#[test]
#[should_panic(expected = "came:\none")]
fn what_comes_otherwise_is_noticed() {
    typed(Block::Shown(vec![("echo one".to_owned(), "two\n".to_owned())]));
}
