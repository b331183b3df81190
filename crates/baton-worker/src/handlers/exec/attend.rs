//! One run of a program, from its first byte to the removal of its work directory.

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt;

use baton_core::limits;
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::child::{self, Child, Ending, Exit, Reins};
use super::ear::{Ear, Said};
use super::lines::Lines;
use super::verdict::{cannot_start, verdict};
use super::{Exec, LAST_WORDS};
use crate::handler::{End, Run};
use crate::handlers::clock;
use crate::handlers::document::{document, stopped};

/// Why a program was told to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stop {
    Told,
    OutOfTime,
    TooMuchOutput,
}

pub(super) async fn run(exec: &Exec, run: &Run) -> End {
    let document = match document(run) {
        Ok(document) => document,
        Err(end) => return end,
    };
    let directory = match work_directory().await {
        Ok(directory) => directory,
        Err(error) => return cannot_start(&error.to_string()),
    };
    let environment = exec.environment.of_run(run, directory.path());
    let end = match child::start(exec, environment, directory.path(), document) {
        Ok(child) => attend(exec, run, child).await,
        Err(error) => cannot_start(&error.to_string()),
    };
    // Off the runtime's threads: there may be a lot in it.
    let _ = tokio::task::spawn_blocking(|| drop(directory)).await;
    end
}

async fn work_directory() -> io::Result<TempDir> {
    let private = || {
        let owner_alone = Permissions::from_mode(0o700);
        tempfile::Builder::new().prefix("baton-run-").permissions(owner_alone).tempdir()
    };
    tokio::task::spawn_blocking(private).await.map_err(io::Error::other)?
}

async fn attend(exec: &Exec, run: &Run, child: Child) -> End {
    let Child { reins, stdout, stderr, feeding, ending } = child;
    let (overflow, over) = (CancellationToken::new(), CancellationToken::new());
    let life = async {
        let ended = live(exec, run, reins, ending, &overflow).await;
        over.cancel();
        ended
    };
    let fed = over.run_until_cancelled(feeding);
    let (_, result, said, (stop, exit)) =
        tokio::join!(fed, collect(stdout, &overflow, &over), listen(stderr, run, &over), life);
    // A program may end before we read that it wrote too much.
    let cut = exit == Exit::Code(0) && overflow.is_cancelled();
    match stop.or(cut.then_some(Stop::TooMuchOutput)) {
        None => verdict(exit, said, &result, exec.limits()),
        Some(Stop::Told) => stopped(),
        Some(Stop::OutOfTime) => End::TimeOut { error: out_of_time(said) },
        Some(Stop::TooMuchOutput) => {
            let error = format!("the program wrote more than {} bytes to stdout", limits::RESULT_BYTES_MAX);
            End::Fail { error, reason: "result_too_large".to_owned() }
        }
    }
}

fn out_of_time(said: Said) -> String {
    if said.last_lines.is_empty() {
        return "the program was still at work when its time was over".to_owned();
    }
    format!("the program was still at work when its time was over; it last said:\n{}", said.last_lines)
}

/// Lets the program live until it ends by itself or has to.
async fn live(
    exec: &Exec,
    run: &Run,
    mut reins: Reins,
    mut ending: Ending,
    overflow: &CancellationToken,
) -> (Option<Stop>, Exit) {
    let deadline = clock::deadline(run.deadline, exec.timeout);
    let stop = tokio::select! {
        exit = &mut ending => {
            reins.let_go();
            return (None, exit);
        }
        stop = must_stop(run, deadline, overflow) => stop,
    };
    // What floods us is not asked politely.
    if stop != Stop::TooMuchOutput {
        reins.terminate();
        if let Ok(exit) = timeout(exec.grace, &mut ending).await {
            reins.let_go();
            return (Some(stop), exit);
        }
    }
    reins.kill();
    let exit = ending.await;
    reins.let_go();
    (Some(stop), exit)
}

async fn must_stop(run: &Run, deadline: Instant, overflow: &CancellationToken) -> Stop {
    tokio::select! {
        () = run.cancel.cancelled() => Stop::Told,
        () = sleep_until(deadline) => Stop::OutOfTime,
        () = overflow.cancelled() => Stop::TooMuchOutput,
    }
}

/// All of stdout, as long as it may be. What comes behind that is read and forgotten, until the program is dead.
async fn collect(
    stdout: impl AsyncRead + Unpin,
    overflow: &CancellationToken,
    over: &CancellationToken,
) -> Vec<u8> {
    let mut result = Vec::new();
    read(stdout, over, |bytes| {
        let room = limits::RESULT_BYTES_MAX as usize - result.len();
        result.extend_from_slice(&bytes[..bytes.len().min(room)]);
        if bytes.len() > room {
            overflow.cancel();
        }
    })
    .await;
    result
}

async fn listen(stderr: impl AsyncRead + Unpin, run: &Run, over: &CancellationToken) -> Said {
    let mut ear = Ear::new(run.reporter.clone(), clock::now());
    let mut lines = Lines::default();
    read(stderr, over, |bytes| lines.feed(bytes, |line| ear.hear(&line, clock::now()))).await;
    if let Some(line) = lines.rest() {
        ear.hear(&line, clock::now());
    }
    ear.said()
}

/// Reads a pipe to its end, or until a moment after the program's end: what escaped from its group may hold the pipe
/// for as long as it likes.
async fn read(mut pipe: impl AsyncRead + Unpin, over: &CancellationToken, mut each: impl FnMut(&[u8])) {
    let all = async {
        let mut buffer = vec![0; 16 * 1_024];
        while let Ok(length @ 1..) = pipe.read(&mut buffer).await {
            each(&buffer[..length]);
        }
    };
    let enough = async {
        over.cancelled().await;
        sleep(LAST_WORDS).await;
    };
    tokio::select! {
        () = all => {}
        () = enough => {}
    }
}
