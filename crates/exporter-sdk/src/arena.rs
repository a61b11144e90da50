//! Where the samples of one family lie during and after a run: records behind one another in a few chunks of bytes.
//!
//! A record is a fixed header (tag, length of the label block, value) and the label block. Nothing in it belongs to one
//! exposition format. Chunks are kept from run to run, because fresh memory costs more than filling it; after a peak,
//! a quarter of the idle chunks is given back per run.

use crate::value::Value;

/// A chunk is taken for full a little before its capacity, so that an ordinary record never makes it grow.
const SLACK: usize = 1024;
const FIRST_CHUNK: usize = SLACK + 512;
const CHUNK: usize = 64 * 1024;

const HEADER: usize = 13;
const TAG_INT: u8 = 0;
const TAG_UINT: u8 = 1;
const TAG_FLOAT: u8 = 2;

/// One sample as it was recorded.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample<'a> {
    /// The rendered labels, `a="x",b="y"`, in UTF-8 and escaped as both text formats do it; empty where there are none.
    pub labels: &'a [u8],
    /// The value.
    pub value: Value,
}

/// A place between two samples, from which reading goes on. The default is the beginning.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cursor {
    chunk: usize,
    offset: usize,
}

#[derive(Debug, Default)]
pub(crate) struct Arena {
    chunks: Vec<Vec<u8>>,
    current: usize,
}

impl Arena {
    /// Appends a record; `labels` writes its label block.
    #[inline]
    pub(crate) fn push(&mut self, value: Value, labels: impl FnOnce(&mut Vec<u8>)) {
        let out = self.tail();
        let start = out.len();
        out.extend_from_slice(&header(value));
        labels(out);
        let length = u32::try_from(out.len() - start - HEADER).expect("labels of less than 4 GiB");
        out[start + 1..start + 5].copy_from_slice(&length.to_le_bytes());
    }

    #[inline]
    fn tail(&mut self) -> &mut Vec<u8> {
        let full = self.chunks.get(self.current).is_none_or(|c| c.len() + SLACK > c.capacity());
        if full {
            self.advance();
        }
        &mut self.chunks[self.current]
    }

    #[cold]
    fn advance(&mut self) {
        if self.chunks.is_empty() {
            self.chunks.push(Vec::with_capacity(FIRST_CHUNK));
            return;
        }
        self.current += 1;
        if self.current == self.chunks.len() {
            self.chunks.push(Vec::with_capacity(CHUNK));
        }
    }

    /// Forgets the records and keeps the memory that the next run is likely to need.
    pub(crate) fn clear(&mut self) {
        let used = (self.current + 1).min(self.chunks.len());
        let idle = self.chunks.len() - used;
        self.chunks.truncate(used + idle - idle.div_ceil(4));
        for chunk in &mut self.chunks {
            chunk.clear();
            chunk.shrink_to(CHUNK);
        }
        self.current = 0;
    }

    /// The record at `cursor`, which is moved behind it.
    #[inline]
    pub(crate) fn read(&self, cursor: &mut Cursor) -> Option<Sample<'_>> {
        loop {
            let chunk = self.chunks.get(cursor.chunk)?;
            if let Some((sample, next)) = read_record(chunk, cursor.offset) {
                cursor.offset = next;
                return Some(sample);
            }
            *cursor = Cursor { chunk: cursor.chunk + 1, offset: 0 };
        }
    }

    /// Bytes held, used or not.
    pub(crate) fn capacity(&self) -> usize {
        self.chunks.iter().map(Vec::capacity).sum()
    }
}

#[inline]
fn header(value: Value) -> [u8; HEADER] {
    let (tag, bits) = match value {
        Value::Int(value) => (TAG_INT, value.cast_unsigned()),
        Value::Uint(value) => (TAG_UINT, value),
        Value::Float(value) => (TAG_FLOAT, value.to_bits()),
    };
    let mut header = [0; HEADER];
    header[0] = tag;
    header[5..].copy_from_slice(&bits.to_le_bytes());
    header
}

#[inline]
fn read_record(chunk: &[u8], offset: usize) -> Option<(Sample<'_>, usize)> {
    let (header, rest) = chunk.get(offset..)?.split_first_chunk::<HEADER>()?;
    let [tag, l0, l1, l2, l3, bits @ ..] = *header;
    let (labels, _) = rest.split_at(u32::from_le_bytes([l0, l1, l2, l3]) as usize);
    let bits = u64::from_le_bytes(bits);
    let value = match tag {
        TAG_INT => Value::Int(bits.cast_signed()),
        TAG_UINT => Value::Uint(bits),
        _ => Value::Float(f64::from_bits(bits)),
    };
    Some((Sample { labels, value }, offset + HEADER + labels.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(arena: &mut Arena, samples: usize, label: &str) {
        for i in 0..samples {
            arena.push(Value::Uint(i as u64), |out| out.extend_from_slice(label.as_bytes()));
        }
    }

    fn count(arena: &Arena) -> usize {
        let mut cursor = Cursor::default();
        std::iter::from_fn(|| arena.read(&mut cursor)).count()
    }

    #[test]
    fn records_come_back_in_order_over_many_chunks() {
        let mut arena = Arena::default();
        let values = [Value::Int(i64::MIN), Value::Uint(u64::MAX), Value::Float(-0.0)];
        for i in 0..20_000 {
            arena.push(values[i % 3], |out| out.extend_from_slice(format!("i=\"{i}\"").as_bytes()));
        }
        let mut cursor = Cursor::default();
        for i in 0..20_000 {
            let sample = arena.read(&mut cursor).unwrap();
            assert_eq!(
                (sample.labels, sample.value),
                (format!("i=\"{i}\"").as_bytes(), values[i % 3])
            );
        }
        assert_eq!(arena.read(&mut cursor), None);
    }

    #[test]
    fn a_record_larger_than_a_chunk_is_kept_whole_and_its_memory_given_back() {
        let mut arena = Arena::default();
        let long = "x".repeat(3 * CHUNK);
        fill(&mut arena, 2, &long);
        let mut cursor = Cursor::default();
        assert_eq!(arena.read(&mut cursor).unwrap().labels, long.as_bytes());
        assert_eq!(arena.read(&mut cursor).unwrap().labels, long.as_bytes());
        arena.clear();
        assert!(arena.capacity() <= 2 * CHUNK, "{}", arena.capacity());
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
