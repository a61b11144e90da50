//! Writing many small pieces into a buffer, fast and without `unsafe`.
//!
//! The labels of a sample and the lines of a page are made of pieces of some ten bytes. Appending those to a `Vec` costs
//! more than the bytes: each append reads and writes its length in memory, may grow it, and calls `memcpy`. A [`Pen`]
//! writes into a slice that is there already, keeps its place in a register, and copies with moves of constant length,
//! two of which overlap to cover any length between theirs. What does not fit is not written, and is noticed once, at the
//! end: the caller then starts again with more room.

#![expect(clippy::inline_always, reason = "measured: it keeps the place of the pen in a register")]

/// Where the next byte goes in a slice. Once something did not fit, nothing more is written.
#[derive(Debug)]
pub struct Pen<'a> {
    room: &'a mut [u8],
    at: usize,
}

/// The place of a pen that something did not fit under.
const FULL: usize = usize::MAX;

impl<'a> Pen<'a> {
    /// A pen that writes into `room` from `at` on.
    #[inline]
    pub fn new(room: &'a mut [u8], at: usize) -> Self {
        Self { room, at }
    }

    /// Where the next byte would go, or `None` when something did not fit.
    #[inline]
    pub fn end(&self) -> Option<usize> {
        (self.at != FULL).then_some(self.at)
    }

    /// Writes `bytes`.
    #[inline(always)]
    pub fn put(&mut self, bytes: &[u8]) {
        self.at = copy(self.room, self.at, bytes);
    }

    /// Writes the first `length` bytes of `source`, which goes on behind them: whole steps are copied, and what was copied
    /// too much is written over. Where the source ends too early for that, the bytes are copied as they are.
    #[inline(always)]
    pub fn put_prefix(&mut self, source: &[u8], length: usize) {
        let room = self.room.get_mut(self.at..).unwrap_or_default();
        let done = if length <= STEP {
            copy_step::<STEP>(room, source)
        } else if length <= 2 * STEP {
            copy_step::<{ 2 * STEP }>(room, source)
        } else {
            None
        };
        match done {
            Some(()) => self.at += length,
            None => self.put(&source[..length]),
        }
    }

    /// Writes a label value, escaped as both text formats do it: backslash, double quote and line feed.
    #[inline(always)]
    pub(crate) fn put_escaped(&mut self, value: &str) {
        self.at = copy_escaped(self.room, self.at, value.as_bytes());
    }

    /// Leaves out `length` bytes, for [`Pen::fill_in`].
    #[inline]
    pub(crate) fn skip(&mut self, length: usize) {
        self.at = self.at.saturating_add(length);
    }

    /// Writes over `N` bytes at `start`.
    #[inline]
    pub(crate) fn fill_in<const N: usize>(&mut self, start: usize, bytes: [u8; N]) {
        if let Some(place) = self.room.get_mut(start..).and_then(<[u8]>::first_chunk_mut) {
            *place = bytes;
        }
    }
}

/// How many bytes [`Pen::put_prefix`] copies at once. A source with as many bytes behind it is never copied the slow way.
pub(crate) const STEP: usize = 32;

#[inline(always)]
fn copy_step<const N: usize>(room: &mut [u8], source: &[u8]) -> Option<()> {
    *room.first_chunk_mut::<N>()? = *source.first_chunk()?;
    Some(())
}

/// Copies `bytes` into `room` at `at`, and returns where they end.
#[inline]
fn copy(room: &mut [u8], at: usize, bytes: &[u8]) -> usize {
    let Some(room) = room.get_mut(at..) else { return FULL };
    let length = bytes.len();
    let done = match length {
        33.. => room.get_mut(..length).map(|room| room.copy_from_slice(bytes)),
        17.. => overlapping::<16, 32>(room, bytes),
        8.. => overlapping::<8, 16>(room, bytes),
        4.. => overlapping::<4, 8>(room, bytes),
        _ => room.first_chunk_mut::<4>().map(|room| {
            for (place, byte) in room.iter_mut().zip(bytes) {
                *place = *byte;
            }
        }),
    };
    if done.is_some() { at + length } else { FULL }
}

fn copy_escaped(room: &mut [u8], at: usize, value: &[u8]) -> usize {
    if !has_special(value) {
        return copy(room, at, value);
    }
    let mut at = at;
    escape(value, |bytes| at = copy(room, at, bytes));
    at
}

/// Calls `put` with the pieces of an escaped label value.
#[cold]
pub(crate) fn escape(value: &[u8], mut put: impl FnMut(&[u8])) {
    let mut rest = value;
    while let Some(at) = rest.iter().position(|&byte| is_special(byte)) {
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

/// Writes between `N` and `2 * N` bytes: the first `N`, and over their end the last `N`.
#[inline]
fn overlapping<const N: usize, const TWICE: usize>(room: &mut [u8], bytes: &[u8]) -> Option<()> {
    let room = room.first_chunk_mut::<TWICE>()?;
    *room.first_chunk_mut::<N>()? = *bytes.first_chunk::<N>()?;
    *room.get_mut(bytes.len() - N..)?.first_chunk_mut::<N>()? = *bytes.last_chunk::<N>()?;
    Some(())
}

/// Whether a label value needs escaping: whether it has a backslash, a double quote or a line feed.
#[inline]
fn has_special(bytes: &[u8]) -> bool {
    may_have_special(bytes) && bytes.iter().any(|&byte| is_special(byte))
}

fn is_special(byte: u8) -> bool {
    matches!(byte, b'\\' | b'"' | b'\n')
}

/// Whether there is a byte that needs escaping, or perhaps only a space, an exclamation mark or a control character.
#[inline]
fn may_have_special(bytes: &[u8]) -> bool {
    match bytes.len() {
        33.. => memchr::memchr3(b'\\', b'"', b'\n', bytes).is_some(),
        8.. => {
            let (chunks, _) = bytes.as_chunks::<8>();
            let last = bytes.last_chunk::<8>().into_iter();
            let words = chunks.iter().chain(last).map(|chunk| u64::from_le_bytes(*chunk));
            words.fold(0, |found, word| found | specials_in_word(word)) != 0
        }
        4.. => {
            let halves = [bytes.first_chunk::<4>(), bytes.last_chunk::<4>()];
            let [low, high] = halves.map(|half| half.map_or(0, |half| u32::from_le_bytes(*half)));
            specials_in_word(u64::from(high) << 32 | u64::from(low)) != 0
        }
        _ => !bytes.is_empty(),
    }
}

/// Eight bytes at once, a bit set for each that is `\` or below `#` (and perhaps for its neighbour). Taking a byte from
/// each borrows into the top bit of those that are smaller.
#[inline]
fn specials_in_word(word: u64) -> u64 {
    const ONES: u64 = u64::MAX / 255;
    let zero_where_backslash = word ^ (ONES * u64::from(b'\\'));
    let backslashes = zero_where_backslash.wrapping_sub(ONES) & !zero_where_backslash;
    let small = word.wrapping_sub(ONES * u64::from(b'#')) & !word;
    (backslashes | small) & (ONES << 7)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(write: impl Fn(&mut Pen<'_>), expected: &[u8]) {
        let mut room = [0xff; 400];
        let mut pen = Pen::new(&mut room, 3);
        write(&mut pen);
        assert_eq!(pen.end(), Some(3 + expected.len()));
        assert_eq!(room[3..3 + expected.len()], *expected);
        assert_eq!(room[..3], [0xff; 3]);
    }

    #[test]
    fn every_length_is_written_whole() {
        let source: Vec<u8> = (0..200).collect();
        for length in 0..160 {
            let bytes = &source[..length];
            check(|pen| pen.put(bytes), bytes);
            check(|pen| pen.put_prefix(&source, length), bytes);
            check(|pen| pen.put_prefix(bytes, length), bytes);
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
    fn what_does_not_fit_is_noticed_and_nothing_is_written_behind_it() {
        for length in [1, 4, 8, 17, 33, 100] {
            let mut room = vec![0; length];
            let mut pen = Pen::new(&mut room, 1);
            pen.put(&vec![1; length]);
            pen.put(b"");
            pen.put_prefix(b"x", 1);
            assert_eq!(pen.end(), None, "{length}");
        }
    }

    proptest! {
        #[test]
        fn what_needs_escaping_is_found_wherever_it_stands(text in "[a-z\\[!#\u{b}\u{dc}\\\\\"\n]{0,70}") {
            prop_assert_eq!(has_special(text.as_bytes()), text.contains(['\\', '"', '\n']));
        }

        #[test]
        fn and_nothing_else_is_taken_for_it(bytes in prop::collection::vec(any::<u8>(), 0..70)) {
            prop_assert_eq!(has_special(&bytes), bytes.iter().any(|&byte| is_special(byte)));
        }
    }
}
