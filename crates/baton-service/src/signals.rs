//! Signals: the first SIGTERM or SIGINT asks the process to finish, the second one to end at once.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// How a process is told to end.
#[derive(Clone, Debug, Default)]
pub struct Shutdown {
    /// Take nothing new, finish what runs.
    pub drain: CancellationToken,
    /// End now.
    pub now: CancellationToken,
}

/// Listens for as long as the process lives. To be called before any child is started.
pub fn listen() -> io::Result<Shutdown> {
    // Whoever started us may have had the ends of children ignored, which we inherited: then nobody could wait for one.
    // What is listened for once is not ignored any more, and children do not inherit that it ever was.
    drop(signal(SignalKind::child())?);
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let shutdown = Shutdown::default();
    let told = shutdown.clone();
    tokio::spawn(async move {
        let name = next(&mut terminate, &mut interrupt).await;
        tracing::info!(signal = name, "finishing; a second signal ends it now");
        told.drain.cancel();
        let name = next(&mut terminate, &mut interrupt).await;
        tracing::warn!(signal = name, "ending now");
        told.now.cancel();
    });
    Ok(shutdown)
}

async fn next(terminate: &mut Signal, interrupt: &mut Signal) -> &'static str {
    tokio::select! {
        _ = terminate.recv() => "SIGTERM",
        _ = interrupt.recv() => "SIGINT",
    }
}
