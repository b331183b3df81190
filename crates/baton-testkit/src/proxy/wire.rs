//! The bytes: one task per connection, one loop per direction.

use super::{Direction, Loss, Mode, Shared};
use crate::proxy::Then;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, UnixListener, UnixStream};
use tokio::task::JoinSet;

const PIECE_BYTES: usize = 64 * 1024;

/// Accepts until it is dropped, and takes its connections with it.
pub(super) async fn listen(unix: UnixListener, tcp: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            Ok((client, _)) = unix.accept() => welcome(client, &shared, &mut connections),
            Ok((client, _)) = tcp.accept() => {
                // Chopped pieces should leave as they are cut. Failing to ask changes no outcome.
                let _ = client.set_nodelay(true);
                welcome(client, &shared, &mut connections);
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

fn welcome<C>(client: C, shared: &Arc<Shared>, connections: &mut JoinSet<()>)
where
    C: AsyncRead + AsyncWrite + Send + 'static,
{
    // One look at both: a refusal that comes later has a later era.
    let (refuse, era) = {
        let orders = shared.orders.borrow();
        (orders.refuse, orders.era)
    };
    if refuse {
        return shared.count(|hits| hits.refused += 1);
    }
    shared.count(|hits| hits.accepted += 1);
    let connection = Connection { shared: Arc::clone(shared), asked_for: AtomicU64::new(0) };
    connections.spawn(async move {
        let mut orders = connection.shared.orders.subscribe();
        tokio::select! {
            () = connection.serve(client) => {}
            _ = orders.wait_for(|orders| orders.era != era) => connection.shared.count(|hits| hits.severed += 1),
        }
    });
}

struct Connection {
    shared: Arc<Shared>,
    /// The number of the loss that the latest fitting request was for; 0 before the first.
    asked_for: AtomicU64,
}

impl Connection {
    async fn serve<C: AsyncRead + AsyncWrite>(&self, client: C) {
        let Ok(server) = UnixStream::connect(&self.shared.server).await else {
            return self.shared.count(|hits| hits.unreachable += 1);
        };
        let (client_reader, client_writer) = tokio::io::split(client);
        let (mut server_reader, mut server_writer) = server.into_split();
        // Only the replies end a connection. A client that leaves first ends its requests; what it sent before
        // is still carried out, as it would be without us.
        let ended = tokio::select! {
            ended = self.replies(&mut server_reader, client_writer) => ended,
            never = async {
                self.requests(client_reader, &mut server_writer).await;
                std::future::pending().await
            } => never,
        };
        if ended == Ended::LostReply {
            // Told that nothing more comes, the server works off what it has and closes.
            let _ = server_writer.shutdown().await;
            let _ = tokio::io::copy(&mut server_reader, &mut tokio::io::sink()).await;
            self.shared.count(|hits| hits.lost += 1);
        }
    }

    async fn requests(&self, mut client: impl AsyncRead + Unpin, server: &mut (impl AsyncWrite + Unpin)) {
        let (mut buffer, mut tail) = (vec![0; PIECE_BYTES], Vec::new());
        while let Some(piece) = read(&mut client, &mut buffer).await {
            let size = self.hold(Direction::Requests).await;
            // Before the server can answer.
            if let Some(loss) = self.concerned_loss(&mut tail, piece) {
                self.asked_for.store(loss, Ordering::SeqCst);
            }
            if write(server, piece, size).await.is_err() {
                break;
            }
            self.shared.count(|hits| hits.requests += 1);
        }
        let _ = server.shutdown().await;
    }

    async fn replies(
        &self,
        server: &mut (impl AsyncRead + Unpin),
        mut client: impl AsyncWrite + Unpin,
    ) -> Ended {
        let (mut buffer, mut silent) = (vec![0; PIECE_BYTES], false);
        while let Some(piece) = read(server, &mut buffer).await {
            if silent {
                continue;
            }
            let size = self.hold(Direction::Replies).await;
            match self.shared.take_loss(self.asked_for.load(Ordering::SeqCst)) {
                Some(Then::Close) => return Ended::LostReply,
                Some(Then::StaySilent) => {
                    silent = true;
                    self.shared.count(|hits| hits.lost += 1);
                }
                // A client that left hears no more, but the server still gets what the client sent.
                None => match write(&mut client, piece, size).await {
                    Ok(()) => self.shared.count(|hits| hits.replies += 1),
                    Err(_) => silent = true,
                },
            }
        }
        Ended::ServerLeft
    }

    /// Waits as long as the mode says, then answers how large the pieces are to be.
    async fn hold(&self, direction: Direction) -> usize {
        let mut orders = self.shared.orders.subscribe();
        if orders.borrow().mode(direction) == Mode::Stall {
            self.shared.count(|hits| hits.stalled += 1);
        }
        let mode = match orders.wait_for(|orders| orders.mode(direction) != Mode::Stall).await {
            Ok(orders) => orders.mode(direction),
            Err(_) => Mode::Pass,
        };
        match mode {
            Mode::Pass | Mode::Stall => PIECE_BYTES,
            Mode::Delay(duration) => {
                self.shared.count(|hits| hits.delayed += 1);
                tokio::time::sleep(duration).await;
                PIECE_BYTES
            }
            Mode::Chop(size) => {
                self.shared.count(|hits| hits.chopped += 1);
                size.max(1)
            }
        }
    }

    /// The number of the open loss, if the bytes it looks for end in this piece. `tail` keeps the end of the last
    /// one, in which they may begin.
    fn concerned_loss(&self, tail: &mut Vec<u8>, piece: &[u8]) -> Option<u64> {
        let orders = self.shared.orders.borrow();
        let Some(Loss { to: Some(request), .. }) = &orders.loss else {
            tail.clear();
            return None;
        };
        tail.extend_from_slice(piece);
        let found = tail.windows(request.len().max(1)).any(|window| window == request);
        tail.drain(..tail.len().saturating_sub(request.len().saturating_sub(1)));
        found.then_some(orders.loss_number)
    }
}

#[derive(PartialEq)]
enum Ended {
    ServerLeft,
    LostReply,
}

/// The next bytes, or `None` at the end; a connection that breaks has ended too.
async fn read<'a>(from: &mut (impl AsyncRead + Unpin), buffer: &'a mut [u8]) -> Option<&'a [u8]> {
    let length = from.read(buffer).await.ok().filter(|length| *length > 0)?;
    Some(&buffer[..length])
}

async fn write(to: &mut (impl AsyncWrite + Unpin), bytes: &[u8], size: usize) -> io::Result<()> {
    for (index, piece) in bytes.chunks(size).enumerate() {
        if index > 0 {
            // Gives the reader its turn, so that it mostly sees the pieces one by one.
            tokio::task::yield_now().await;
        }
        to.write_all(piece).await?;
    }
    to.flush().await
}
