//! A page as the body of a response: whole where it fits one buffer, else piece by piece while it is sent.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use actix_web::body::{BodySize, MessageBody};
use bytes::Bytes;
use exporter_exposition::{Compressors, Encoder, Format, Gzip, Page, Piece, SMALLEST};
use exporter_runtime::{RequestInFlight, WebMetrics};

use crate::connection::{Connection, RequestOn};

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

/// A page on its way out.
struct Outgoing {
    encoder: Encoder,
    pieces: Pieces,
    gzip: Option<Gzip>,
    _held: Count,
}

/// Compressed bytes are sent when there are as many, or at the end.
const PACKED: usize = 64 * 1024;

impl Outgoing {
    /// What is sent next, and whether more follows.
    fn next(&mut self) -> (Bytes, bool) {
        let mut piece = self.pieces.take();
        let more = self.encoder.fill(&mut piece);
        let text = Lent { piece: Some(piece), home: self.pieces.clone() };
        if self.gzip.is_some() { self.packed(text, more) } else { (Bytes::from_owner(text), more) }
    }

    /// The same, compressed, beginning with `text`.
    fn packed(&mut self, mut text: Lent, mut more: bool) -> (Bytes, bool) {
        let mut packed = Vec::with_capacity(text.as_ref().len().min(PACKED) + 1024);
        while let Some(gzip) = &mut self.gzip {
            gzip.write(text.as_ref(), !more, &mut packed);
            if !more || packed.len() >= PACKED {
                break;
            }
            if let Some(piece) = &mut text.piece {
                more = self.encoder.fill(piece);
            }
        }
        (packed.into(), more)
    }
}

/// How a page is to be sent.
pub(crate) struct Sending<'a> {
    pub(crate) format: Format,
    pub(crate) pieces: &'a Pieces,
    /// Where the reader takes gzip.
    pub(crate) compressors: Option<&'a Compressors>,
    pub(crate) held: &'a Count,
}

/// What lasts as long as a request does.
pub(crate) struct Request {
    _in_flight: RequestInFlight,
    _on: Option<RequestOn>,
    /// There for scrapes only.
    scrape: Option<Count>,
}

impl Request {
    pub(crate) fn begin(web: &WebMetrics, connection: Option<&Arc<Connection>>) -> Self {
        let on = connection.map(Connection::request);
        Self { _in_flight: web.begin(), _on: on, scrape: None }
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
    rest: Option<Outgoing>,
    size: BodySize,
    _request: Request,
}

impl Body {
    pub(crate) fn text(text: impl Into<Bytes>, web: WebMetrics, request: Request) -> Self {
        let text = text.into();
        let size = BodySize::Sized(text.len() as u64);
        Self { web, next: Some(text), rest: None, size, _request: request }
    }

    /// The body of a page, and whether it is compressed: a small one is not.
    pub(crate) fn page(
        page: Page,
        sending: &Sending<'_>,
        web: WebMetrics,
        request: Request,
    ) -> (Self, bool) {
        let encoder = Encoder::new(page, sending.format);
        let (pieces, held) = (sending.pieces.clone(), sending.held.clone());
        let mut outgoing = Outgoing { encoder, pieces, gzip: None, _held: held };
        let mut piece = outgoing.pieces.take();
        let more = outgoing.encoder.fill(&mut piece);
        let text = Lent { piece: Some(piece), home: outgoing.pieces.clone() };
        let large = more || text.as_ref().len() >= SMALLEST;
        outgoing.gzip = sending.compressors.filter(|_| large).map(Compressors::begin);
        let packed = outgoing.gzip.is_some();
        let (next, more) =
            if packed { outgoing.packed(text, more) } else { (Bytes::from_owner(text), more) };
        let size = if more { BodySize::Stream } else { BodySize::Sized(next.len() as u64) };
        let rest = more.then_some(outgoing);
        (Self { web, next: Some(next), rest, size, _request: request }, packed)
    }
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
            let (piece, more) = self.rest.as_mut()?.next();
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
