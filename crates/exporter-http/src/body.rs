//! A page as the body of a response: whole where it fits one buffer, else piece by piece while it is sent.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use actix_web::body::{BodySize, MessageBody};
use bytes::Bytes;
use exporter_exposition::{Encoder, Format, Gzip, Page, Piece};
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

/// A count of what is being done, each for as long as what [`Count::one_more`] returns is kept.
#[derive(Clone, Debug, Default)]
pub(crate) struct Count(Arc<AtomicUsize>);

impl Count {
    /// Counts one more if there are fewer than `max`, or if `make_room` makes an end of another one.
    pub(crate) fn one_more(&self, max: usize, make_room: impl FnOnce() -> bool) -> Option<Counted> {
        let before = self.0.fetch_add(1, Ordering::Relaxed);
        let counted = Counted(self.clone());
        (before < max || make_room()).then_some(counted)
    }
}

/// One of a count.
#[derive(Debug)]
pub(crate) struct Counted(Count);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A page on its way out.
struct Outgoing {
    encoder: Encoder,
    pieces: Pieces,
    gzip: Option<Gzip>,
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
    /// What compresses a page of so many bytes, or more, if anything is to.
    pub(crate) gzip: &'a dyn Fn(usize) -> Option<Gzip>,
    /// That there was room for a page.
    pub(crate) held: Counted,
}

/// What lasts as long as a request does.
pub(crate) struct Request {
    _in_flight: RequestInFlight,
    on: Option<RequestOn>,
    /// Whether only the head of the answer is wanted.
    is_head: bool,
    /// There for scrapes only.
    scrape: Option<Counted>,
}

impl Request {
    /// `on` is there where the connection is known.
    pub(crate) fn begin(web: &WebMetrics, on: Option<RequestOn>, is_head: bool) -> Self {
        Self { _in_flight: web.begin(), on, is_head, scrape: None }
    }

    pub(crate) fn connection(&self) -> Option<&Connection> {
        self.on.as_ref().map(|on| &**on.connection())
    }

    /// Counts it among the scrapes.
    pub(crate) fn is_scrape(&mut self, scrape: Counted) {
        self.scrape = Some(scrape);
    }
}

/// The body of a response. It counts what it hands over; its request is over when it is dropped.
pub(crate) struct Body {
    web: WebMetrics,
    next: Option<Bytes>,
    /// What comes after `next`, for a page that does not fit one piece.
    rest: Option<Outgoing>,
    size: BodySize,
    request: Request,
    /// For pages only.
    _held: Option<Counted>,
}

impl Body {
    pub(crate) fn text(text: impl Into<Bytes>, web: WebMetrics, request: Request) -> Self {
        let text = text.into();
        let size = BodySize::Sized(text.len() as u64);
        Self::new(text, None, size, web, request, None)
    }

    /// The body of a page, and whether it is compressed: a small one is not.
    pub(crate) fn page(
        page: Page,
        sending: Sending<'_>,
        web: WebMetrics,
        request: Request,
    ) -> (Self, bool) {
        let encoder = Encoder::new(page, sending.format);
        let mut outgoing = Outgoing { encoder, pieces: sending.pieces.clone(), gzip: None };
        let mut piece = outgoing.pieces.take();
        let more = outgoing.encoder.fill(&mut piece);
        let text = Lent { piece: Some(piece), home: outgoing.pieces.clone() };
        outgoing.gzip = (sending.gzip)(if more { usize::MAX } else { text.as_ref().len() });
        let packed = outgoing.gzip.is_some();
        let (next, more) =
            if packed { outgoing.packed(text, more) } else { (Bytes::from_owner(text), more) };
        let size = if more { BodySize::Stream } else { BodySize::Sized(next.len() as u64) };
        let rest = more.then_some(outgoing);
        (Self::new(next, rest, size, web, request, Some(sending.held)), packed)
    }

    /// Whether all of it is there.
    pub(crate) fn is_whole(&self) -> bool {
        self.rest.is_none()
    }

    fn new(
        next: Bytes,
        rest: Option<Outgoing>,
        size: BodySize,
        web: WebMetrics,
        request: Request,
        held: Option<Counted>,
    ) -> Self {
        // The web server would take all of it, and throw it away.
        let (next, rest) = if request.is_head { (None, None) } else { (Some(next), rest) };
        Self { web, next, rest, size, request, _held: held }
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
            if let Some(connection) = self.request.connection() {
                connection.has_moved();
            }
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
