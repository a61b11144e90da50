//! Where the samples of one family lie during and after a run: records behind one another in a few chunks of bytes.
//!
//! A record is a header (part, length and tag) and what of the label block is the sample's own: everything up to the last
//! label value, or behind the labels the bound of a bucket or quantile, as a number. Nothing in it belongs to one exposition
//! format: both text formats write the same between name and value. The values lie apart, at the other end of the chunk, from
//! there downwards: so what lies together is the same from run to run where the series are. Chunks are kept, because fresh
//! memory costs more than filling it; after a peak, a quarter of the idle chunks is given back per run.

#![expect(clippy::inline_always, reason = "measured: it keeps the place of the pen in a register")]

use crate::limits::{Meter, RunOptions};
use crate::part;
use crate::pen::{Block, Pen};
use crate::value::Value;

/// Most families have a few samples: they begin small, and each chunk is twice as large as the one before, up to `CHUNK`.
const FIRST_CHUNK: usize = 512;
const CHUNK: usize = 64 * 1024;

const HEADER: usize = size_of::<u32>();
const VALUE: usize = size_of::<u64>();
const TAG_BITS: u32 = 3;
/// Which part of its family a record is: its only one or one of those of [`Part`](crate::Part), and whether it has a time
/// stamp. It stands above the
/// length, because a shift by three is free where one by six is measurable.
const PART_BITS: u32 = 4;
const PART_SHIFT: u32 = u32::BITS - PART_BITS;
const TAG_INT: u32 = 0;
const TAG_UINT: u32 = 1;
const TAG_FLOAT: u32 = 2;

/// What of a label block is a sample's own.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Record<'a> {
    /// From the block on to the end of the chunk: what lies behind it can be read, so that it need not be copied byte by
    /// byte.
    pub(crate) chunk: &'a [u8],
    /// Part, length and tag.
    packed: u32,
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

    /// The value with these bits.
    #[inline]
    fn value(&self, bits: [u8; VALUE]) -> Value {
        let bits = u64::from_le_bytes(bits);
        match self.packed & ((1 << TAG_BITS) - 1) {
            TAG_INT => Value::Int(bits.cast_signed()),
            TAG_UINT => Value::Uint(bits),
            _ => Value::Float(f64::from_bits(bits)),
        }
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
    place: Place,
    /// How many records there are before it in its chunk.
    index: u32,
}

/// Where a record is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place {
    chunk: u32,
    offset: u32,
}

#[derive(Debug)]
struct Chunk {
    bytes: Vec<u8>,
    /// Where the records end.
    used: u32,
    /// Where the values begin.
    values: u32,
}

impl Chunk {
    /// A chunk of at most [`MAX_BLOCK`] bytes.
    fn new(size: usize) -> Self {
        let mut chunk = Self { bytes: vec![0; size], used: 0, values: 0 };
        chunk.clear();
        chunk
    }

    #[expect(clippy::cast_possible_truncation, reason = "no chunk is larger than MAX_BLOCK")]
    fn clear(&mut self) {
        (self.used, self.values) = (0, self.bytes.len() as u32);
    }

    #[inline]
    fn record(&self, offset: usize) -> Option<Record<'_>> {
        let (packed, chunk) = self.bytes.get(offset..)?.split_first_chunk()?;
        Some(Record { chunk, packed: u32::from_le_bytes(*packed) })
    }

    /// The values as bits, the last one first.
    #[inline]
    fn values(&self) -> &[[u8; VALUE]] {
        self.bytes[self.values as usize..].as_chunks().0
    }
}

#[derive(Debug, Default)]
pub(crate) struct Arena {
    chunks: Vec<Chunk>,
    current: usize,
}

impl Arena {
    /// Appends a record; `block` writes its label block, and again where it did not fit. `meter` is told of memory that is taken
    /// for it, and of labels that are too long: those are left out.
    #[inline(always)]
    pub(crate) fn push(&mut self, meter: &mut Meter, part: u32, value: Value, block: impl Block) {
        if !self.try_push(part, value, &block) {
            self.push_elsewhere(meter, part, value, &block);
        }
    }

    #[cold]
    fn push_elsewhere(&mut self, meter: &mut Meter, part: u32, value: Value, block: &impl Block) {
        while self.advance(meter) && !self.try_push(part, value, block) {}
    }

    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, reason = "no chunk is larger than MAX_BLOCK")]
    fn try_push(&mut self, part: u32, value: Value, block: &impl Block) -> bool {
        let Some(chunk) = self.chunks.get_mut(self.current) else { return false };
        let room = chunk.bytes.get_mut(..chunk.values as usize);
        let Some((room, value_place)) = room.and_then(<[u8]>::split_last_chunk_mut) else {
            return false;
        };
        let start = chunk.used as usize;
        let mut pen = Pen::at(room, chunk.used + HEADER as u32);
        block.write(&mut pen);
        let Some(end) = pen.written() else { return false };
        let Some(header_place) = room.get_mut(start..start + HEADER) else { return false };
        let (tag, bits) = match value {
            Value::Int(value) => (TAG_INT, value.cast_unsigned()),
            Value::Uint(value) => (TAG_UINT, value),
            Value::Float(value) => (TAG_FLOAT, value.to_bits()),
        };
        header_place.copy_from_slice(&header(end - start - HEADER, part, tag));
        *value_place = bits.to_le_bytes();
        chunk.used = end as u32;
        chunk.values -= VALUE as u32;
        true
    }

    /// Makes room: in the next chunk, or in a larger one where a single record has a chunk to itself already. Returns whether
    /// there can be more.
    fn advance(&mut self, meter: &mut Meter) -> bool {
        let size = match self.chunks.get_mut(self.current) {
            // Every family has this one, so nobody need count it.
            None => 0,
            Some(chunk) if chunk.used == 0 => {
                let before = chunk.bytes.len();
                let size = before * 2;
                if size > MAX_BLOCK {
                    meter.leave_out();
                    return false;
                }
                *chunk = Chunk::new(size);
                size - before
            }
            Some(_) => {
                self.current += 1;
                size_at(self.current)
            }
        };
        if self.current == self.chunks.len() {
            self.chunks.push(Chunk::new(size_at(self.current)));
        }
        meter.grow(size);
        true
    }

    /// Forgets the records and keeps the memory that the next run is likely to need.
    pub(crate) fn clear(&mut self) {
        let used = (self.current + 1).min(self.chunks.len());
        let idle = self.chunks.len() - used;
        self.chunks.truncate(used + idle - idle.div_ceil(4));
        // The same records lie in the same places in every run: so chunks have the size that they have in the first one.
        for (index, chunk) in self.chunks.iter_mut().enumerate() {
            let size = size_at(index);
            if chunk.bytes.len() == size {
                chunk.clear();
            } else {
                *chunk = Chunk::new(size);
            }
        }
        self.current = 0;
    }

    /// The record at `cursor`, which is moved behind it, and its value.
    #[inline]
    pub(crate) fn read(&self, cursor: &mut Cursor) -> Option<(Record<'_>, Value)> {
        loop {
            let chunk = self.chunks.get(cursor.place.chunk as usize)?;
            let offset = cursor.place.offset as usize;
            if offset < chunk.used as usize {
                let record = chunk.record(offset)?;
                let bits = chunk.values().iter().nth_back(cursor.index as usize)?;
                let value = record.value(*bits);
                #[expect(
                    clippy::cast_possible_truncation,
                    reason = "no chunk is larger than MAX_BLOCK"
                )]
                let end = (offset + HEADER + record.length()) as u32;
                cursor.place.offset = end;
                cursor.index += 1;
                return Some((record, value));
            }
            cursor.place = Place { chunk: cursor.place.chunk + 1, offset: 0 };
            cursor.index = 0;
        }
    }

    /// Calls `each` with the records from `cursor` on and their values, for as long as it returns true; the record for which it
    /// does not is the next one. Returns whether there are no more.
    #[inline(always)]
    pub(crate) fn read_while(
        &self,
        cursor: &mut Cursor,
        mut each: impl FnMut(Record<'_>, Value) -> bool,
    ) -> bool {
        while let Some(chunk) = self.chunks.get(cursor.place.chunk as usize) {
            let values = chunk.values();
            let mut offset = cursor.place.offset as usize;
            let left = values.len() - cursor.index as usize;
            for (after, bits) in values[..left].iter().enumerate().rev() {
                let Some(record) = chunk.record(offset) else { break };
                if !each(record, record.value(*bits)) {
                    #[expect(
                        clippy::cast_possible_truncation,
                        reason = "no chunk is larger than MAX_BLOCK"
                    )]
                    let (offset, index) = (offset as u32, (values.len() - after - 1) as u32);
                    *cursor = Cursor { place: Place { offset, ..cursor.place }, index };
                    return false;
                }
                offset += HEADER + record.length();
            }
            *cursor =
                Cursor { place: Place { chunk: cursor.place.chunk + 1, offset: 0 }, index: 0 };
        }
        true
    }

    /// The next record, its own place, and its value.
    #[inline]
    pub(crate) fn next(&self, cursor: &mut Cursor) -> Option<(Place, Record<'_>, Value)> {
        let (record, value) = self.read(cursor)?;
        #[expect(clippy::cast_possible_truncation, reason = "no chunk is larger than MAX_BLOCK")]
        let size = (HEADER + record.length()) as u32;
        // Not where the cursor was: that may be the end of the chunk before.
        let place = Place { offset: cursor.place.offset - size, ..cursor.place };
        Some((place, record, value))
    }

    /// The record at `place`.
    #[inline]
    pub(crate) fn record(&self, place: Place) -> Option<Record<'_>> {
        self.chunks.get(place.chunk as usize)?.record(place.offset as usize)
    }

    /// Drops the records at `places`, which stand in ascending order.
    pub(crate) fn drop_records(&mut self, places: &[Place]) {
        let (mut kept, mut meter) = (Self::default(), Meter::new(&RunOptions::default()));
        let mut places = places.iter().copied().peekable();
        let mut cursor = Cursor::default();
        while let Some((place, record, value)) = self.next(&mut cursor) {
            if places.next_if_eq(&place).is_none() {
                let block = |pen: &mut Pen<'_>| pen.put(&record.chunk[..record.length()]);
                kept.push(&mut meter, record.part(), value, block);
            }
        }
        *self = kept;
    }

    /// All records, without their values, as the same bytes wherever they are the same.
    pub(crate) fn records(&self) -> impl Iterator<Item = &[u8]> {
        let chunks = self.chunks.iter().take(self.current + 1);
        chunks.map(|chunk| &chunk.bytes[..chunk.used as usize])
    }

    /// Bytes held, used or not.
    pub(crate) fn capacity(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.bytes.len()).sum()
    }
}

/// What a header can tell the length of.
const MAX_BLOCK: usize = 1 << (PART_SHIFT - TAG_BITS);

/// How large the chunk at `index` is, but where a record needs more.
fn size_at(index: usize) -> usize {
    FIRST_CHUNK << index.min((CHUNK / FIRST_CHUNK).ilog2() as usize)
}

#[inline]
#[expect(clippy::cast_possible_truncation, reason = "no chunk is larger than MAX_BLOCK")]
fn header(length: usize, part: u32, tag: u32) -> [u8; HEADER] {
    (part << PART_SHIFT | (length as u32) << TAG_BITS | tag).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push(arena: &mut Arena, part: u32, value: Value, label: &str) {
        let mut meter = Meter::new(&RunOptions::default());
        arena.push(&mut meter, part, value, |pen: &mut Pen<'_>| pen.put(label.as_bytes()));
    }

    fn fill(arena: &mut Arena, samples: usize, label: &str) {
        for i in 0..samples {
            push(arena, part::WHOLE, Value::Uint(i as u64), label);
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
            push(&mut arena, part, values[i % 3], &format!("{{i=\"{i}\"}} "));
        }
        let mut cursor = Cursor::default();
        for (i, part) in (0..20_000).zip(parts()) {
            let (record, value) = arena.read(&mut cursor).unwrap();
            let expected = format!("{{i=\"{i}\"}} ");
            assert_eq!((block(record), value), (expected.as_bytes(), values[i % 3]));
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
        assert_eq!(block(arena.read(&mut cursor).unwrap().0), b"small");
        assert_eq!(block(arena.read(&mut cursor).unwrap().0), long.as_bytes());
        assert_eq!(block(arena.read(&mut cursor).unwrap().0), long.as_bytes());
        arena.clear();
        assert!(arena.capacity() <= 3 * CHUNK, "{}", arena.capacity());
    }

    #[test]
    fn the_same_records_lie_in_the_same_places_whatever_was_there_before() {
        let samples = |arena: &mut Arena| (0..5_000).for_each(|_| fill(arena, 1, "abc"));
        let lengths = |arena: &Arena| arena.records().map(<[u8]>::len).collect::<Vec<_>>();
        let mut fresh = Arena::default();
        samples(&mut fresh);
        let mut used = Arena::default();
        fill(&mut used, 10, &"x".repeat(3 * CHUNK));
        fill(&mut used, 50_000, "abc");
        for _ in 0..3 {
            used.clear();
            samples(&mut used);
            assert_eq!(lengths(&used), lengths(&fresh));
        }
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
