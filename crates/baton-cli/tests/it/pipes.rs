//! Readers that have seen enough.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use crate::cases::{self, World};
use crate::fleet::{Ran, of, rest, typed};
use crate::snapshot;

/// Runs a command whose output nobody reads: the reading end is closed before the program begins to write.
pub(crate) fn unread(arguments: &[&str]) -> Ran {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let child = typed(arguments).stdout(writer).stderr(Stdio::piped()).spawn().unwrap();
    of(&child.wait_with_output().unwrap())
}

#[test]
fn a_closed_pipe_ends_a_command_quietly() {
    for arguments in [&["help", "exit-codes"][..], &["help", "task", "submit"], &["task", "ls", "--help"]] {
        let ran = unread(arguments);
        assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{arguments:?}");
    }
}

/// Every command whose snapshot says that it prints anything, for people and for programs. What it says beside its data
/// it may have said before it came to the pipe; nothing else comes there.
#[test]
fn a_closed_pipe_ends_every_command_quietly() {
    let world = World::new();
    let mut looked = 0;
    for (name, case) in cases::all() {
        let snapshot = snapshot::read(&format!("output/{name}.txt"));
        for form in if case.text { &[None][..] } else { &[Some("table"), Some("json")] } {
            let (data, said) = printed(&snapshot, &case.line(*form));
            if data.is_empty() {
                continue;
            }
            let ran = case.unread(&world, *form);
            assert_eq!(ran.code, Some(0), "{name} {form:?}: {ran:?}");
            let err = &ran.err;
            assert!(err.lines().zip(said.lines()).all(|(is, was)| is == was), "{name} {form:?}: {ran:?}");
            assert!(err.lines().count() <= said.lines().count(), "{name} {form:?}: {ran:?}");
            looked += 1;
        }
    }
    assert!(looked > 150, "{looked}");
}

/// What a snapshot has of this command: the data, and what is said beside it.
fn printed<'a>(snapshot: &'a str, line: &str) -> (&'a str, &'a str) {
    let (_, text) = snapshot.split_once(&format!("{line}\n")).unwrap();
    let text = text.split("\n$ baton ").next().unwrap();
    let (data, rest) = text.split_once("--- ").unwrap_or((text, ""));
    let said = rest.strip_prefix("and on standard error\n").unwrap_or_default();
    (data.trim_end(), said.split("--- ").next().unwrap_or_default())
}

/// What is too long for the pipe to hold is still being written when `head -1` goes.
#[test]
fn one_line_is_enough() {
    for arguments in [&["completions", "bash"][..], &["completions", "fish"]] {
        let mut child = typed(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut reader = BufReader::with_capacity(64, child.stdout.take().unwrap());
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        drop(reader);
        assert!(line.ends_with('\n'), "{arguments:?}: {line}");
        let said = rest(child.stderr.take().unwrap());
        assert_eq!((child.wait().unwrap().code(), said.as_str()), (Some(0), ""), "{arguments:?}");
    }
}
