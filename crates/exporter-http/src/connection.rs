//! Connections: how many there are, which of them make room for others, and what ends them.
//!
//! actix-web ends connections whose requests do not arrive in time, and nothing else. It waits for ever on a client that
//! does not read its page, and knows a number of connections at which it stops to accept new ones, which is what someone
//! who opens many wants. So every connection goes through a [`Socket`], which can be ended from outside, and is listed in
//! [`Connections`], where the one that is least likely to be missed makes room for a new one.

use std::io;
use std::net::IpAddr;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker, ready};
use std::time::{Duration, Instant};

use actix_http::Protocol;
use actix_web::rt::time::{Sleep, sleep_until};
use exporter_runtime::{Refusal, WebMetrics};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The connections of an exporter, on every listener and in every worker.
#[derive(Clone, Debug)]
pub(crate) struct Connections(Arc<All>);

#[derive(Debug)]
struct All {
    max: usize,
    read_timeout: Duration,
    metrics: WebMetrics,
    listed: Mutex<Vec<Weak<Connection>>>,
    open: AtomicUsize,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Connections {
    /// At most `max` of them; a request has to arrive within `read_timeout`.
    pub(crate) fn new(max: usize, read_timeout: Duration, metrics: WebMetrics) -> Self {
        let (listed, open) = Default::default();
        Self(Arc::new(All { max, read_timeout, metrics, listed, open }))
    }

    /// Lists a new connection. Where there are too many, another one that waits for a request is ended; where every one
    /// has a request that is being answered, the new one is *surplus*.
    pub(crate) fn add(&self, peer: Option<IpAddr>) -> Arc<Connection> {
        let Self(all) = self;
        let open = all.open.fetch_add(1, Ordering::Relaxed) + 1;
        let mut listed = lock(&all.listed);
        let surplus = open > all.max && !make_room(&listed);
        let connection = Arc::new(Connection {
            peer,
            surplus,
            requests: AtomicUsize::new(0),
            in_flight: AtomicUsize::new(0),
            ended: AtomicBool::new(false),
            reader: Mutex::default(),
            times: Mutex::new(Times { last_used: Instant::now(), read_by: None, head_by: None }),
            all: Arc::clone(all),
        });
        if listed.len() == listed.capacity() {
            listed.retain(|connection| connection.strong_count() > 0);
        }
        listed.push(Arc::downgrade(&connection));
        connection
    }
}

/// Ends the connection that is least likely to be missed: of those that never had a request the oldest, else the one that
/// has been idle for the longest time.
fn make_room(listed: &[Weak<Connection>]) -> bool {
    let idle = listed.iter().filter_map(Weak::upgrade).filter(|connection| connection.is_idle());
    let least = idle.min_by_key(|connection| {
        (connection.requests.load(Ordering::Relaxed) > 0, lock(&connection.times).last_used)
    });
    least.inspect(|connection| connection.end()).is_some()
}

/// What is known of a connection besides its bytes.
#[derive(Debug)]
pub(crate) struct Connection {
    peer: Option<IpAddr>,
    surplus: bool,
    requests: AtomicUsize,
    in_flight: AtomicUsize,
    ended: AtomicBool,
    /// Who waits for bytes to read.
    reader: Mutex<Option<Waker>>,
    times: Mutex<Times>,
    all: Arc<All>,
}

#[derive(Debug)]
struct Times {
    last_used: Instant,
    /// When what was sent so far must have been read.
    read_by: Option<Instant>,
    /// When the request must be complete whose first bytes have arrived.
    head_by: Option<Instant>,
}

impl Connection {
    /// The address at the other end; none for Unix sockets.
    pub(crate) fn peer(&self) -> Option<IpAddr> {
        self.peer
    }

    /// Whether it is one too many, on which there are no pages.
    pub(crate) fn is_surplus(&self) -> bool {
        self.surplus
    }

    fn is_idle(&self) -> bool {
        self.in_flight.load(Ordering::Relaxed) == 0 && !self.ended.load(Ordering::Relaxed)
    }

    /// An answer is ready: ends the connection if it is not read within `patience`, of several the longest.
    pub(crate) fn expect_reader(&self, patience: Duration) {
        let read_by = Instant::now() + patience;
        let mut times = lock(&self.times);
        times.read_by = Some(times.read_by.map_or(read_by, |other| other.max(read_by)));
    }

    /// The same, where nothing shorter was said of this answer.
    pub(crate) fn expect_any_reader(&self, patience: Duration) {
        lock(&self.times).read_by.get_or_insert_with(|| Instant::now() + patience);
    }

    /// A request arrived on it. It is not ended to make room until what is returned is dropped.
    pub(crate) fn request(self: &Arc<Self>) -> RequestOn {
        let mut times = lock(&self.times);
        self.requests.fetch_add(1, Ordering::Relaxed);
        if self.in_flight.fetch_add(1, Ordering::Relaxed) == 0 {
            times.read_by = None;
        }
        times.head_by = None;
        drop(times);
        RequestOn(Arc::clone(self))
    }

    /// When the connection is to be ended because of what has not come, or has not been read.
    fn deadline(&self) -> Option<(Instant, Option<Refusal>)> {
        let times = lock(&self.times);
        let head = times.head_by.map(|head_by| (head_by, Some(Refusal::ReadTimeout)));
        // In HTTP/2, an answer can be held up though the socket takes more.
        head.or(times.read_by.filter(|_| !self.is_idle()).map(|read_by| (read_by, None)))
    }

    /// Bytes arrived; where no request is being answered, they are the beginning of one.
    fn bytes_arrived(&self) {
        if self.requests.load(Ordering::Relaxed) > 0 && self.is_idle() {
            let head_by = Instant::now() + self.all.read_timeout;
            lock(&self.times).head_by.get_or_insert(head_by);
        }
    }

    fn end(&self) {
        self.ended.store(true, Ordering::Relaxed);
        if let Some(reader) = lock(&self.reader).take() {
            reader.wake();
        }
    }

    /// Completes when the connection is to be ended.
    pub(crate) async fn ended(&self) {
        std::future::poll_fn(|context| self.poll_ended(context)).await;
    }

    fn poll_ended(&self, context: &Context<'_>) -> Poll<()> {
        let mut reader = lock(&self.reader);
        // Under the lock: who ends it takes the waker afterwards.
        if self.ended.load(Ordering::Relaxed) {
            return Poll::Ready(());
        }
        if !reader.as_ref().is_some_and(|reader| reader.will_wake(context.waker())) {
            *reader = Some(context.waker().clone());
        }
        Poll::Pending
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.all.open.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A request of a connection, until its answer was sent or given up.
#[derive(Debug)]
pub(crate) struct RequestOn(Arc<Connection>);

impl Drop for RequestOn {
    fn drop(&mut self) {
        let Self(connection) = self;
        lock(&connection.times).last_used = Instant::now();
        connection.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The bytes of a connection.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin {}

impl<T: AsyncRead + AsyncWrite + Unpin> Stream for T {}

/// What the web server answers by itself where a request does not arrive in time.
const TIMED_OUT: &[u8] = b"HTTP/1.1 408 ";

/// A connection as the web server sees it.
pub(crate) struct Socket {
    stream: Box<dyn Stream>,
    connection: Arc<Connection>,
    /// Whether its bytes are those of requests and nothing else: in HTTP/2, there are others.
    bare: bool,
    /// Runs while the other end takes no more bytes.
    stalled: Option<Pin<Box<Sleep>>>,
    /// Runs while the rest of a request is to come, or an answer to be read.
    waiting: Option<Pin<Box<Sleep>>>,
}

impl Socket {
    pub(crate) fn new(
        stream: impl Stream + 'static,
        protocol: Protocol,
        connection: Arc<Connection>,
    ) -> Self {
        let bare = protocol == Protocol::Http1;
        Self { stream: Box::new(stream), connection, bare, stalled: None, waiting: None }
    }

    pub(crate) fn connection(&self) -> &Arc<Connection> {
        &self.connection
    }

    /// Completes when the rest of a request should have come, or the answer should have been read. The web server looks at
    /// the first request of a connection only, and answers it.
    fn poll_late(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Some((deadline, refusal)) = self.connection.deadline() else {
            self.waiting = None;
            return Poll::Pending;
        };
        let waiting = self.waiting.get_or_insert_with(|| Box::pin(sleep_until(deadline.into())));
        if waiting.deadline() != deadline.into() {
            waiting.as_mut().reset(deadline.into());
        }
        ready!(waiting.as_mut().poll(context));
        if let Some(refusal) = refusal {
            self.connection.all.metrics.refused(refusal);
        }
        self.connection.ended.store(true, Ordering::Relaxed);
        Poll::Ready(Err(late()))
    }

    /// Passes the outcome of a write on. Where the other end takes no more, that is an error once it should have read
    /// what it got.
    fn written<T>(
        &mut self,
        outcome: Poll<io::Result<T>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        if outcome.is_ready() {
            self.stalled = None;
            return outcome;
        }
        let Some(read_by) = lock(&self.connection.times).read_by else { return Poll::Pending };
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep_until(read_by.into())));
        if stalled.deadline() != read_by.into() {
            stalled.as_mut().reset(read_by.into());
        }
        ready!(stalled.as_mut().poll(context));
        Poll::Ready(Err(late()))
    }
}

fn late() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, "the client does not read, or does not send")
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let outcome = pin!(&mut *self.stream).poll_read(context, buffer);
        if outcome.is_ready() {
            if self.bare && buffer.filled().len() > before {
                self.connection.bytes_arrived();
            }
            return outcome;
        }
        // Ended, it looks as if the other end had closed it.
        if self.connection.poll_ended(context).is_ready() {
            return Poll::Ready(Ok(()));
        }
        self.poll_late(context)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if bytes.starts_with(TIMED_OUT) {
            self.connection.all.metrics.refused(Refusal::ReadTimeout);
        }
        let outcome = pin!(&mut *self.stream).poll_write(context, bytes);
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
        self.written(outcome, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
