//! How long a client may take over the head of a request. What it may take between two requests is another, longer time:
//! a connection that closes just as the next request is on its way costs that request its answer.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Sleep;

const IDLE: u8 = 0;
const HEAD: u8 = 1;
const REQUEST: u8 = 2;

/// Where a connection is. A new one rests, too: clients open some that they need only later.
#[derive(Clone, Default)]
pub(super) struct Course(Arc<AtomicU8>);

impl Course {
    /// The head is complete.
    pub(super) fn request(&self) {
        self.0.store(REQUEST, Ordering::Relaxed);
    }

    /// The answer is under way: what the client says next is the head of another request.
    pub(super) fn answered(&self) {
        self.0.store(IDLE, Ordering::Relaxed);
    }

    fn is_in_head(&self) -> bool {
        self.0.load(Ordering::Relaxed) == HEAD
    }

    fn begin_head(&self) -> bool {
        self.0.compare_exchange(IDLE, HEAD, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }
}

/// A stream that fails once a head takes longer than our patience.
pub(super) struct Watched {
    stream: TcpStream,
    course: Course,
    patience: Duration,
    late: Pin<Box<Sleep>>,
}

impl Watched {
    pub(super) fn new(stream: TcpStream, course: Course, patience: Duration) -> Watched {
        Watched { stream, course, patience, late: Box::pin(tokio::time::sleep(patience)) }
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        // What has arrived is read first: it may be we who are late.
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        if read.is_pending() && self.course.is_in_head() {
            ready!(self.late.as_mut().poll(context));
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        if buffer.filled().len() > before && self.course.begin_head() {
            let late = tokio::time::sleep(self.patience);
            self.late.as_mut().set(late);
        }
        read
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
