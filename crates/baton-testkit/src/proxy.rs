//! A proxy in front of a server that loses, holds, delays and refuses on command.
//!
//! What it does to bytes is set at run time, per direction, and counted, so that a test waits for "the reply was
//! lost" and never for a duration. Arm first, then send: every order is looked at after bytes were read and before
//! they are passed on, so nothing sent after an order slips past it.
//!
//! It knows nothing of the protocol. What it reads at once it handles as one piece, which with one request in
//! flight is one reply; pipelined replies share their fate, as they do on a real wire.

mod wire;

use crate::directory;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::watch;
use tokio::task::JoinSet;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Client to server.
    Requests,
    /// Server to client.
    Replies,
}

/// What happens to bytes in one direction.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Mode {
    #[default]
    Pass,
    /// Hold every byte until the mode changes; then they go on, even if their client has left meanwhile.
    Stall,
    Delay(Duration),
    /// Pass on in pieces of this many bytes.
    Chop(usize),
}

/// What becomes of a connection whose reply was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// The server first carries out and answers everything it was sent on this connection, unheard; then the client
    /// sees the connection close. So a client that sees it close knows nothing, and the test knows that it happened.
    Close,
    /// Requests still reach the server, no reply ever comes, until the client leaves or is [severed].
    ///
    /// [severed]: FaultProxy::sever
    StaySilent,
}

/// An order to lose replies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loss {
    then: Then,
    replies: u64,
    to: Option<Vec<u8>>,
}

impl Loss {
    /// The next reply on any connection. That may be the answer to a new connection's greeting.
    pub fn next(then: Then) -> Self {
        Self { then, replies: 1, to: None }
    }

    /// The next reply to a request in which these bytes occur: a script's hash, a command, a key.
    pub fn to(request: impl AsRef<[u8]>, then: Then) -> Self {
        Self { to: Some(request.as_ref().to_vec()), ..Self::next(then) }
    }

    /// Not one reply but this many, each on the connection that then ends or falls silent.
    #[must_use]
    pub fn times(self, replies: u64) -> Self {
        Self { replies, ..self }
    }
}

/// What the proxy did so far. Pieces are reads, not commands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Hits {
    pub accepted: u64,
    pub refused: u64,
    /// Accepted, but the server could not be reached.
    pub unreachable: u64,
    /// Connections closed by [`FaultProxy::sever`] or [`FaultProxy::refuse`].
    pub severed: u64,
    /// Pieces that reached the server.
    pub requests: u64,
    /// Pieces that reached the client.
    pub replies: u64,
    /// Replies swallowed by order.
    pub lost: u64,
    /// Pieces that were held, in either direction.
    pub stalled: u64,
    pub delayed: u64,
    pub chopped: u64,
}

/// The proxy. It lives on the runtime it was started on; dropping it closes every connection.
#[derive(Debug)]
pub struct FaultProxy {
    shared: Arc<Shared>,
    tcp: SocketAddr,
    // Before the directory: fields are dropped in order. Dropping the set ends its tasks.
    _tasks: JoinSet<()>,
    directory: TempDir,
}

impl FaultProxy {
    /// Starts in front of the server that listens on the Unix socket `server`, now or later: each connection
    /// looks for it anew, so the server may be killed and restarted behind the proxy.
    pub async fn start(server: impl AsRef<Path>) -> Self {
        let directory = directory::private("baton-proxy-");
        let unix =
            UnixListener::bind(socket_in(directory.path())).expect("failed to listen on a fresh socket");
        let tcp = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("no free loopback port");
        let address = tcp.local_addr().expect("a bound listener has an address");
        let shared = Arc::new(Shared { server: server.as_ref().to_owned(), ..Shared::default() });
        let mut tasks = JoinSet::new();
        tasks.spawn(wire::listen(unix, tcp, Arc::clone(&shared)));
        Self { shared, tcp: address, _tasks: tasks, directory }
    }

    pub fn socket(&self) -> PathBuf {
        socket_in(self.directory.path())
    }

    /// `unix:///tmp/…/proxy.sock`
    pub fn url(&self) -> String {
        format!("unix://{}", self.socket().display())
    }

    /// `redis://127.0.0.1:…`, the same proxy over TCP.
    pub fn tcp_url(&self) -> String {
        format!("redis://{}", self.tcp)
    }

    pub fn set(&self, direction: Direction, mode: Mode) {
        self.shared.orders.send_modify(|orders| match direction {
            Direction::Requests => orders.requests = mode,
            Direction::Replies => orders.replies = mode,
        });
    }

    /// Orders a loss, in place of one that is still open. Await [`lost`](Self::lost) for its end.
    pub fn lose(&self, loss: Loss) {
        self.shared.orders.send_modify(|orders| {
            orders.disarm();
            orders.losses_due += loss.replies;
            orders.loss_number += 1;
            orders.loss = Some(loss).filter(|loss| loss.replies > 0);
        });
    }

    /// Closes every connection, also new ones as soon as they are accepted, until [`pass`](Self::pass).
    pub fn refuse(&self) {
        self.shared.orders.send_modify(|orders| {
            orders.refuse = true;
            orders.era += 1;
        });
    }

    /// Closes every present connection at once. What is held in them is gone.
    pub fn sever(&self) {
        self.shared.orders.send_modify(|orders| orders.era += 1);
    }

    /// Back to passing everything. Open losses are forgotten; connections that fell silent stay so.
    pub fn pass(&self) {
        self.shared.orders.send_modify(|orders| {
            orders.disarm();
            orders.refuse = false;
            (orders.requests, orders.replies) = (Mode::Pass, Mode::Pass);
        });
    }

    pub fn hits(&self) -> Hits {
        *self.shared.hits.borrow()
    }

    /// Waits until the counts satisfy `condition`: `until(|hits| hits.stalled > 0)` is "the request is on its way and
    /// has not arrived".
    pub async fn until(&self, condition: impl FnMut(&Hits) -> bool) -> Hits {
        let mut hits = self.shared.hits.subscribe();
        *hits.wait_for(condition).await.expect("the proxy holds the sender")
    }

    /// Waits until every reply ordered so far is lost. With [`Then::Close`] the server has then done its part.
    pub async fn lost(&self) -> Hits {
        let due = self.shared.orders.borrow().losses_due;
        self.until(|hits| hits.lost >= due).await
    }
}

fn socket_in(directory: &Path) -> PathBuf {
    directory.join("proxy.sock")
}

/// What the handle and the connections share: orders one way, counts the other.
#[derive(Debug, Default)]
struct Shared {
    server: PathBuf,
    orders: watch::Sender<Orders>,
    hits: watch::Sender<Hits>,
}

#[derive(Debug, Default)]
struct Orders {
    requests: Mode,
    replies: Mode,
    loss: Option<Loss>,
    /// Tells the open loss from earlier ones; the first is 1.
    loss_number: u64,
    /// How many replies will have been lost when every order is carried out.
    losses_due: u64,
    refuse: bool,
    /// A connection lives as long as the era in which it was accepted.
    era: u64,
}

impl Orders {
    fn mode(&self, direction: Direction) -> Mode {
        match direction {
            Direction::Requests => self.requests,
            Direction::Replies => self.replies,
        }
    }

    fn disarm(&mut self) {
        self.losses_due -= self.loss.take().map_or(0, |loss| loss.replies);
    }
}

impl Shared {
    fn count(&self, add: impl FnOnce(&mut Hits)) {
        self.hits.send_modify(add);
    }

    /// Takes one reply off the open loss, if there is one and it concerns a connection whose latest fitting request
    /// was for loss number `asked_for`.
    fn take_loss(&self, asked_for: u64) -> Option<Then> {
        let mut taken = None;
        self.orders.send_if_modified(|orders| {
            let asked = asked_for == orders.loss_number;
            let concerned = orders.loss.as_mut().filter(|loss| asked || loss.to.is_none());
            let Some(loss) = concerned else { return false };
            taken = Some(loss.then);
            loss.replies -= 1;
            if loss.replies == 0 {
                orders.loss = None;
            }
            true
        });
        taken
    }
}

#[cfg(test)]
mod tests;
