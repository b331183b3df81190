//! What a supervisor and its workers do not choose: who started them, with which children, and where their log goes.

use std::fs::{self, File, OpenOptions};
use std::io::{PipeReader, PipeWriter, Write};
use std::process::Stdio;

use baton_core::Status;
use baton_testkit::process::Signal;

use super::support::{Keeper, Yard, lives, number_in, parent, text, until};

const ONE: (&str, &str) = ("BATON_SUPERVISOR_COUNT", "1");

impl Keeper {
    /// A worker that is killed is replaced, and the end of all is a good one.
    async fn does_its_work(&mut self, yard: &Yard) {
        yard.until_steady(1).await;
        let first = self.workers()[0];
        assert!(self.signal(first, Signal::KILL));
        until("it is replaced", async || yard.said("restarts").await == "1").await;
        yard.until_steady(1).await;
        self.ends_well().await;
    }

    async fn ends_well(&mut self) {
        self.0.signal(Signal::TERM);
        until("it has ended", async || !self.0.is_running()).await;
        assert_eq!(self.0.child().wait().expect("its end").code(), Some(0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_cannot_be_written_ends_nobody() {
    let yard = Yard::open().await;
    let full = OpenOptions::new().write(true).open("/dev/full").expect("a device");
    let variables = [ONE, ("BATON_LOG", "debug")];
    yard.supervisor_by(&[], full, &variables).does_its_work(&yard).await;
}

/// A pipe without room, and its other end, which nobody reads.
fn full_pipe() -> (PipeReader, PipeWriter) {
    let (reader, mut writer) = std::io::pipe().expect("a pipe");
    // As much as a pipe holds where nobody asked for more.
    writer.write_all(&[b'\n'; 64 * 1_024]).expect("room");
    (reader, writer)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_nobody_reads_holds_nobody_up() {
    let yard = Yard::open().await;
    let (reader, writer) = full_pipe();
    yard.supervisor_by(&[], writer, &[ONE]).does_its_work(&yard).await;
    drop(reader);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_whose_reader_dies_ends_nobody() {
    let yard = Yard::open().await;
    let (reader, writer) = std::io::pipe().expect("a pipe");
    let mut keeper = yard.supervisor_by(&[], writer, &[ONE, ("BATON_LOG", "debug")]);
    yard.until_steady(1).await;
    drop(reader);
    keeper.does_its_work(&yard).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_ignores_the_ends_of_children_passes_nothing_on() {
    let yard = Yard::open().await;
    yard.handler("answer", "echo 42");
    let log = File::create(yard.file("one.log")).expect("a log");
    let by = ["env", "--ignore-signal=CHLD"];
    let mut keeper = yard.supervisor_by(&by, log, &[ONE]);
    yard.until_steady(1).await;
    let task = yard.submit("answer", "null").await;
    yard.until_status(task, Status::Completed).await;
    keeper.does_its_work(&yard).await;
    let log = text(yard.file("one.log"));
    assert!(log.contains(r#""end":"signal 9""#) && !log.contains("cannot start"), "{log}");
    // A worker without a supervisor runs programs too.
    let _worker = yard.supervisor_by(&by, Stdio::null(), &[("BATON_SUPERVISOR_ENABLED", "false")]);
    let task = yard.submit("answer", "null").await;
    yard.until_status(task, Status::Completed).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_worker_prints_is_no_report() {
    let yard = Yard::open().await;
    let mut keeper = yard.supervisor("one", &[ONE]);
    yard.until_steady(1).await;
    let first = keeper.workers()[0];
    let of = |descriptor: u8| format!("/proc/{first}/fd/{descriptor}");
    let leads_to = |descriptor| fs::read_link(of(descriptor)).expect("a descriptor");
    assert_eq!((leads_to(0), leads_to(1)), ("/dev/null".into(), leads_to(2)));
    // As a handler would that prints, or what a handler starts.
    let mut printed = OpenOptions::new().append(true).open(of(1)).expect("its stdout");
    printed.write_all(b"{\"level\":\"info\",\"worker\":\"worker-999-default\"}\n").expect("room");
    keeper.does_its_work(&yard).await;
    let log = text(yard.file("one.log"));
    assert_eq!(log.matches(r#""working","worker":"worker-001-default""#).count(), 2, "{log}");
}

/// It becomes a supervisor, and leaves two processes behind: one that goes on, and its parent, which ends when it may.
const ENTRYPOINT: &str = r#"sh -c 'sleep 600 & echo $! > "$PLACE/job"; until [ -e "$PLACE/over" ]; do sleep 0.02; done' &
exec "$0""#;

#[tokio::test(flavor = "multi_thread")]
async fn what_was_never_a_worker_s_is_left_alone_and_reaped_in_the_end() {
    let yard = Yard::open().await;
    let place = yard.0.place.path().display().to_string();
    let log = File::create(yard.file("one.log")).expect("a log");
    let mut keeper = yard.supervisor_by(&["sh", "-c", ENTRYPOINT], log, &[ONE, ("PLACE", &place)]);
    yard.until_steady(1).await;
    until("it runs", async || number_in(yard.file("job")).is_some()).await;
    let job = number_in(yard.file("job")).expect("its number");
    fs::write(yard.file("over"), "").expect("a file");
    until("it falls to the supervisor", async || parent(job) == Some(keeper.pid())).await;
    let first = keeper.workers()[0];
    assert!(keeper.signal(first, Signal::KILL));
    until("it is replaced", async || yard.said("restarts").await == "1").await;
    yard.until_steady(1).await;
    assert!(lives(job), "{}", text(yard.file("one.log")));
    assert!(keeper.signal(job, Signal::KILL));
    until("all are reaped", async || keeper.children() == keeper.workers()).await;
    keeper.ends_well().await;
}
