//! A whole page as one answer, for applications that have a web server already.

use std::borrow::Cow;

use exporter_exposition::{AcceptEncoding, ContentType, Encoder, Format, Piece};

use crate::registry::{Registry, Scraped};
use crate::request::{BadRequest, ScrapeRequest, TIMEOUT_HEADER};

/// The answer to a scrape, to be served by any web framework.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// The HTTP status: 200; 400 for a query that makes no sense; 500 where a collector failed without which there is to
    /// be no page.
    pub status: u16,
    /// The `Content-Type` header. It depends on the request's `Accept`.
    pub content_type: Cow<'static, str>,
    /// The `Content-Encoding` header, if the body is compressed, as the request's `Accept-Encoding` may allow.
    pub content_encoding: Option<&'static str>,
    /// The body.
    pub body: Vec<u8>,
}

impl Registry {
    /// Answers a scrape, on a tokio runtime: `query` is that of the request's URL, and `header` looks up one of its
    /// headers by name.
    pub async fn render<'h>(
        &self,
        query: &str,
        header: impl Fn(&str) -> Option<&'h str>,
    ) -> Rendered {
        match self.request(query, &header) {
            Ok(request) => self.rendered(self.scrape(&request).await, header),
            Err(error) => Rendered::text(400, format!("400: {error}\n")),
        }
    }

    /// Like [`render`](Self::render), on a thread that may block.
    pub fn render_blocking<'h>(
        &self,
        query: &str,
        header: impl Fn(&str) -> Option<&'h str>,
    ) -> Rendered {
        match self.request(query, &header) {
            Ok(request) => self.rendered(self.scrape_blocking(&request), header),
            Err(error) => Rendered::text(400, format!("400: {error}\n")),
        }
    }

    fn request<'h>(
        &self,
        query: &str,
        header: &impl Fn(&str) -> Option<&'h str>,
    ) -> Result<ScrapeRequest, BadRequest> {
        let request = ScrapeRequest::from_query(query, self.catalog())?;
        Ok(request.with_timeout(header(TIMEOUT_HEADER)))
    }

    fn rendered<'h>(&self, scraped: Scraped, header: impl Fn(&str) -> Option<&'h str>) -> Rendered {
        if let Some(failures) = scraped.refusal() {
            return Rendered::text(500, failures);
        }
        let content_type = self.negotiate(header("Accept").unwrap_or_default());
        let mut body = scraped.into_bytes(content_type.format);
        let accepted = AcceptEncoding::read(header("Accept-Encoding").unwrap_or_default());
        let gzip = self.gzip(accepted, body.len());
        let content_encoding = gzip.is_some().then_some("gzip");
        if let Some(mut gzip) = gzip {
            let mut packed = Vec::with_capacity(body.len() / 4);
            gzip.write(&body, true, &mut packed);
            body = packed;
        }
        Rendered { status: 200, content_type: content_type.header(), content_encoding, body }
    }

    /// What a page is sent as to a scraper with this `Accept` header.
    pub fn negotiate(&self, accept: &str) -> ContentType {
        ContentType::negotiate(accept, self.options().openmetrics)
    }
}

/// Large enough for most pages; the body grows by as much for larger ones.
const PIECE: usize = 64 * 1024;

impl Scraped {
    /// The page in text format 0.0.4, whatever is missing on it.
    pub fn into_text(self) -> Vec<u8> {
        self.into_bytes(Format::Text)
    }

    fn into_bytes(self, format: Format) -> Vec<u8> {
        let (mut encoder, mut piece) = (Encoder::new(self.page, format), Piece::new(PIECE));
        let mut text = Vec::new();
        while encoder.fill(&mut piece) {
            text.extend_from_slice(piece.as_ref());
        }
        text.extend_from_slice(piece.as_ref());
        text
    }
}

impl Rendered {
    fn text(status: u16, text: String) -> Self {
        let content_type = "text/plain; charset=utf-8".into();
        Self { status, content_type, content_encoding: None, body: text.into_bytes() }
    }
}
