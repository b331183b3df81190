//! Completions and manual pages.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::fleet::run;
use crate::pipes::unread;
use crate::tree::walk;

#[test]
fn shells_get_scripts_that_know_every_command() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ran = run(&["completions", shell]);
        assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{shell}");
        for word in ["reprioritise", "join-token", "token-file", "context"] {
            assert!(ran.out.contains(word), "{shell} lacks {word}");
        }
        assert!(!ran.out.contains("tether"), "{shell}");
    }
    let mut bash =
        Command::new("bash").arg("-n").stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    bash.stdin.take().unwrap().write_all(run(&["completions", "bash"]).out.as_bytes()).unwrap();
    let read = bash.wait_with_output().unwrap();
    assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
    assert_eq!(run(&["completions", "csh"]).code, Some(2));
}

/// What bash would offer after these words.
#[test]
fn bash_completes_a_verb() {
    let script = format!(
        "{}\nCOMP_WORDS=(baton task repr); COMP_CWORD=2; COMP_LINE='baton task repr'; COMP_POINT=15\n\
         _baton baton repr task\necho \"${{COMPREPLY[@]}}\"\n",
        run(&["completions", "bash"]).out
    );
    let mut bash = Command::new("bash").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    bash.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    let offered = String::from_utf8(bash.wait_with_output().unwrap().stdout).unwrap();
    assert_eq!(offered, "reprioritise\n");
}

#[test]
fn every_command_has_a_page_of_the_manual() {
    let directory = tempfile::tempdir().unwrap();
    let into = directory.path().join("man1");
    assert_eq!(run(&["man", into.to_str().unwrap()]).code, Some(0));
    let commands = walk();
    for one in &commands {
        let name = [vec!["baton".to_owned()], one.words.clone()].concat().join("-");
        let page = std::fs::read_to_string(into.join(format!("{name}.1"))).expect(&name);
        let expected = [".TH ", ".SH NAME\n", ".SH SYNOPSIS\n", ".SH EXAMPLES\n"];
        expected.iter().for_each(|part| assert!(page.contains(part), "{name} lacks {part:?}"));
        let example =
            one.help.lines().nth(1).unwrap().trim().split(' ').take(2).collect::<Vec<_>>().join(" ");
        assert!(page.replace("\\-", "-").replace("\\(aq", "'").contains(&example), "{name}: {example}");
    }
    // `redis acl` and `redis-acl` are one page.
    assert_eq!(std::fs::read_dir(&into).unwrap().count(), commands.len() - 1);
    assert!(run(&["man"]).out.starts_with(".ie"), "{}", run(&["man"]).out);
}

#[test]
fn nobody_needs_to_read_them_to_their_end() {
    for arguments in [&["completions", "bash"][..], &["man"], &["config", "show"], &["context", "show"]] {
        let ran = unread(arguments);
        assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{arguments:?}");
    }
    assert_eq!(run(&["man", "/proc/nowhere"]).code, Some(1));
}
