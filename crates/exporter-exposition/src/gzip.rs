//! gzip, with compressors that are used again: making one costs more than compressing a small page.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use exporter_deflate::Deflater;
use flate2::{Compress, Compression, FlushCompress, Status};

use crate::format::AcceptEncoding;

/// Below this, a page is sent as it is: compressing it would cost more than the bytes that are saved.
const SMALLEST: usize = 2048;

/// How pages are compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GzipMethod {
    /// By comparing each line with the one before it: half of zlib's time or less.
    #[default]
    Lines,
    /// By zlib, at its level 2: smaller than level 1 by a third, where higher levels save little.
    Zlib,
}

/// The compressors of an exporter, those that nothing uses. Clones are the same pool.
#[derive(Clone, Debug, Default)]
pub struct Compressors {
    method: GzipMethod,
    idle: Arc<Mutex<Vec<Engine>>>,
}

/// More than these are leftovers of a crowd.
const KEPT: usize = 4;

enum Engine {
    Zlib(Compress),
    Lines(Box<Deflater>),
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Engine")
    }
}

impl Compressors {
    /// Compressors of this kind.
    pub fn new(method: GzipMethod) -> Self {
        Self { method, idle: Arc::default() }
    }

    /// Begins a compressed page of so many bytes, or more, for a client that takes this. `None` where it is to be sent as it
    /// is: to those who do not take gzip, and where it is small, unless only gzip is taken.
    pub fn begin_for(&self, accepted: AcceptEncoding, size: usize) -> Option<Gzip> {
        let worth_it = size >= SMALLEST || !accepted.identity;
        (accepted.gzip && worth_it).then(|| self.begin())
    }

    /// Begins a compressed page.
    pub fn begin(&self) -> Gzip {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let engine = idle.unwrap_or_else(|| match self.method {
            GzipMethod::Zlib => Engine::Zlib(Compress::new_gzip(LEVEL, WINDOW_BITS)),
            GzipMethod::Lines => Engine::Lines(Box::default()),
        });
        Gzip { engine: Some(engine), home: self.clone() }
    }
}

const LEVEL: Compression = Compression::new(2);
const WINDOW_BITS: u8 = 15;

/// A page that is being compressed.
#[derive(Debug)]
pub struct Gzip {
    /// `None` once it is on its way home.
    engine: Option<Engine>,
    home: Compressors,
}

impl Gzip {
    /// Compresses what comes next of a page, and where it is the `last`, ends it. What of it can be sent already is
    /// appended to `out`.
    ///
    /// # Panics
    ///
    /// Never: the compressor refuses no input.
    pub fn write(&mut self, text: &[u8], last: bool, out: &mut Vec<u8>) {
        match &mut self.engine {
            Some(Engine::Zlib(compress)) => by_zlib(compress, text, last, out),
            Some(Engine::Lines(deflater)) => deflater.write(text, last, out),
            None => {}
        }
    }
}

fn by_zlib(compress: &mut Compress, mut text: &[u8], last: bool, out: &mut Vec<u8>) {
    let flush = if last { FlushCompress::Finish } else { FlushCompress::None };
    loop {
        if out.capacity() - out.len() < 1024 {
            out.reserve(16 * 1024);
        }
        let before = compress.total_in();
        let status = compress.compress_vec(text, out, flush).expect("any input can be compressed");
        let taken = usize::try_from(compress.total_in() - before).unwrap_or(text.len());
        text = &text[taken..];
        let done = if last { status == Status::StreamEnd } else { text.is_empty() };
        if done {
            return;
        }
    }
}

impl Drop for Gzip {
    fn drop(&mut self) {
        let Some(mut engine) = self.engine.take() else { return };
        match &mut engine {
            Engine::Zlib(compress) => compress.reset(),
            Engine::Lines(deflater) => deflater.reset(),
        }
        let mut idle = self.home.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < KEPT {
            idle.push(engine);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use flate2::read::MultiGzDecoder;

    use super::*;

    fn unpacked(bytes: &[u8]) -> Vec<u8> {
        let mut text = Vec::new();
        MultiGzDecoder::new(bytes).read_to_end(&mut text).unwrap();
        text
    }

    #[test]
    fn pages_of_any_size_come_back_one_after_the_other() {
        for method in [GzipMethod::Zlib, GzipMethod::Lines] {
            pages_come_back(&Compressors::new(method));
        }
    }

    fn pages_come_back(compressors: &Compressors) {
        let line = b"http_requests_total{method=\"get\",code=\"200\"} 17\n";
        for lines in [0, 1, 10, 10_000, 3] {
            for pieces in [1, 2, 7] {
                let (mut gzip, mut out) = (compressors.begin(), Vec::new());
                let text = line.repeat(lines);
                let mut parts = text.chunks(text.len() / pieces + 1).peekable();
                while let Some(part) = parts.next() {
                    gzip.write(part, parts.peek().is_none(), &mut out);
                }
                if text.is_empty() {
                    gzip.write(b"", true, &mut out);
                }
                assert_eq!(unpacked(&out), text, "{lines} lines in {pieces} pieces");
            }
        }
    }

    #[test]
    fn a_page_that_was_left_unfinished_leaves_nothing_behind() {
        for method in [GzipMethod::Zlib, GzipMethod::Lines] {
            let compressors = Compressors::new(method);
            let mut out = Vec::new();
            compressors.begin().write(&b"x\n".repeat(50_000), false, &mut out);
            let mut out = Vec::new();
            compressors.begin().write(b"all", true, &mut out);
            assert_eq!(unpacked(&out), b"all");
        }
    }
}
