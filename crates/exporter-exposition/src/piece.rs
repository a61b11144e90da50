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
    pub(crate) fn write(&mut self, write: impl Fn(&mut Pen<'_>)) -> bool {
        self.write_lines(|pen| {
            write(pen);
            let written = pen.written();
            (written.unwrap_or_default(), written.is_some())
        })
    }

    /// Adds of what `write` writes as many bytes as it then says, and says itself whether that is all there is. If not even a
    /// line fits an empty piece, it grows until it does.
    pub(crate) fn write_lines(
        &mut self,
        mut write: impl FnMut(&mut Pen<'_>) -> (usize, bool),
    ) -> bool {
        loop {
            let mut pen = Pen::new(&mut self.bytes[self.filled..]);
            let (written, finished) = write(&mut pen);
            self.filled += written;
            if finished || self.filled > 0 {
                return finished;
            }
            self.bytes = vec![0; (self.bytes.len() * 2).max(64)];
        }
    }
}

impl AsRef<[u8]> for Piece {
    fn as_ref(&self) -> &[u8] {
        &self.bytes[..self.filled]
    }
}
