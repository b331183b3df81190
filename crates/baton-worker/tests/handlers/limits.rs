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
}

#[tokio::test]
async fn too_little_memory_to_start_in_is_a_failed_attempt() {
    let limits = Limits { memory_bytes: Some(4_096), ..Limits::default() };
    assert!(matches!(end(&limited("exit 0", limits)).await, End::Retry { .. }));
}

#[tokio::test]
async fn time_on_a_cpu_ends_too() {
    let limits = Limits { cpu_seconds: Some(1), ..Limits::default() };
    let end = end(&limited("while :; do :; done", limits)).await;
    assert!(matches!(&end, End::Retry { reason, .. } if reason == "signal XCPU"), "{end:?}");
}
