//! Bits in the order of DEFLATE: the first is the lowest of the first byte.

/// Bits that do not yet fill a byte.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct BitWriter {
    pub(crate) held: u64,
    pub(crate) count: u32,
}

impl BitWriter {
    /// Appends the lowest `count` bits of `bits`, 32 at most, all others of which are 0.
    pub(crate) fn put(&mut self, bits: u32, count: u32, out: &mut Vec<u8>) {
        self.held |= u64::from(bits) << self.count;
        self.count += count;
        while self.count >= 8 {
            out.push(self.held.to_le_bytes()[0]);
            self.held >>= 8;
            self.count -= 8;
        }
    }

    /// Fills the last byte with zeros.
    pub(crate) fn end(&mut self, out: &mut Vec<u8>) {
        self.put(0, (8 - self.count % 8) % 8, out);
    }
}

/// A place in a buffer that has room for all that is written.
pub(crate) struct Place<'a> {
    pub(crate) bits: BitWriter,
    room: &'a mut [u8],
    at: usize,
}

impl<'a> Place<'a> {
    pub(crate) fn new(bits: BitWriter, room: &'a mut [u8]) -> Self {
        Self { bits, room, at: 0 }
    }

    #[inline]
    pub(crate) fn put(&mut self, bits: u64, count: u32) {
        self.bits.held |= bits << self.bits.count;
        self.bits.count += count;
    }

    /// Writes the whole bytes.
    #[inline]
    pub(crate) fn flush(&mut self) {
        if let Some(place) = self.room.get_mut(self.at..self.at + 8) {
            place.copy_from_slice(&self.bits.held.to_le_bytes());
        }
        let bytes = self.bits.count / 8;
        self.at += bytes as usize;
        self.bits.held >>= bytes * 8;
        self.bits.count %= 8;
    }

    /// How many bytes were written.
    pub(crate) fn written(&self) -> usize {
        self.at
    }
}
