//! Writing many small pieces into a buffer, fast and without `unsafe`.
//!
//! The labels of a sample and the lines of a page are made of pieces of some ten bytes. Appending those to a `Vec` costs
//! more than the bytes: each append reads and writes its length in memory, may grow it, and calls `memcpy`. A [`Pen`]
//! writes into a slice that is there already and keeps its place in a register. It copies with moves of constant
//! length: a [`Fragment`] is kept with padding so that all of it can be copied, and two moves that overlap cover any length
//! between theirs. What does not fit is not written, and is noticed once, at the end: the caller then starts again with
//! more room.

#![expect(clippy::inline_always, reason = "measured: it keeps the place of the pen in a register")]

/// Writes into a slice from its beginning on. Once something did not fit, nothing more is written.
#[derive(Debug)]
pub struct Pen<'a> {
    room: &'a mut [u8],
    /// Where the next byte goes; [`FULL`] when something did not fit. It has fewer bits than a length, so that adding to it
    /// cannot overflow one, and one comparison tells whether something fits.
    at: u32,
}

/// Behind the end of every room.
const FULL: u32 = u32::MAX;
/// The largest room that is used.
const LARGEST: usize = 1 << 31;

impl<'a> Pen<'a> {
    /// A pen at the beginning of `room`, of which it uses 2 GiB at most.
    #[inline(always)]
    pub fn new(room: &'a mut [u8]) -> Self {
        let length = room.len().min(LARGEST);
        Self { room: &mut room[..length], at: 0 }
    }

    /// A pen at this place of `room`, which is small enough.
    #[inline(always)]
    pub(crate) fn at(room: &'a mut [u8], at: u32) -> Self {
        Self { room, at }
    }

    /// How much of the room is written, or `None` when something did not fit.
    #[inline(always)]
    pub fn written(&self) -> Option<usize> {
        (self.at != FULL).then_some(self.at as usize)
    }

    /// Writes `bytes`.
    #[inline(always)]
    pub fn put(&mut self, bytes: &[u8]) {
        match bytes.len() {
            17..=32 => self.put_ends::<16, 32>(bytes),
            8..=16 => self.put_ends::<8, 16>(bytes),
            4..=7 => self.put_ends::<4, 8>(bytes),
            1..=3 => self.put_few(bytes),
            _ => self.put_exactly(bytes),
        }
    }

    /// Writes one byte.
    #[inline(always)]
    pub fn put_byte(&mut self, byte: u8) {
        self.put_step::<1>(&[byte], 1);
    }

    /// Writes the end of a line: `bytes`, which are the digits of a number, and a line feed.
    #[inline(always)]
    pub fn put_last(&mut self, bytes: &[u8]) {
        let length = bytes.len();
        if let 8..=24 = length
            && let Some(place) = self.place::<25>()
            && let (Some(first), Some(last)) = (bytes.first_chunk::<8>(), bytes.last_chunk::<8>())
        {
            let middle = (length - 8).min(8);
            place[..8].copy_from_slice(first);
            place[middle..middle + 8].copy_from_slice(&bytes[middle..middle + 8]);
            place[length - 8..length].copy_from_slice(last);
            place[length] = b'\n';
            self.advance(length + 1);
        } else {
            self.put(bytes);
            self.put_byte(b'\n');
        }
    }

    /// Writes a fragment.
    #[inline(always)]
    pub fn put_fragment<const N: usize>(&mut self, fragment: &Fragment<N>) {
        match fragment.length {
            0..=16 => self.put_step::<16>(&fragment.padded, fragment.length),
            length @ 17..=32 => self.put_step::<32>(&fragment.padded, length),
            length if length <= N => self.put_step::<N>(&fragment.padded, length),
            _ => self.put_exactly(&fragment.long),
        }
    }

    /// Writes the first `length` bytes of `source`, which goes on behind them: whole steps are copied, and what was copied
    /// too much is written over.
    #[inline(always)]
    pub fn put_prefix(&mut self, source: &[u8], length: usize) {
        match length {
            0..=32 => self.put_step::<32>(source, length),
            33..=64 => self.put_step::<64>(source, length),
            65..=96 => self.put_step::<96>(source, length),
            _ => self.put_exactly(&source[..length]),
        }
    }

    /// Writes a label value, escaped as both text formats do it: backslash, double quote and line feed. Nearly all are short
    /// and need no escaping, which is seen in the words that are copied.
    #[inline(always)]
    pub(crate) fn put_escaped(&mut self, value: &str) {
        let value = value.as_bytes();
        match value.len() {
            8..=16 if specials_in_ends::<8>(value) == 0 => self.put_ends::<8, 16>(value),
            4..=7 if specials_in_ends::<4>(value) == 0 => self.put_ends::<4, 8>(value),
            _ => self.at = put_escaped_any(self.room, self.at, value),
        }
    }

    /// Writes `N` bytes of which `length` count, or only those where there are no more.
    #[inline(always)]
    fn put_step<const N: usize>(&mut self, source: &[u8], length: usize) {
        match (self.place::<N>(), source.first_chunk::<N>()) {
            (Some(place), Some(source)) => *place = *source,
            _ => return self.put_exactly(&source[..length]),
        }
        self.advance(length);
    }

    /// Writes between `N` and `2 * N` bytes: the first `N`, and over their end the last `N`.
    #[inline(always)]
    fn put_ends<const N: usize, const TWICE: usize>(&mut self, bytes: &[u8]) {
        let (Some(place), Some(first), Some(last)) =
            (self.place::<TWICE>(), bytes.first_chunk::<N>(), bytes.last_chunk::<N>())
        else {
            return self.put_exactly(bytes);
        };
        place[..N].copy_from_slice(first);
        place[bytes.len() - N..bytes.len()].copy_from_slice(last);
        self.advance(bytes.len());
    }

    /// Writes one to three bytes: the first, the middle one and the last, which may be the same.
    #[inline(always)]
    fn put_few(&mut self, bytes: &[u8]) {
        let Some(place) = self.place::<3>() else { return self.put_exactly(bytes) };
        for index in [0, bytes.len() / 2, bytes.len() - 1] {
            place[index] = bytes[index];
        }
        self.advance(bytes.len());
    }

    #[inline(always)]
    fn put_exactly(&mut self, bytes: &[u8]) {
        self.at = put_exactly(self.room, self.at, bytes);
    }

    /// The next `N` bytes of the room.
    #[inline(always)]
    fn place<const N: usize>(&mut self) -> Option<&mut [u8; N]> {
        let at = self.at as usize;
        self.room.get_mut(at..at + N)?.first_chunk_mut()
    }

    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, reason = "no room is larger than LARGEST")]
    fn advance(&mut self, length: usize) {
        self.at += length as u32;
    }
}

/// Writes `bytes` into `room` at `at`, and returns where the next ones go. Not a method, because what a pen is passed to has
/// to find it in memory.
#[inline(never)]
fn put_exactly(room: &mut [u8], at: u32, bytes: &[u8]) -> u32 {
    let mut pen = Pen { room, at };
    let at = at as usize;
    match pen.room.get_mut(at..at.saturating_add(bytes.len())) {
        Some(place) => {
            place.copy_from_slice(bytes);
            pen.advance(bytes.len());
            pen.at
        }
        None => FULL,
    }
}

/// Does the same for a label value of any length, escaped.
#[inline(never)]
fn put_escaped_any(room: &mut [u8], at: u32, value: &[u8]) -> u32 {
    let mut pen = Pen { room, at };
    match value.len() {
        1..=3 if !value.iter().any(|byte| matches!(byte, b'\\' | b'"' | b'\n')) => {
            pen.put_few(value);
        }
        17..=32 if specials_in_ends::<16>(value) == 0 => pen.put_ends::<16, 32>(value),
        _ => escape(value, |bytes| pen.put(bytes)),
    }
    pen.at
}

/// What can be written, and again where it did not fit.
pub(crate) trait Block {
    /// Writes it.
    fn write(&self, pen: &mut Pen<'_>);
}

impl<F: Fn(&mut Pen<'_>)> Block for F {
    #[inline]
    fn write(&self, pen: &mut Pen<'_>) {
        self(pen);
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
        const { assert!(N >= 32, "a pen copies 32 bytes at once") };
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

/// Not 0 where there is a special byte in the first or in the last `N` of `bytes`, see [`specials_in`]. `N` is 4 or a
/// multiple of 8.
#[inline(always)]
fn specials_in_ends<const N: usize>(bytes: &[u8]) -> u64 {
    let (Some(first), Some(last)) = (bytes.first_chunk::<N>(), bytes.last_chunk::<N>()) else {
        return 1;
    };
    if let (Some(first), Some(last)) = (first.first_chunk(), last.first_chunk())
        && N == 4
    {
        let (low, high) = (u32::from_le_bytes(*first), u32::from_le_bytes(*last));
        return specials_in(u64::from(high) << 32 | u64::from(low));
    }
    let (words, _) = first.as_chunks();
    let (more, _) = last.as_chunks();
    words.iter().chain(more).fold(0, |found, word| found | specials_in(u64::from_le_bytes(*word)))
}

/// Looks at eight bytes at once: not 0 where one of them is a backslash or below `#`, which of the printing characters are
/// only the double quote, the space and the exclamation mark. Taking a byte from each borrows into the top bit of those
/// that are smaller.
#[inline(always)]
fn specials_in(word: u64) -> u64 {
    const ONES: u64 = u64::MAX / 255;
    const BACKSLASHES: u64 = ONES * 0x5c;
    const HASHES: u64 = ONES * 0x23;
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
        let written = pen.written()?;
        room.truncate(written);
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
            check(|pen| pen.put_last(bytes), &[bytes, b"\n"].concat());
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
