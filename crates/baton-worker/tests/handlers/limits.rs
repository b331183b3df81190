//! What a program under a guard may use.

use baton_worker::End;
use baton_worker::handlers::{Exec, Limits};

use crate::support::{direct, end, finish, guard, info};

fn limited(script: &str, limits: Limits) -> Exec {
    direct(script).guarded(guard(), limits)
}

#[tokio::test]
async fn a_program_and_its_children_have_the_limits_that_were_set() {
    let limits = Limits { memory_bytes: Some(512 << 20), cpu_seconds: Some(30), files: Some(64) };
    let script = "(ulimit -v; ulimit -t; ulimit -n; ulimit -c) >&2; sh -c 'ulimit -v' >&2";
    let (_, words) = finish(&limited(script, limits), "{}").await;
    assert_eq!(words, ["524288", "30", "64", "0", "524288"].map(info));
}

#[tokio::test]
async fn a_program_cannot_raise_them() {
    let limits = Limits { files: Some(64), ..Limits::default() };
    let end = end(&limited("ulimit -n 65", limits)).await;
    assert!(matches!(end, End::Retry { .. }), "{end:?}");
}

#[tokio::test]
async fn memory_ends_where_it_was_said() {
    let script = "dd if=/dev/zero of=/dev/null bs=300M count=1";
    assert_eq!(end(&limited(script, Limits::default())).await, End::Complete(b"null".to_vec()));
    let limits = Limits { memory_bytes: Some(200 << 20), ..Limits::default() };
    let End::Retry { error, reason, .. } = end(&limited(script, limits)).await else { panic!("it fits") };
    assert!(reason == "exit 1" && error.contains("memory exhausted"), "{reason}: {error}");
    assert!(error.ends_with("\n(each process of this program may use 200MiB of memory)"), "{error}");
}

#[tokio::test]
async fn open_files_end_where_it_was_said() {
    // Shells can only open one by one, and by numbers of one digit.
    let script = "exec 3</dev/null 4</dev/null 5</dev/null 6</dev/null 7</dev/null 8</dev/null 9</dev/null";
    assert_eq!(end(&limited(script, Limits::default())).await, End::Complete(b"null".to_vec()));
    let limits = Limits { files: Some(8), ..Limits::default() };
    let End::Retry { error, .. } = end(&limited(script, limits)).await else { panic!("it may") };
    assert!(error.contains("(each process of this program may use 8 open files)"), "{error}");
}

#[tokio::test]
async fn a_long_error_makes_room_for_the_limits_that_may_explain_it() {
    let script = "head -c 70000 /dev/zero | tr '\\0' 'x' | fold -w 4000 >&2; exit 1";
    let limits = Limits { memory_bytes: Some(1 << 30), files: Some(64), ..Limits::default() };
    let End::Retry { error, .. } = end(&limited(script, limits)).await else { panic!("it is no failure") };
    assert_eq!(error.len(), baton_core::limits::ERROR_BYTES_MAX as usize);
    assert!(error.ends_with("xx\n(each process of this program may use 1GiB of memory, 64 open files)"));
}

#[tokio::test]
async fn too_little_memory_to_start_in_is_a_failed_attempt() {
    let limits = Limits { memory_bytes: Some(4_096), ..Limits::default() };
    assert!(matches!(end(&limited("exit 0", limits)).await, End::Retry { .. }));
}

#[tokio::test]
async fn time_on_a_cpu_ends_too() {
    let limits = Limits { cpu_seconds: Some(1), ..Limits::default() };
    let End::Retry { error, reason, .. } = end(&limited("while :; do :; done", limits)).await else {
        panic!("it came to an end")
    };
    assert_eq!(reason, "signal XCPU");
    assert!(error.contains("it used up its time on a processor; each process"), "{error}");
}
