//! The accept loop: connections with limits on how large and how slow headers may be, and an end in good order.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::{Request, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::util::{MapRequest, MapResponse};

use crate::app::App;
use crate::auth::Peer;
use crate::routes;

mod head;

use head::{Course, Watched};

/// Beyond this the connection layer itself answers 431, without a body; up to it we do, with one.
const HEADER_BUFFER: usize = 256 * 1024;
/// Connections of one gateway. Further ones wait to be accepted.
const CONNECTIONS_MAX: usize = 20_000;
/// For how long a gateway that is about to end still accepts connections.
const NOTICE: Duration = Duration::from_secs(1);
/// Out of file descriptors, most likely: until others close.
const AFTER_REFUSAL: Duration = Duration::from_millis(100);
/// How long a connection may rest between two requests: longer than the usual load balancers (60 s) and HTTP clients (90 s)
/// keep theirs, so that it is they who close.
const REST: Duration = Duration::from_secs(120);

/// Serves until `shutdown` fires. Then held requests and streams end at once and `/ready` says so; a moment later nothing
/// more is accepted, requests under way have `drain` to finish, and what is left is closed.
pub async fn serve(
    listener: TcpListener,
    app: App,
    shutdown: CancellationToken,
    drain: Duration,
) -> io::Result<()> {
    let patience = app.settings.patience;
    let (draining, feed) = (app.draining.clone(), app.feed.clone());
    let (stopping, closing) = (CancellationToken::new(), CancellationToken::new());
    let router = routes::router(app);
    let (connections, places) = (TaskTracker::new(), Arc::new(Semaphore::new(CONNECTIONS_MAX)));
    let mut noticed = std::pin::pin!(notice(&shutdown, &draining, drain));
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &places) => accepted,
            () = &mut noticed => break,
        };
        match accepted {
            Ok((stream, place)) => {
                let router = router.clone();
                let (stopping, closing) = (stopping.clone(), closing.clone());
                connections.spawn(async move {
                    talk(stream, router, patience, stopping, closing).await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(AFTER_REFUSAL).await;
            }
        }
    }
    drop(listener);
    stopping.cancel();
    connections.close();
    let ended = async { tokio::join!(connections.wait(), feed.ended()) };
    if tokio::time::timeout(drain, ended).await.is_err() {
        tracing::warn!(
            left = connections.len(),
            "some requests did not finish in time; their connections are closed"
        );
        closing.cancel();
        connections.wait().await;
    }
    Ok(())
}

/// Returns a little after the end has begun: in between `/ready` says so, instead of a connection that is refused.
async fn notice(shutdown: &CancellationToken, draining: &CancellationToken, drain: Duration) {
    tokio::select! {
        () = shutdown.cancelled() => {}
        () = draining.cancelled() => {}
    }
    draining.cancel();
    tokio::time::sleep(NOTICE.min(drain)).await;
}

async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> io::Result<(TcpStream, OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, _) = listener.accept().await?;
    // Answers are small, and the next request waits for them.
    stream.set_nodelay(true)?;
    Ok((stream, place))
}

/// One connection, until its client leaves, or this gateway stops and what is under way is answered.
async fn talk(
    stream: TcpStream,
    router: Router,
    patience: Duration,
    stopping: CancellationToken,
    closing: CancellationToken,
) {
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(REST).max_buf_size(HEADER_BUFFER);
    let peer = stream.peer_addr().map(|address| Peer(address.ip())).ok();
    let course = Course::default();
    let stream = Watched::new(stream, course.clone(), patience);
    let asked = course.clone();
    let router = MapRequest::new(router, move |mut request: Request<Incoming>| {
        asked.request();
        if let Some(peer) = peer {
            request.extensions_mut().insert(peer);
        }
        request
    });
    let router = MapResponse::new(router, move |response: Response| {
        // What comes over a connection that now belongs to another protocol has no heads.
        if response.status() != StatusCode::SWITCHING_PROTOCOLS {
            course.answered();
        }
        response
    });
    let connection =
        builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router)).with_upgrades();
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stopping.cancelled() => {
            connection.as_mut().graceful_shutdown();
            tokio::select! {
                ended = connection.as_mut() => ended,
                () = closing.cancelled() => Ok(()),
            }
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended badly");
    }
}
