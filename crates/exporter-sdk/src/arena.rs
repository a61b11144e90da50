//! Where the samples of one family lie during and after a run: records behind one another in a few chunks of bytes.
//!
//! A record is a header (part, length and tag, value) and what of the label block is the sample's own: everything up to
//! the last label value, or behind the labels the bound of a bucket or quantile, as a number. Nothing in it belongs to one
//! exposition format: both text formats write the same between name and value. Chunks are kept from run to run, because
//! fresh memory costs more than filling it; after a peak, a quarter of the idle chunks is given back per run.

#![expect(clippy::inline_always, reason = "measured: it keeps the place of the pen in a register")]

use crate::part;
use crate::pen::Pen;
use crate::value::Value;

/// Most families have a few samples: they begin small.
const FIRST_CHUNK: usize = 512;
const CHUNK: usize = 64 * 1024;

const HEADER: usize = 12;
const TAG_BITS: u32 = 3;
/// Which part of its family a record is: its only one or one of those of [`Part`](crate::Part), and whether it has a time
/// stamp. It stands above the
/// length, because a shift by three is free where one by six is measurable.
const PART_BITS: u32 = 4;
const PART_SHIFT: u32 = u32::BITS - PART_BITS;
const TAG_INT: u32 = 0;
const TAG_UINT: u32 = 1;
const TAG_FLOAT: u32 = 2;

/// One record: what of the label block is the sample's own, and the value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Record<'a> {
    /// From the block on to the end of the chunk: what lies behind it can be read, so that it need not be copied byte by
    /// byte.
    pub(crate) chunk: &'a [u8],
    /// Part, length and tag.
    packed: u32,
    pub(crate) value: Value,
}

impl<'a> Record<'a> {
    /// How long the block is.
    #[inline]
    pub(crate) fn length(&self) -> usize {
        ((self.packed >> TAG_BITS) as usize) & (MAX_BLOCK - 1)
    }

    /// Which part of its family it is.
    #[inline]
    pub(crate) fn part(&self) -> u32 {
        self.packed >> PART_SHIFT
    }

    /// The block without the time stamp.
    #[inline]
    pub(crate) fn block(&self) -> &'a [u8] {
        let stamp = if self.part() & part::STAMPED == 0 { 0 } else { part::STAMP };
        &self.chunk[..self.length() - stamp]
    }

    /// The time stamp, in milliseconds since the epoch.
    pub(crate) fn stamp(&self) -> Option<i64> {
        let stamped = self.part() & part::STAMPED != 0;
        let stamp = self.chunk[..self.length()].last_chunk().filter(|_| stamped);
        stamp.map(|bytes| i64::from_le_bytes(*bytes))
    }
}

/// A place between two samples, from which reading goes on. The default is the beginning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cursor {
    chunk: u32,
    offset: u32,
}

#[derive(Debug)]
struct Chunk {
    bytes: Vec<u8>,
    used: usize,
}

impl Chunk {
    fn new(size: usize) -> Self {
        Self { bytes: vec![0; size], used: 0 }
    }
}

#[derive(Debug, Default)]
pub(crate) struct Arena {
    chunks: Vec<Chunk>,
    current: usize,
    /// Bytes used in the chunks before the current one.
    full: usize,
}

impl Arena {
    /// Appends a record; `block` writes its label block, and again where it did not fit.
    #[inline]
    pub(crate) fn push(&mut self, value: Value, block: impl Fn(&mut Pen<'_>)) {
        self.push_part(part::WHOLE, value, block);
    }

    /// Appends a record that is one line of a sample that has several.
    #[inline(always)]
    pub(crate) fn push_part(&mut self, part: u32, value: Value, block: impl Fn(&mut Pen<'_>)) {
        while !self.try_push(part, value, &block) {
            self.advance();
        }
    }

    #[inline(always)]
    fn try_push(&mut self, part: u32, value: Value, block: &impl Fn(&mut Pen<'_>)) -> bool {
        let Some(chunk) = self.chunks.get_mut(self.current) else { return false };
        let room = chunk.bytes.get_mut(chunk.used..).and_then(<[u8]>::split_first_chunk_mut);
        let Some((place, room)) = room else { return false };
        let size = room.len();
        let mut pen = Pen::new(room);
        block(&mut pen);
        let Some(left) = pen.left() else { return false };
        *place = header(size - left, part, value);
        chunk.used += HEADER + size - left;
        true
    }

    /// Makes room: in the next chunk, or in a larger one where a single record has a chunk to itself already.
    #[cold]
    fn advance(&mut self) {
        match self.chunks.get_mut(self.current) {
            None => self.chunks.push(Chunk::new(FIRST_CHUNK)),
            Some(chunk) if chunk.used == 0 => {
                let size = (chunk.bytes.len() * 2).max(CHUNK);
                assert!(size <= MAX_BLOCK, "labels of {MAX_BLOCK} bytes and more");
                *chunk = Chunk::new(size);
            }
            Some(chunk) => {
                self.full += chunk.used;
                self.current += 1;
                if self.current == self.chunks.len() {
                    self.chunks.push(Chunk::new(CHUNK));
                }
            }
        }
    }

    /// Forgets the records and keeps the memory that the next run is likely to need.
    pub(crate) fn clear(&mut self) {
        let used = (self.current + 1).min(self.chunks.len());
        let idle = self.chunks.len() - used;
        self.chunks.truncate(used + idle - idle.div_ceil(4));
        for chunk in &mut self.chunks {
            chunk.used = 0;
            if chunk.bytes.len() > CHUNK {
                *chunk = Chunk::new(CHUNK);
            }
        }
        self.current = 0;
        self.full = 0;
    }

    /// The record at `cursor`, which is moved behind it.
    #[inline]
    pub(crate) fn read(&self, cursor: &mut Cursor) -> Option<Record<'_>> {
        loop {
            let chunk = self.chunks.get(cursor.chunk as usize)?;
            let offset = cursor.offset as usize;
            if offset < chunk.used {
                let record = read_record(&chunk.bytes, offset)?;
                #[expect(
                    clippy::cast_possible_truncation,
                    reason = "no chunk is larger than MAX_BLOCK"
                )]
                let end = (offset + HEADER + record.length()) as u32;
                cursor.offset = end;
                return Some(record);
            }
            *cursor = Cursor { chunk: cursor.chunk + 1, offset: 0 };
        }
    }

    /// The next record and its own place.
    #[inline]
    pub(crate) fn next(&self, cursor: &mut Cursor) -> Option<(Cursor, Record<'_>)> {
        let record = self.read(cursor)?;
        #[expect(clippy::cast_possible_truncation, reason = "no chunk is larger than MAX_BLOCK")]
        let size = (HEADER + record.length()) as u32;
        // Not where the cursor was: that may be the end of the chunk before.
        Some((Cursor { offset: cursor.offset - size, ..*cursor }, record))
    }

    /// The label block of the record at `cursor`, without its time stamp.
    #[inline]
    pub(crate) fn block(&self, cursor: Cursor) -> Option<&[u8]> {
        let chunk = self.chunks.get(cursor.chunk as usize)?;
        let record = read_record(&chunk.bytes, cursor.offset as usize)?;
        let length = record.block().len();
        Some(&record.chunk[..length])
    }

    /// Drops the records at `places`, which stand in ascending order.
    pub(crate) fn drop_records(&mut self, places: &[Cursor]) {
        let mut kept = Self::default();
        let mut places = places.iter().copied().peekable();
        let mut cursor = Cursor::default();
        while let Some((place, record)) = self.next(&mut cursor) {
            if places.next_if_eq(&place).is_none() {
                kept.push_part(record.part(), record.value, |pen| {
                    pen.put(&record.chunk[..record.length()]);
                });
            }
        }
        *self = kept;
    }

    /// Bytes that records take.
    pub(crate) fn used(&self) -> usize {
        self.full + self.chunks.get(self.current).map_or(0, |chunk| chunk.used)
    }

    /// Bytes held, used or not.
    pub(crate) fn capacity(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.bytes.len()).sum()
    }
}

/// What a header can tell the length of.
const MAX_BLOCK: usize = 1 << (PART_SHIFT - TAG_BITS);

#[inline]
fn header(length: usize, part: u32, value: Value) -> [u8; HEADER] {
    let (tag, bits) = match value {
        Value::Int(value) => (TAG_INT, value.cast_unsigned()),
        Value::Uint(value) => (TAG_UINT, value),
        Value::Float(value) => (TAG_FLOAT, value.to_bits()),
    };
    #[expect(clippy::cast_possible_truncation, reason = "no chunk is larger than MAX_BLOCK")]
    let packed = part << PART_SHIFT | (length as u32) << TAG_BITS | tag;
    let mut header = [0; HEADER];
    header[..4].copy_from_slice(&packed.to_le_bytes());
    header[4..].copy_from_slice(&bits.to_le_bytes());
    header
}

#[inline]
fn read_record(bytes: &[u8], offset: usize) -> Option<Record<'_>> {
    let (packed, rest) = bytes.get(offset..)?.split_first_chunk()?;
    let (bits, chunk) = rest.split_first_chunk()?;
    let (packed, bits) = (u32::from_le_bytes(*packed), u64::from_le_bytes(*bits));
    let value = match packed & ((1 << TAG_BITS) - 1) {
        TAG_INT => Value::Int(bits.cast_signed()),
        TAG_UINT => Value::Uint(bits),
        _ => Value::Float(f64::from_bits(bits)),
    };
    Some(Record { chunk, packed, value })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(arena: &mut Arena, samples: usize, label: &str) {
        for i in 0..samples {
            arena.push(Value::Uint(i as u64), |pen| pen.put(label.as_bytes()));
        }
    }

    fn block(record: Record<'_>) -> &[u8] {
        &record.chunk[..record.length()]
    }

    fn count(arena: &Arena) -> usize {
        let mut cursor = Cursor::default();
        std::iter::from_fn(|| arena.read(&mut cursor)).count()
    }

    #[test]
    fn records_come_back_in_order_over_many_chunks() {
        let mut arena = Arena::default();
        let values = [Value::Int(i64::MIN), Value::Uint(u64::MAX), Value::Float(-0.0)];
        let parts = || (0..1 << PART_BITS).cycle();
        for (i, part) in (0..20_000).zip(parts()) {
            arena.push_part(part, values[i % 3], |pen| {
                pen.put(format!("{{i=\"{i}\"}} ").as_bytes());
            });
        }
        let mut cursor = Cursor::default();
        for (i, part) in (0..20_000).zip(parts()) {
            let record = arena.read(&mut cursor).unwrap();
            let expected = format!("{{i=\"{i}\"}} ");
            assert_eq!((block(record), record.value), (expected.as_bytes(), values[i % 3]));
            assert_eq!(record.part(), part);
        }
        assert!(arena.read(&mut cursor).is_none());
    }

    #[test]
    fn a_record_larger_than_a_chunk_is_kept_whole_and_its_memory_given_back() {
        let mut arena = Arena::default();
        let long = "x".repeat(3 * CHUNK);
        fill(&mut arena, 1, "small");
        fill(&mut arena, 2, &long);
        let mut cursor = Cursor::default();
        assert_eq!(block(arena.read(&mut cursor).unwrap()), b"small");
        assert_eq!(block(arena.read(&mut cursor).unwrap()), long.as_bytes());
        assert_eq!(block(arena.read(&mut cursor).unwrap()), long.as_bytes());
        arena.clear();
        assert!(arena.capacity() <= 3 * CHUNK, "{}", arena.capacity());
    }

    #[test]
    fn memory_is_reused_and_shrinks_after_a_peak() {
        let mut arena = Arena::default();
        fill(&mut arena, 50_000, "abc");
        let peak = arena.capacity();
        arena.clear();
        fill(&mut arena, 50_000, "abc");
        assert_eq!((arena.capacity(), count(&arena)), (peak, 50_000));
        for _ in 0..40 {
            arena.clear();
            fill(&mut arena, 1, "abc");
        }
        assert!(arena.capacity() < peak / 8, "{} of {peak}", arena.capacity());
        assert_eq!(count(&arena), 1);
    }
}
