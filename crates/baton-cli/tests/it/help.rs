//! Help: examples first, everywhere; and pages of its own.

use crate::fleet::run;

/// Every command by what is typed.
const COMMANDS: [&str; 104] = [
    "",
    "dev",
    "gateway",
    "worker run",
    "worker ls",
    "worker get",
    "worker quiet",
    "worker stop",
    "worker resume",
    "task submit",
    "task get",
    "task ls",
    "task wait",
    "task cancel",
    "task rerun",
    "task promote",
    "task reprioritise",
    "task link",
    "task unlink",
    "task logs",
    "task history",
    "task explain",
    "task result",
    "flow submit",
    "flow get",
    "flow ls",
    "flow graph",
    "flow trace",
    "flow cancel",
    "flow rerun",
    "pool run",
    "pool ls",
    "pool get",
    "pool scale",
    "pool start",
    "pool stop",
    "pool rm",
    "recover",
    "queue ls",
    "queue get",
    "queue pause",
    "queue set",
    "queue resume",
    "queue drain",
    "queue purge",
    "bulk",
    "operation ls",
    "operation get",
    "operation wait",
    "operation cancel",
    "trail",
    "schedule add",
    "schedule ls",
    "schedule get",
    "schedule set",
    "schedule rm",
    "schedule pause",
    "schedule resume",
    "schedule trigger",
    "kind ls",
    "kind get",
    "kind set",
    "kind rm",
    "webhook add",
    "webhook ls",
    "webhook get",
    "webhook set",
    "webhook rm",
    "webhook pause",
    "webhook resume",
    "webhook rotate",
    "webhook test",
    "webhook deliveries",
    "stats",
    "error ls",
    "error get",
    "events",
    "healthcheck",
    "init",
    "login",
    "logout",
    "whoami",
    "session ls",
    "session revoke",
    "key ls",
    "key create",
    "key show",
    "key rotate",
    "key revoke",
    "user ls",
    "user create",
    "user set-password",
    "user roles",
    "user disable",
    "user enable",
    "user delete",
    "user reset-code",
    "worker join-token",
    "signing-key ls",
    "signing-key rotate",
    "signing-key revoke",
    "redis-acl",
    "help",
    "help exit-codes",
];

#[test]
fn every_help_begins_with_examples() {
    for command in COMMANDS.iter().filter(|command| **command != "help exit-codes") {
        let words: Vec<&str> = command.split_whitespace().chain(["--help"]).collect();
        let ran = run(&words);
        assert_eq!(ran.code, Some(0), "{command}: {ran:?}");
        assert!(ran.out.starts_with("Examples:\n  ") && ran.err.is_empty(), "{command}: {}", ran.out);
        assert!(!ran.out.contains("tether"), "{command}");
    }
}

#[test]
fn help_of_a_command_is_its_page() {
    assert_eq!(run(&["help", "task", "submit"]).out, run(&["task", "submit", "--help"]).out);
    assert!(run(&["help", "exit-codes"]).out.contains("  124  the time to wait ran out\n"));
    assert_eq!(run(&["help", "nonsense"]).code, Some(2));
}
