//! A connection, besides its bytes: who is at the other end, what it waits for, and what ends it.
//!
//! actix-web ends connections whose requests do not arrive in time, and nothing else. So each connection can be ended from
//! outside: [`crate::socket`] does so to the bytes, and [`crate::connections`] knows all of them.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use exporter_runtime::Refusal;
use tokio::sync::Notify;

use crate::connections::All;
use crate::peer::Peer;

/// How many requests of one connection are answered at once. A scraper has one or two under way; in HTTP/2, one that
/// scrapes each collector by itself has a few.
pub(crate) const REQUESTS_AT_ONCE: usize = 32;

/// A connection with so many at once, those included that are being refused, is ended.
const TOO_MANY_AT_ONCE: usize = 2 * REQUESTS_AT_ONCE;

/// A connection on which so many requests in a row were refused is ended.
pub(crate) const REFUSALS_IN_A_ROW: usize = 16;

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What is known of a connection besides its bytes.
#[derive(Debug)]
pub(crate) struct Connection {
    peer: Peer,
    surplus: bool,
    requests: AtomicUsize,
    in_flight: AtomicUsize,
    refused_in_a_row: AtomicUsize,
    /// Whether a request was answered with something else than a refusal.
    served: AtomicBool,
    ended: AtomicBool,
    /// Whether the other end takes no more bytes.
    stalled: AtomicBool,
    /// Whether there are bytes that are looked at when no request is being answered any more.
    withheld: AtomicBool,
    /// When it last took bytes that it was slow to take, in milliseconds since the server started.
    moved: AtomicU64,
    /// Who waits for bytes to read.
    reader: Mutex<Option<Waker>>,
    /// Who works for a client that is gone.
    gone: Notify,
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
    pub(crate) fn new(peer: Peer, surplus: bool, all: Arc<All>) -> Self {
        let moved = AtomicU64::new(all.milliseconds());
        Self {
            peer,
            surplus,
            requests: AtomicUsize::default(),
            in_flight: AtomicUsize::default(),
            refused_in_a_row: AtomicUsize::default(),
            served: AtomicBool::default(),
            ended: AtomicBool::default(),
            stalled: AtomicBool::default(),
            withheld: AtomicBool::default(),
            moved,
            reader: Mutex::default(),
            gone: Notify::default(),
            times: Mutex::new(Times { last_used: Instant::now(), read_by: None, head_by: None }),
            all,
        }
    }

    pub(crate) fn peer(&self) -> Peer {
        self.peer
    }

    pub(crate) fn all(&self) -> &Arc<All> {
        &self.all
    }

    /// Whether it is one too many, on which there are no pages.
    pub(crate) fn is_surplus(&self) -> bool {
        self.surplus
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Relaxed)
    }

    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::Relaxed)
    }

    pub(crate) fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Relaxed)
    }

    pub(crate) fn was_served(&self) -> bool {
        self.served.load(Ordering::Relaxed)
    }

    pub(crate) fn last_used(&self) -> Instant {
        lock(&self.times).last_used
    }

    /// Since when its client has read nothing of what is there for it, in milliseconds since the server started.
    pub(crate) fn stuck_since(&self) -> Option<u64> {
        let unread = self.in_flight() > 0 && lock(&self.times).read_by.is_some();
        (unread || self.stalled.load(Ordering::Relaxed)).then(|| self.moved.load(Ordering::Relaxed))
    }

    /// The client read some of what is there for it.
    pub(crate) fn has_moved(&self) {
        self.moved.store(self.all.milliseconds(), Ordering::Relaxed);
    }

    /// The other end takes no more bytes, or takes some again.
    pub(crate) fn set_stalled(&self, stalled: bool) {
        self.has_moved();
        if self.stalled.swap(stalled, Ordering::Relaxed) != stalled {
            self.all.stalled(stalled);
        }
    }

    /// An answer is ready: ends the connection if it is not read within `patience`, of several the longest.
    pub(crate) fn expect_reader(&self, patience: Duration) {
        let read_by = Instant::now() + patience;
        let mut times = lock(&self.times);
        times.read_by = Some(times.read_by.map_or(read_by, |other| other.max(read_by)));
        drop(times);
        self.has_moved();
    }

    /// The same, where nothing shorter was said of this answer.
    pub(crate) fn expect_any_reader(&self, patience: Duration) {
        if lock(&self.times).read_by.is_none() {
            self.expect_reader(patience);
        }
    }

    pub(crate) fn read_by(&self) -> Option<Instant> {
        lock(&self.times).read_by
    }

    /// A request arrived on it. It is being answered until what is returned is dropped.
    pub(crate) fn request(self: &Arc<Self>) -> RequestOn {
        let mut times = lock(&self.times);
        self.requests.fetch_add(1, Ordering::Relaxed);
        let in_flight = self.in_flight.fetch_add(1, Ordering::Relaxed);
        if in_flight == 0 {
            times.read_by = None;
        }
        times.head_by = None;
        drop(times);
        if in_flight >= TOO_MANY_AT_ONCE {
            self.end_because(Refusal::Requests);
        }
        RequestOn(Arc::clone(self))
    }

    /// A request was answered, or refused. Whether this was one refusal too many, after which it should be closed.
    pub(crate) fn answered(&self, refused: bool) -> bool {
        if refused {
            self.refused_in_a_row.fetch_add(1, Ordering::Relaxed);
        } else {
            self.refused_in_a_row.store(0, Ordering::Relaxed);
            self.served.store(true, Ordering::Relaxed);
        }
        self.refused_in_a_row.load(Ordering::Relaxed) >= REFUSALS_IN_A_ROW
    }

    /// Ends it if its client does not wait for an answer before it asks again, and has had nothing but refusals.
    pub(crate) fn end_if_only_refused(&self) {
        if self.refused_in_a_row.load(Ordering::Relaxed) >= REFUSALS_IN_A_ROW
            && self.in_flight() > 1
        {
            self.end();
        }
    }

    /// When the request has to be there whose first bytes are, or that has to come because nothing else did yet.
    pub(crate) fn head_by(&self) -> Option<Instant> {
        lock(&self.times).head_by
    }

    /// A request has to be there in time.
    pub(crate) fn expect_request(&self) {
        let head_by = Instant::now() + self.all.read_timeout;
        lock(&self.times).head_by.get_or_insert(head_by);
    }

    /// That bytes are withheld until no request is being answered.
    pub(crate) fn withhold(&self) {
        self.withheld.store(true, Ordering::Relaxed);
    }

    /// Counts why, and ends it.
    pub(crate) fn end_because(&self, refusal: Refusal) {
        if !self.has_ended() {
            self.all.refusals.add(refusal, self.peer);
            self.end();
        }
    }

    pub(crate) fn end(&self) {
        if !self.ended.swap(true, Ordering::Relaxed) {
            self.all.one_less();
            self.gone.notify_waiters();
            self.wake_reader();
        }
    }

    fn wake_reader(&self) {
        if let Some(reader) = lock(&self.reader).take() {
            reader.wake();
        }
    }

    /// Completes when the connection is to be ended; for whoever reads from it, of whom there is one.
    pub(crate) async fn ended(&self) {
        std::future::poll_fn(|context| self.poll_ended(context)).await;
    }

    /// Completes when the connection has ended; for those who answer its requests.
    pub(crate) async fn gone(&self) {
        let gone = self.gone.notified();
        if !self.has_ended() {
            gone.await;
        }
    }

    pub(crate) fn poll_ended(&self, context: &Context<'_>) -> Poll<()> {
        let mut reader = lock(&self.reader);
        // Under the lock: who ends it takes the waker afterwards.
        if self.has_ended() {
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
        self.set_stalled(false);
        self.end();
    }
}

/// A request of a connection, until its answer was sent or given up.
#[derive(Debug)]
pub(crate) struct RequestOn(Arc<Connection>);

impl RequestOn {
    pub(crate) fn connection(&self) -> &Arc<Connection> {
        &self.0
    }
}

impl Drop for RequestOn {
    fn drop(&mut self) {
        let Self(connection) = self;
        lock(&connection.times).last_used = Instant::now();
        let last = connection.in_flight.fetch_sub(1, Ordering::Relaxed) == 1;
        if last && connection.withheld.swap(false, Ordering::Relaxed) {
            connection.wake_reader();
        }
    }
}
