//! Readers that have seen enough.

use std::process::Stdio;

use crate::fleet::{Ran, of, typed};

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
