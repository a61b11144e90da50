//! Panics of collectors as values: of a call, and of a future, its destructor included.
//!
//! Where one was thrown is known to the panic hook alone, which leaves it here. So a panic is told with the failure of its
//! run, once, and not by the hook at every scrape.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use exporter_sdk::Stop;

thread_local! {
    /// How many calls of [`catch`] this thread is in.
    static DEPTH: Cell<u32> = const { Cell::new(0) };
    /// Where the last panic within them was thrown.
    static LOCATION: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// For a panic hook: whether a collector panicked. The exporter tells of that itself, when it is news.
pub fn is_panic_of_collector(panic: &PanicHookInfo<'_>) -> bool {
    let within = DEPTH.get() > 0;
    if within {
        LOCATION.replace(panic.location().map(ToString::to_string));
    }
    within
}

/// What was thrown, and where.
#[derive(Debug)]
pub(crate) struct Thrown {
    payload: Box<dyn Any + Send>,
    location: Option<String>,
}

impl Thrown {
    /// The end of a run at its limits, if it was that.
    pub(crate) fn stop(&self) -> Option<Stop> {
        Stop::of(self.payload.as_ref())
    }
}

impl fmt::Display for Thrown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.payload.downcast_ref::<&str>().copied();
        let text = text.or_else(|| self.payload.downcast_ref::<String>().map(String::as_str));
        f.write_str(text.unwrap_or("panicked"))?;
        match &self.location {
            Some(location) => write!(f, " (panicked at {location})"),
            None => Ok(()),
        }
    }
}

/// Calls a collector.
pub(crate) fn catch<T>(call: impl FnOnce() -> T) -> Result<T, Thrown> {
    DEPTH.set(DEPTH.get() + 1);
    LOCATION.replace(None);
    let caught = catch_unwind(AssertUnwindSafe(call));
    DEPTH.set(DEPTH.get() - 1);
    caught.map_err(|payload| Thrown { payload, location: LOCATION.take() })
}

/// Polls `F`, and drops it as soon as it has ended, both where panics are caught.
pub(crate) struct Caught<F>(Option<Pin<Box<F>>>);

impl<F> Caught<F> {
    pub(crate) fn new(future: F) -> Self {
        Self(Some(Box::pin(future)))
    }
}

impl<F: Future> Future for Caught<F> {
    type Output = Result<F::Output, Thrown>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let place = &mut self.0;
        let polled = catch(|| {
            place.as_mut().expect("a future is not polled after its end").as_mut().poll(context)
        });
        if matches!(polled, Ok(Poll::Pending)) {
            return Poll::Pending;
        }
        let dropped = catch(|| drop(place.take()));
        Poll::Ready(match (polled, dropped) {
            (Ok(Poll::Ready(value)), Ok(())) => Ok(value),
            (Err(thrown), _) | (_, Err(thrown)) => Err(thrown),
            (Ok(Poll::Pending), Ok(())) => return Poll::Pending,
        })
    }
}
