//! A future whose panics are values, those of its destructor included.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

/// What was thrown.
pub(crate) type Payload = Box<dyn Any + Send>;

/// Polls `F`, and drops it as soon as it has ended, both where panics are caught.
pub(crate) struct Caught<F>(Option<Pin<Box<F>>>);

impl<F> Caught<F> {
    pub(crate) fn new(future: F) -> Self {
        Self(Some(Box::pin(future)))
    }
}

impl<F: Future> Future for Caught<F> {
    type Output = Result<F::Output, Payload>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let place = &mut self.0;
        let polled = catch_unwind(AssertUnwindSafe(|| {
            place.as_mut().expect("a future is not polled after its end").as_mut().poll(context)
        }));
        if matches!(polled, Ok(Poll::Pending)) {
            return Poll::Pending;
        }
        let dropped = catch_unwind(AssertUnwindSafe(|| drop(place.take())));
        Poll::Ready(match (polled, dropped) {
            (Ok(Poll::Ready(value)), Ok(())) => Ok(value),
            (Err(payload), _) | (_, Err(payload)) => Err(payload),
            (Ok(Poll::Pending), Ok(())) => return Poll::Pending,
        })
    }
}
