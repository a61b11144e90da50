//! A page as the body of a response: whole where it fits one buffer, else piece by piece while it is sent.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use actix_web::body::{BodySize, MessageBody};
use bytes::Bytes;
use exporter_exposition::{Page, TextEncoder};
use exporter_runtime::WebMetrics;

/// The size of a piece. Larger ones save little and cost memory per connection.
const PIECE: usize = 64 * 1024;

/// Buffers that were sent and wait for the next piece.
#[derive(Clone, Debug, Default)]
pub(crate) struct Buffers(Arc<Mutex<Vec<Vec<u8>>>>);

/// More than these are leftovers of a crowd.
const KEPT: usize = 8;

impl Buffers {
    fn take(&self) -> Vec<u8> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default()
    }

    fn put(&self, mut buffer: Vec<u8>) {
        buffer.clear();
        buffer.shrink_to(2 * PIECE);
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < KEPT {
            kept.push(buffer);
        }
    }
}

/// A piece on its way to the socket; its buffer comes back when it has been sent.
struct Piece {
    buffer: Vec<u8>,
    home: Buffers,
}

impl AsRef<[u8]> for Piece {
    fn as_ref(&self) -> &[u8] {
        &self.buffer
    }
}

impl Drop for Piece {
    fn drop(&mut self) {
        self.home.put(std::mem::take(&mut self.buffer));
    }
}

/// The body of a response. It counts what it hands over, and the end of its request when it is dropped.
pub(crate) struct Body {
    web: WebMetrics,
    next: Option<Bytes>,
    /// What comes after `next`, for a page that does not fit one piece.
    rest: Option<(TextEncoder, Buffers)>,
    size: BodySize,
}

impl Body {
    pub(crate) fn text(text: impl Into<Bytes>, web: WebMetrics) -> Self {
        let text = text.into();
        let size = BodySize::Sized(text.len() as u64);
        Self { web, next: Some(text), rest: None, size }
    }

    pub(crate) fn page(page: Page, buffers: &Buffers, web: WebMetrics) -> Self {
        let mut encoder = TextEncoder::new(page);
        let (piece, more) = encode(&mut encoder, buffers);
        let size = if more { BodySize::Stream } else { BodySize::Sized(piece.len() as u64) };
        let rest = more.then(|| (encoder, buffers.clone()));
        Self { web, next: Some(piece), rest, size }
    }
}

fn encode(encoder: &mut TextEncoder, buffers: &Buffers) -> (Bytes, bool) {
    let mut buffer = buffers.take();
    let more = encoder.fill(&mut buffer, PIECE);
    (Bytes::from_owner(Piece { buffer, home: buffers.clone() }), more)
}

impl MessageBody for Body {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        self.size
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Infallible>>> {
        let piece = self.next.take().or_else(|| {
            let (encoder, buffers) = self.rest.as_mut()?;
            let (piece, more) = encode(encoder, buffers);
            if !more {
                self.rest = None;
            }
            Some(piece)
        });
        if let Some(piece) = &piece {
            self.web.sent(piece.len());
        }
        // An empty piece would end a chunked body; only a page without families is empty, and that is not chunked.
        Poll::Ready(piece.filter(|piece| !piece.is_empty()).map(Ok))
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        self.web.end();
    }
}
