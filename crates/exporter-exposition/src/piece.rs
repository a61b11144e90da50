//! The buffer that a page goes through on its way out.

use exporter_sdk::__private::Pen;

/// A part of an encoded page. Its memory is meant to be used again for the next part, or the next page.
#[derive(Debug)]
pub struct Piece {
    bytes: Vec<u8>,
    filled: usize,
}

impl Piece {
    /// A piece with room for `size` bytes.
    pub fn new(size: usize) -> Self {
        Self { bytes: vec![0; size], filled: 0 }
    }

    /// Bytes of memory that it holds, filled or not.
    pub fn capacity(&self) -> usize {
        self.bytes.len()
    }

    pub(crate) fn clear(&mut self) {
        self.filled = 0;
    }

    /// Adds what `write` writes, all of it or nothing. Returns whether it was added: an empty piece grows until it is.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "the pen's place is to stay in a register")]
    pub(crate) fn write(&mut self, write: impl Fn(&mut Pen<'_>)) -> bool {
        loop {
            let mut pen = Pen::new(&mut self.bytes[self.filled..]);
            write(&mut pen);
            if let Some(left) = pen.left() {
                self.filled = self.bytes.len() - left;
                return true;
            }
            if self.filled > 0 {
                return false;
            }
            self.grow();
        }
    }

    #[cold]
    fn grow(&mut self) {
        let size = (self.bytes.len() * 2).max(64);
        self.bytes = vec![0; size];
    }
}

impl AsRef<[u8]> for Piece {
    fn as_ref(&self) -> &[u8] {
        &self.bytes[..self.filled]
    }
}
