//! Answers without a fleet: nobody there, wrong words.

use crate::fleet::run;

#[test]
fn a_server_that_is_not_there_is_code_7() {
    let ran = run(&["--url", "http://127.0.0.1:1", "healthcheck"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(7), ""), "{ran:?}");
    assert!(ran.err.starts_with("error: failed to reach http://127.0.0.1:1"), "{ran:?}");
}

#[test]
fn a_typing_error_gets_a_suggestion() {
    let ran = run(&["task", "submitt"]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("submit"), "{ran:?}");
    // A beginning of a verb is no verb: a script must not change its meaning when one is added.
    assert_eq!(run(&["task", "sub"]).code, Some(2));
    assert_eq!(run(&["--url", "localhost:8000", "healthcheck"]).code, Some(2));
}

#[test]
fn a_configuration_that_cannot_be_used_is_code_78() {
    let ran = run(&["gateway", "--listen", "nowhere"]);
    assert_eq!(ran.code, Some(78), "{ran:?}");
    assert!(ran.err.contains("gateway.listen (--listen)"), "{ran:?}");
    assert_eq!(run(&["worker", "run", "--slots", "0"]).code, Some(78));
}

#[test]
fn without_redis_it_says_what_to_type() {
    let mut dev = crate::fleet::typed(&["dev"]);
    let ran = crate::fleet::of(&dev.env("PATH", "/nonexistent").output().unwrap());
    assert_eq!(ran.code, Some(3), "{ran:?}");
    assert!(ran.err.contains("to install it, type:\n\n    "), "{ran:?}");
}
