//! Writing many small pieces into a buffer, fast and without `unsafe`.
//!
//! The labels of a sample and the lines of a page are made of pieces of some ten bytes. Appending those to a `Vec` costs
//! more than the bytes: each append reads and writes its length in memory, may grow it, and calls `memcpy`. A [`Pen`]
//! writes into a slice that is there already and keeps what is left of it in registers. It copies with moves of constant
//! length: a [`Fragment`] is kept with padding so that all of it can be copied, and two moves that overlap cover any length
//! between theirs. What does not fit is not written, and is noticed once, at the end: the caller then starts again with
//! more room.

#![expect(clippy::inline_always, reason = "measured: it keeps the place of the pen in a register")]

use std::mem;

/// Writes into a slice from its beginning on. Once something did not fit, nothing more is written.
#[derive(Debug)]
pub struct Pen<'a> {
    /// What is left.
    room: &'a mut [u8],
    full: bool,
}

impl<'a> Pen<'a> {
    /// A pen at the beginning of `room`.
    #[inline(always)]
    pub fn new(room: &'a mut [u8]) -> Self {
        Self { room, full: false }
    }

    /// How many bytes are left, or `None` when something did not fit.
    #[inline(always)]
    pub fn left(&self) -> Option<usize> {
        (!self.full).then_some(self.room.len())
    }

    /// Writes `bytes`.
    #[inline(always)]
    pub fn put(&mut self, bytes: &[u8]) {
        let room = mem::take(&mut self.room);
        self.advance(copy(room, bytes));
    }

    /// Writes one byte.
    #[inline(always)]
    pub fn put_byte(&mut self, byte: u8) {
        let room = mem::take(&mut self.room);
        self.advance(room.split_first_mut().map(|(place, rest)| {
            *place = byte;
            rest
        }));
    }

    /// Writes a fragment.
    #[inline(always)]
    pub fn put_fragment<const N: usize>(&mut self, fragment: &Fragment<N>) {
        let room = mem::take(&mut self.room);
        self.advance(fragment.copy_to(room));
    }

    /// Writes the first `length` bytes of `source`, which goes on behind them: whole steps are copied, and what was copied
    /// too much is written over.
    #[inline(always)]
    pub fn put_prefix(&mut self, source: &[u8], length: usize) {
        let room = mem::take(&mut self.room);
        self.advance(match length {
            0..=32 => copy_step::<32>(room, source, length),
            33..=64 => copy_step::<64>(room, source, length),
            65..=96 => copy_step::<96>(room, source, length),
            _ => copy_exactly(room, &source[..length]),
        });
    }

    /// Writes a label value, escaped as both text formats do it: backslash, double quote and line feed.
    #[inline(always)]
    pub(crate) fn put_escaped(&mut self, value: &str) {
        let room = mem::take(&mut self.room);
        self.advance(copy_escaped(room, value.as_bytes()));
    }

    /// Goes on with what a copy left of the room.
    #[inline(always)]
    fn advance(&mut self, rest: Option<&'a mut [u8]>) {
        match rest {
            Some(rest) => self.room = rest,
            None => self.full = true,
        }
    }
}

/// Bytes that are written again and again, up to `N` of them with padding, so that they are copied in one go.
#[derive(Clone, Debug)]
pub struct Fragment<const N: usize> {
    padded: [u8; N],
    length: usize,
    /// All of them, where they are more than `N`.
    long: Vec<u8>,
}

impl<const N: usize> Fragment<N> {
    /// A fragment of `bytes`.
    pub fn new(bytes: &[u8]) -> Self {
        let mut fragment = Self { padded: [0; N], length: bytes.len(), long: Vec::new() };
        match fragment.padded.get_mut(..bytes.len()) {
            Some(place) => place.copy_from_slice(bytes),
            None => fragment.long = bytes.to_vec(),
        }
        fragment
    }

    pub(crate) fn append_to(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(self.padded.get(..self.length).unwrap_or(&self.long));
    }

    /// How many bytes it has.
    pub(crate) fn len(&self) -> usize {
        self.length
    }

    #[inline(always)]
    fn copy_to<'a>(&self, room: &'a mut [u8]) -> Option<&'a mut [u8]> {
        if self.length > N {
            return copy_exactly(room, &self.long);
        }
        copy_step::<N>(room, &self.padded, self.length)
    }
}

/// Copies `N` bytes of which `length` count, or only those where there are no more.
#[inline(always)]
fn copy_step<'a, const N: usize>(
    room: &'a mut [u8],
    source: &[u8],
    length: usize,
) -> Option<&'a mut [u8]> {
    match (room.first_chunk_mut::<N>(), source.first_chunk::<N>()) {
        (Some(place), Some(source)) => *place = *source,
        _ => return copy_exactly(room, &source[..length]),
    }
    room.get_mut(length..)
}

#[inline(never)]
fn copy_exactly<'a>(room: &'a mut [u8], bytes: &[u8]) -> Option<&'a mut [u8]> {
    let (place, rest) = room.split_at_mut_checked(bytes.len())?;
    place.copy_from_slice(bytes);
    Some(rest)
}

/// Copies `bytes` to the beginning of `room`, and returns what is behind them.
#[inline]
fn copy<'a>(room: &'a mut [u8], bytes: &[u8]) -> Option<&'a mut [u8]> {
    match bytes.len() {
        17..=32 => overlapping::<16, 32>(room, bytes),
        8..=16 => overlapping::<8, 16>(room, bytes),
        4..=7 => overlapping::<4, 8>(room, bytes),
        1..=3 => overlapping_ends(room, bytes),
        _ => copy_exactly(room, bytes),
    }
}

/// Copies one to three bytes: the first, the middle one and the last, which may be the same.
#[inline(always)]
fn overlapping_ends<'a>(room: &'a mut [u8], bytes: &[u8]) -> Option<&'a mut [u8]> {
    let (place, rest) = room.split_at_mut_checked(bytes.len())?;
    *place.first_mut()? = *bytes.first()?;
    *place.get_mut(bytes.len() / 2)? = *bytes.get(bytes.len() / 2)?;
    *place.last_mut()? = *bytes.last()?;
    Some(rest)
}

/// Copies between `N` and `2 * N` bytes: the first `N`, and over their end the last `N`.
#[inline(always)]
fn overlapping<'a, const N: usize, const TWICE: usize>(
    room: &'a mut [u8],
    bytes: &[u8],
) -> Option<&'a mut [u8]> {
    let Some(place) = room.first_chunk_mut::<TWICE>() else { return copy_exactly(room, bytes) };
    *place.first_chunk_mut::<N>()? = *bytes.first_chunk::<N>()?;
    *place.get_mut(bytes.len() - N..)?.first_chunk_mut::<N>()? = *bytes.last_chunk::<N>()?;
    room.get_mut(bytes.len()..)
}

/// Copies a label value, escaped. Nearly all are short and need no escaping, which a few words tell.
#[inline]
fn copy_escaped<'a>(room: &'a mut [u8], value: &[u8]) -> Option<&'a mut [u8]> {
    let suspicious = match value.len() {
        8..=16 => specials_in(value.first_chunk()?) | specials_in(value.last_chunk()?),
        4..=7 => {
            let (low, high) = (value.first_chunk()?, value.last_chunk()?);
            let (low, high) = (u32::from_le_bytes(*low), u32::from_le_bytes(*high));
            specials_in(&(u64::from(high) << 32 | u64::from(low)).to_le_bytes())
        }
        17..=32 => {
            let (first, last) = (value.first_chunk::<16>()?, value.last_chunk::<16>()?);
            specials_in(first.first_chunk()?)
                | specials_in(first.last_chunk()?)
                | specials_in(last.first_chunk()?)
                | specials_in(last.last_chunk()?)
        }
        1..=3 => value.iter().map(|byte| u64::from(matches!(byte, b'\\' | b'"' | b'\n'))).sum(),
        _ => 1,
    };
    if suspicious == 0 { copy(room, value) } else { copy_escaped_with_care(room, value) }
}

#[inline(never)]
fn copy_escaped_with_care<'a>(room: &'a mut [u8], value: &[u8]) -> Option<&'a mut [u8]> {
    if memchr::memchr3(b'\\', b'"', b'\n', value).is_none() {
        return copy_exactly(room, value);
    }
    let mut rest = Some(room);
    escape(value, |bytes| rest = rest.take().and_then(|room| copy_exactly(room, bytes)));
    rest
}

/// Calls `put` with the pieces of an escaped label value.
pub(crate) fn escape(value: &[u8], mut put: impl FnMut(&[u8])) {
    let mut rest = value;
    while let Some(at) = memchr::memchr3(b'\\', b'"', b'\n', rest) {
        put(&rest[..at]);
        put(match rest[at] {
            b'\\' => b"\\\\",
            b'"' => b"\\\"",
            _ => b"\\n",
        });
        rest = &rest[at + 1..];
    }
    put(rest);
}

/// Looks at eight bytes at once: not 0 where one of them is a backslash or below `#`, which of the printing characters are
/// only the double quote, the space and the exclamation mark. Taking a byte from each borrows into the top bit of those
/// that are smaller.
#[inline(always)]
fn specials_in(bytes: &[u8; 8]) -> u64 {
    const ONES: u64 = u64::MAX / 255;
    const BACKSLASHES: u64 = ONES * 0x5c;
    const HASHES: u64 = ONES * 0x23;
    let word = u64::from_le_bytes(*bytes);
    let zero_where_backslash = word ^ BACKSLASHES;
    let backslashes = zero_where_backslash.wrapping_sub(ONES) & !zero_where_backslash;
    let small = word.wrapping_sub(HASHES) & !word;
    (backslashes | small) & (ONES << 7)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What was written into a room of this size, or `None` when it did not fit.
    fn written(size: usize, write: impl Fn(&mut Pen<'_>)) -> Option<Vec<u8>> {
        let mut room = vec![0xff; size];
        let mut pen = Pen::new(&mut room);
        write(&mut pen);
        let left = pen.left()?;
        room.truncate(size - left);
        Some(room)
    }

    fn check(write: impl Fn(&mut Pen<'_>), expected: &[u8]) {
        // With room to spare, with none, and with one byte too little.
        assert_eq!(written(expected.len() + 200, &write).as_deref(), Some(expected));
        assert_eq!(written(expected.len(), &write).as_deref(), Some(expected));
        if let Some(less) = expected.len().checked_sub(1) {
            assert_eq!(written(less, &write), None);
        }
    }

    #[test]
    fn every_length_is_written_whole_or_not_at_all() {
        let source: Vec<u8> = (0..250).collect();
        for length in 0..160 {
            let bytes = &source[..length];
            check(|pen| pen.put(bytes), bytes);
            check(|pen| pen.put_prefix(&source, length), bytes);
            check(|pen| pen.put_prefix(bytes, length), bytes);
            check(|pen| pen.put_fragment(&Fragment::<32>::new(bytes)), bytes);
            let twice = [bytes, b"behind"].concat();
            check(
                |pen| {
                    pen.put_prefix(&source, length);
                    pen.put(b"behind");
                },
                &twice,
            );
        }
    }

    #[test]
    fn nothing_is_written_behind_what_did_not_fit() {
        let write = |pen: &mut Pen<'_>| {
            pen.put(b"12345");
            pen.put(b"");
            pen.put(b"1");
        };
        assert_eq!(written(4, write), None);
    }

    proptest! {
        #[test]
        fn label_values_are_escaped_wherever_it_is_needed(value in "[a-z\\[!# \u{b}\u{dc}\\\\\"\n]{0,40}") {
            let expected = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            check(|pen| pen.put_escaped(&value), expected.as_bytes());
        }

        #[test]
        fn and_so_are_those_of_any_text(value: String) {
            let expected = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            check(|pen| pen.put_escaped(&value), expected.as_bytes());
        }
    }
}
