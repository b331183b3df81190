//! A process of its own, because signals are for whole processes.

use rustix::process::{Signal, getpid, kill_process};

#[tokio::test]
async fn the_first_signal_drains_and_the_second_ends() {
    let shutdown = baton_service::signals::listen().unwrap();
    assert!(!shutdown.drain.is_cancelled());
    kill_process(getpid(), Signal::TERM).unwrap();
    shutdown.drain.cancelled().await;
    assert!(!shutdown.now.is_cancelled());
    kill_process(getpid(), Signal::INT).unwrap();
    shutdown.now.cancelled().await;
}
