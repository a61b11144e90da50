//! gzip for text whose lines resemble one another, such as exposition pages.
//!
//! General compressors look for what was there before with hash tables and chains, byte by byte. On a page of metrics the
//! answer is known: each line says what the line before it says, but for some label values and the sample's value. So a
//! line is compared with the one before, from the beginning, and again behind each quote; what is equal becomes one match,
//! the rest literals. Only where that finds nothing (help texts, the first line of a family) a small hash table is asked.
//! Each piece is a block of its own with its own Huffman codes, and refers to nothing outside of it.
//!
//! ```
//! let mut deflater = exporter_deflate::Deflater::new();
//! let mut page = Vec::new();
//! deflater.write(b"up{job=\"a\"} 1\nup{job=\"b\"} 1\n", true, &mut page);
//! assert_eq!(page[..2], [0x1f, 0x8b]);
//! ```
//!
//! See RFC 1951 (DEFLATE) and RFC 1952 (gzip).

#![forbid(unsafe_code)]

mod bits;
mod block;
mod huffman;
mod matches;
mod symbols;

use crate::bits::BitWriter;
use crate::block::Coder;
use crate::matches::Matcher;

/// Compresses one page after the other, and keeps its memory between them.
#[derive(Debug, Default)]
pub struct Deflater {
    matcher: Matcher,
    coder: Coder,
    bits: BitWriter,
    crc: crc32fast::Hasher,
    length: u32,
    begun: bool,
}

/// No name, no time, an unknown system.
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];

impl Deflater {
    /// A compressor at the beginning of a page.
    pub fn new() -> Self {
        Self::default()
    }

    /// Compresses what comes next of a page, and where it is the `last`, ends it; the next call begins another. What of it
    /// can be sent already is appended to `out`.
    ///
    /// A piece should have some tens of kilobytes or more, and end with a line, unless the page is smaller.
    pub fn write(&mut self, text: &[u8], last: bool, out: &mut Vec<u8>) {
        if !self.begun {
            out.extend_from_slice(&HEADER);
            self.begun = true;
        }
        self.crc.update(text);
        // As the format has it, modulo 2^32.
        #[expect(clippy::cast_possible_truncation, reason = "modulo 2^32")]
        let length = text.len() as u32;
        self.length = self.length.wrapping_add(length);
        let mut blocks = text.chunks(LARGEST).peekable();
        while let Some(block) = blocks.next() {
            let tokens = self.matcher.run(block);
            self.coder.write(block, tokens, last && blocks.peek().is_none(), &mut self.bits, out);
        }
        if last {
            if text.is_empty() {
                block::write_empty(&mut self.bits, out);
            }
            self.end(out);
        }
    }

    /// Forgets a page that was begun.
    pub fn reset(&mut self) {
        self.bits = BitWriter::default();
        self.crc.reset();
        self.length = 0;
        self.begun = false;
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        self.bits.end(out);
        out.extend_from_slice(&self.crc.clone().finalize().to_le_bytes());
        out.extend_from_slice(&self.length.to_le_bytes());
        self.reset();
    }
}

/// The largest block: positions within it have to fit 32 bits, and its tokens in memory.
const LARGEST: usize = 1 << 20;
