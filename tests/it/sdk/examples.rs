//! The examples of the SDK do what they say, as programs.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use baton_testkit::Process;
use baton_testkit::process::{Signal, command};

use super::House;

/// Examples are built beside the tests, unless cargo is told which targets to test.
fn example(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let example = test.parent().and_then(Path::parent).unwrap().join("examples").join(name);
    assert!(example.exists(), "build it first: cargo build --workspace --examples");
    example
}

#[tokio::test(flavor = "multi_thread")]
async fn one_submits_what_the_other_handles() {
    let house = House::open().await;
    let mut worker = command(example("worker"));
    worker.env("BATON_REDIS_URL", house.redis.url()).stderr(Stdio::null());
    let mut worker = Process::spawn(worker).unwrap();
    let url = house.client.base().to_owned();
    let said = tokio::task::spawn_blocking(move || {
        command(example("submit")).env("BATON_URL", url).output().unwrap()
    });
    let said = said.await.unwrap();
    assert_eq!(String::from_utf8(said.stdout).unwrap(), "Hello, you!\n");
    worker.signal(Signal::TERM);
    let ended = tokio::task::spawn_blocking(move || worker.child().wait().unwrap());
    assert!(ended.await.unwrap().success());
    house.close().await;
}
