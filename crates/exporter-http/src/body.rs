//! A page as the body of a response: whole where it fits one buffer, else piece by piece while it is sent.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use actix_web::body::{BodySize, MessageBody};
use bytes::Bytes;
use exporter_exposition::{Page, Piece, TextEncoder};
use exporter_runtime::{RequestInFlight, WebMetrics};

/// The size of a piece. Every piece that is sent wakes the scraper up, which costs more than encoding 64 KiB; larger ones
/// than this fall out of the processor's cache before they are sent.
const PIECE: usize = 512 * 1024;

/// Pieces that were sent and wait to be filled again.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pieces(Arc<Mutex<Vec<Piece>>>);

/// More than these are leftovers of a crowd.
const KEPT: usize = 4;

impl Pieces {
    fn take(&self) -> Piece {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        kept.unwrap_or_else(|| Piece::new(PIECE))
    }

    fn put(&self, piece: Piece) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A piece that had to grow for a single line would hold that memory for ever.
        if kept.len() < KEPT && piece.capacity() == PIECE {
            kept.push(piece);
        }
    }
}

/// A piece on its way to the socket; it comes back when it has been sent.
struct Lent {
    piece: Option<Piece>,
    home: Pieces,
}

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        self.piece.as_ref().map_or(&[], Piece::as_ref)
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(piece) = self.piece.take() {
            self.home.put(piece);
        }
    }
}

/// How many pages may wait for their readers at once. Each can be of another run, and holds that run's samples.
pub(crate) const MAX_HELD: usize = 128;

/// A count of what is being done, each for as long as a clone of this is kept.
#[derive(Clone, Debug, Default)]
pub(crate) struct Count(Arc<()>);

impl Count {
    /// How many there are, one that is about to be done included.
    pub(crate) fn with_one_more(&self) -> usize {
        Arc::strong_count(&self.0)
    }
}

/// What follows the first piece of a page.
struct Rest {
    encoder: TextEncoder,
    pieces: Pieces,
    _held: Count,
}

/// What lasts as long as a request does.
pub(crate) struct Request {
    _in_flight: RequestInFlight,
    /// There for scrapes only.
    scrape: Option<Count>,
}

impl Request {
    pub(crate) fn begin(web: &WebMetrics) -> Self {
        Self { _in_flight: web.begin(), scrape: None }
    }

    /// Counts it among the scrapes.
    pub(crate) fn is_scrape(&mut self, scrapes: &Count) {
        self.scrape = Some(scrapes.clone());
    }
}

/// The body of a response. It counts what it hands over; its request is over when it is dropped.
pub(crate) struct Body {
    web: WebMetrics,
    next: Option<Bytes>,
    /// What comes after `next`, for a page that does not fit one piece.
    rest: Option<Rest>,
    size: BodySize,
    _request: Request,
}

impl Body {
    pub(crate) fn text(text: impl Into<Bytes>, web: WebMetrics, request: Request) -> Self {
        let text = text.into();
        let size = BodySize::Sized(text.len() as u64);
        Self { web, next: Some(text), rest: None, size, _request: request }
    }

    pub(crate) fn page(
        page: Page,
        pieces: &Pieces,
        held: &Count,
        web: WebMetrics,
        request: Request,
    ) -> Self {
        let mut encoder = TextEncoder::new(page);
        let (piece, more) = encode(&mut encoder, pieces);
        let size = if more { BodySize::Stream } else { BodySize::Sized(piece.len() as u64) };
        let rest = more.then(|| Rest { encoder, pieces: pieces.clone(), _held: held.clone() });
        Self { web, next: Some(piece), rest, size, _request: request }
    }
}

fn encode(encoder: &mut TextEncoder, pieces: &Pieces) -> (Bytes, bool) {
    let mut piece = pieces.take();
    let more = encoder.fill(&mut piece);
    (Bytes::from_owner(Lent { piece: Some(piece), home: pieces.clone() }), more)
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
            let Rest { encoder, pieces, .. } = self.rest.as_mut()?;
            let (piece, more) = encode(encoder, pieces);
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
