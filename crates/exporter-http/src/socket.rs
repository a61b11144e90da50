//! A connection as the web server sees it: its bytes, and how many of them it gets to see at once.
//!
//! actix-web reads whatever comes. It makes a request of every few bytes of a pipeline before it has answered the first, and
//! goes on reading where nobody reads its answers; in HTTP/2, it has no bound for requests at once nor for their heads. It
//! waits for ever on a client that does not read its page. So here is where reading stops, and where connections end.

use std::io;
use std::mem::MaybeUninit;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use actix_http::Protocol;
use actix_web::rt::time::{Sleep, sleep_until};
use exporter_runtime::Refusal;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::ahead::{Ahead, Given};
use crate::answers;
use crate::connection::Connection;

/// The bytes of a connection.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin {}

impl<T: AsyncRead + AsyncWrite + Unpin> Stream for T {}

/// How long something is to be read of which nothing else was said.
pub(crate) const SHORT_READ: Duration = Duration::from_secs(10);

/// In HTTP/2, how many bytes there may be without a request among them; clients that read send some as well.
const WITHOUT_REQUEST: u64 = 256 * 1024;
const PER_BYTE_READ: u64 = 64;

/// In HTTP/2, how many bytes are read before the requests in them are looked at.
const AT_ONCE: usize = 2 * 1024;

/// A connection as the web server sees it.
pub(crate) struct Socket {
    stream: Box<dyn Stream>,
    connection: Arc<Connection>,
    reading: Reading,
    /// Runs while the other end takes no more bytes.
    stalled: Option<Pin<Box<Sleep>>>,
    /// Runs while the rest of a request is to come, or an answer to be read.
    waiting: Option<Pin<Box<Sleep>>>,
}

enum Reading {
    /// One request after the other.
    Http1(Ahead),
    Http2(Frames),
}

/// What came and went in HTTP/2.
#[derive(Default)]
struct Frames {
    /// Whether the server should do something else first.
    pause: bool,
    /// How many requests there were, and what came since the last.
    requests: usize,
    without_request: u64,
    written: u64,
}

impl Socket {
    pub(crate) fn new(
        stream: impl Stream + 'static,
        protocol: Protocol,
        connection: Arc<Connection>,
    ) -> Self {
        let reading = if protocol == Protocol::Http1 {
            Reading::Http1(Ahead::default())
        } else {
            // In HTTP/1, the web server looks after the first request.
            connection.expect_request();
            Reading::Http2(Frames::default())
        };
        Self { stream: Box::new(stream), connection, reading, stalled: None, waiting: None }
    }

    pub(crate) fn connection(&self) -> &Arc<Connection> {
        &self.connection
    }

    /// When the connection is to be ended because of what has not come, or has not been read.
    fn deadline(&self) -> Option<(Instant, Option<Refusal>)> {
        if let Some(head_by) = self.connection.head_by() {
            return Some((head_by, Some(Refusal::ReadTimeout)));
        }
        if self.connection.in_flight() > 0 {
            // In HTTP/2, an answer can be held up though the socket takes more.
            return Some((self.connection.read_by()?, Some(Refusal::SlowReader)));
        }
        let Reading::Http2(_) = self.reading else { return None };
        Some((self.connection.last_used() + self.connection.all().idle_timeout, None))
    }

    /// Completes when the rest of a request should have come, or the answer should have been read.
    fn poll_late(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Some((deadline, refusal)) = self.deadline() else {
            self.waiting = None;
            return Poll::Pending;
        };
        let waiting = self.waiting.get_or_insert_with(|| Box::pin(sleep_until(deadline.into())));
        if waiting.deadline() != deadline.into() {
            waiting.as_mut().reset(deadline.into());
        }
        ready!(waiting.as_mut().poll(context));
        let Some(refusal) = refusal else {
            self.connection.end();
            return Poll::Ready(Err(ended()));
        };
        if refusal == Refusal::ReadTimeout && matches!(self.reading, Reading::Http1(_)) {
            // Whether or not it is taken, that was it.
            let _ = pin!(&mut *self.stream).poll_write(context, answers::TOO_LATE.as_bytes());
        }
        self.give_up(refusal)
    }

    fn give_up<T>(&self, refusal: Refusal) -> Poll<io::Result<T>> {
        self.connection.end_because(refusal);
        Poll::Ready(Err(ended()))
    }

    /// Nothing is to be read now: completes when the connection has to end.
    fn poll_nothing(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.connection.poll_ended(context).is_ready() {
            return Poll::Ready(Err(ended()));
        }
        self.poll_late(context)
    }

    fn poll_read_http2(
        &mut self,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Reading::Http2(frames) = &mut self.reading else { return Poll::Pending };
        // A client that takes no bytes has nothing to say either.
        if self.stalled.is_some() {
            return self.poll_nothing(context);
        }
        if std::mem::take(&mut frames.pause) {
            context.waker().wake_by_ref();
            return self.poll_nothing(context);
        }
        let mut bytes = [MaybeUninit::uninit(); AT_ONCE];
        let room = buffer.remaining().min(AT_ONCE);
        let mut bytes = ReadBuf::uninit(&mut bytes[..room]);
        let outcome = pin!(&mut *self.stream).poll_read(context, &mut bytes);
        if outcome.is_pending() {
            return self.poll_nothing(context);
        }
        buffer.put_slice(bytes.filled());
        let read = bytes.filled().len() as u64;
        frames.pause = read == AT_ONCE as u64;
        if self.connection.requests() != frames.requests {
            frames.requests = self.connection.requests();
            frames.without_request = 0;
        }
        frames.without_request += read;
        if frames.without_request > WITHOUT_REQUEST + frames.written / PER_BYTE_READ {
            return self.give_up(Refusal::Malformed);
        }
        outcome
    }

    fn poll_read_http1(
        &mut self,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Reading::Http1(ahead) = &mut self.reading else { return Poll::Pending };
        let busy = self.connection.in_flight() > 0 || self.stalled.is_some();
        match ahead.poll_read(&mut *self.stream, context, buffer, busy) {
            Given::Bytes => {
                // Where no request is being answered, they are the beginning of one.
                if self.connection.requests() > 0 && self.connection.in_flight() == 0 {
                    self.connection.expect_request();
                }
                Poll::Ready(Ok(()))
            }
            Given::End(outcome) => Poll::Ready(outcome),
            Given::Nothing => self.poll_nothing(context),
            Given::Later => {
                self.connection.withhold();
                self.poll_nothing(context)
            }
        }
    }

    /// Passes the outcome of a write on. Where the other end takes no more, that is an error once it should have read
    /// what it got.
    fn written<T>(
        &mut self,
        outcome: Poll<io::Result<T>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        if outcome.is_ready() {
            if self.stalled.take().is_some() {
                self.connection.set_stalled(false);
                // What it was not asked for meanwhile.
                context.waker().wake_by_ref();
            }
            return outcome;
        }
        let read_by = self.connection.read_by();
        let stalled = self.stalled.get_or_insert_with(|| {
            self.connection.set_stalled(true);
            let read_by = read_by.unwrap_or_else(|| Instant::now() + SHORT_READ);
            Box::pin(sleep_until(read_by.into()))
        });
        if let Some(read_by) = read_by.filter(|read_by| stalled.deadline() != (*read_by).into()) {
            stalled.as_mut().reset(read_by.into());
        }
        if self.connection.poll_ended(context).is_ready() {
            return Poll::Ready(Err(ended()));
        }
        ready!(stalled.as_mut().poll(context));
        self.give_up(Refusal::SlowReader)
    }

    fn count(&mut self, outcome: &Poll<io::Result<usize>>) {
        if let (Reading::Http2(frames), Poll::Ready(Ok(written))) = (&mut self.reading, outcome) {
            frames.written += *written as u64;
        }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.connection.end();
    }
}

fn ended() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, "the connection was ended")
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.connection.has_ended() {
            return Poll::Ready(Err(ended()));
        }
        match self.reading {
            Reading::Http1(_) => self.poll_read_http1(context, buffer),
            Reading::Http2(_) => self.poll_read_http2(context, buffer),
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let worded = answers::in_words(bytes);
        let outcome = match worded {
            // What does not fit is lost; the connection ends with this.
            Some((_, answer)) => pin!(&mut *self.stream)
                .poll_write(context, answer.as_bytes())
                .map_ok(|_| bytes.len()),
            None => pin!(&mut *self.stream).poll_write(context, bytes),
        };
        if let (Some((refusal, _)), true) = (worded, outcome.is_ready()) {
            self.connection.all().refusals.add(refusal, self.connection.peer());
        }
        self.count(&outcome);
        self.written(outcome, context)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let outcome = pin!(&mut *self.stream).poll_flush(context);
        self.written(outcome, context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        pin!(&mut *self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let outcome = pin!(&mut *self.stream).poll_write_vectored(context, buffers);
        self.count(&outcome);
        self.written(outcome, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
