//! What of a text was there before.

use crate::symbols::{FARTHEST, LONGEST};

/// Some literals, then a match; the last of a text has literals only, and a length of 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) literals: u32,
    pub(crate) length: u16,
    /// Less one, so that 32768 fits as well as everything else does.
    pub(crate) distance: u16,
}

/// Finds matches, and keeps its memory from text to text.
#[derive(Debug)]
pub(crate) struct Matcher {
    tokens: Vec<Token>,
    table: Box<[u32; 1 << TABLE_BITS]>,
}

impl Default for Matcher {
    fn default() -> Self {
        let table = vec![0; 1 << TABLE_BITS].into_boxed_slice();
        Self {
            tokens: Vec::new(),
            table: table.try_into().expect("it is as long as an array of it"),
        }
    }
}

/// Matches of this length are taken; shorter ones cost as much as their literals.
const WORTHWHILE: usize = 5;
/// So many bytes are looked up.
const HASHED: usize = 5;
/// Where a line goes its own way for that long, the table is asked whether another one did so before.
const ASTRAY: usize = 6;
/// So many bytes have to be the same far away, because there are that many digits in every text.
const FOUND: usize = 8;

/// Where there is no quote up to here, none is looked for any more.
const LONGEST_NAME: usize = 256;

const TABLE_BITS: u32 = 12;

/// What is looked for in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    Label,
    /// What stands behind the labels. It often is random where labels are not.
    Value,
    /// Metadata, and lines without one before them.
    Any,
}

/// How often the table was asked in vain lately. The more often, the fewer places are asked about: random text has nothing
/// that was there before, and looking for it at every byte costs more than all the rest.
#[derive(Clone, Copy, Debug, Default)]
struct Vain(usize);

impl Vain {
    /// So many times in vain make the step to the next place one longer.
    const PATIENCE: usize = 16;
    /// A field of a random label is asked about once or twice, and so is noticed when it is random no more.
    const MOST: usize = 12 * Self::PATIENCE;

    fn hit(&mut self) {
        self.0 /= 2;
    }

    /// How far the next place is.
    fn miss(&mut self) -> usize {
        self.0 = (self.0 + 1).min(Self::MOST);
        1 + self.0 / Self::PATIENCE
    }
}

impl Matcher {
    /// The text as literals and matches.
    pub(crate) fn run(&mut self, text: &[u8]) -> &[Token] {
        self.tokens.clear();
        self.table.fill(0);
        let mut run = Run {
            text,
            tokens: &mut self.tokens,
            table: &mut self.table,
            done: 0,
            vain: Default::default(),
        };
        let (mut start, mut before, mut seen) = (0, None, Seen::default());
        while start < text.len() {
            let end = run.line_end(start);
            let line = &text[start..end];
            if line.starts_with(b"# TYPE ") {
                let here = run.metadata(start, end, [seen.kind, before]);
                // ` gauge` or ` counter`, as in the last line of this sort.
                let rest = end - here;
                let there = seen.kind_end.saturating_sub(rest);
                let length = run.common(here, there, rest);
                if length < rest || there == 0 || !run.take(here, rest, here - there) {
                    run.any(here, end);
                }
                (seen.kind, seen.kind_end) = (Some(start), end);
            } else if line[0] == b'#' {
                let here = run.metadata(start, end, [seen.help, None]);
                run.any(here, end);
                seen.help = Some(start);
            } else {
                match before {
                    // The first sample of a family has the name that stands in the line before.
                    Some(before) if seen.kind == Some(before) => {
                        run.sample(start, end, before + NAME);
                    }
                    Some(before) if start - before <= FARTHEST => run.sample(start, end, before),
                    _ => run.any(start, end),
                }
            }
            before = Some(start);
            start = end;
        }
        run.end();
        &self.tokens
    }
}

/// Where the last lines of metadata begin.
#[derive(Default)]
struct Seen {
    help: Option<usize>,
    kind: Option<usize>,
    /// Where that line ends.
    kind_end: usize,
}

/// Where the name of a family stands in a line of metadata.
const NAME: usize = "# TYPE ".len();

const ONES: u64 = u64::MAX / 255;

/// The highest bits of those bytes of `word` that are this one; up to the first of them, no others.
#[inline]
fn equal_to(byte: u8, word: u64) -> u64 {
    let zero_where_equal = word ^ (ONES * u64::from(byte));
    zero_where_equal.wrapping_sub(ONES) & !zero_where_equal & (ONES << 7)
}

struct Run<'a> {
    text: &'a [u8],
    tokens: &'a mut Vec<Token>,
    /// By hash, the place behind the one where such bytes were last.
    table: &'a mut [u32; 1 << TABLE_BITS],
    /// Up to here, there are tokens.
    done: usize,
    /// By field.
    vain: [Vain; 3],
}

impl Run<'_> {
    /// A line that resembles the one which begins at `like`.
    fn sample(&mut self, start: usize, end: usize, like: usize) {
        let (mut here, mut there, mut mark) = (start, like, start);
        loop {
            let length = self.common(here, there, end - here);
            self.take(here, length, here - there);
            (here, there) = (here + length, there + length);
            if here == end {
                return;
            }
            if mark < here || mark == start {
                mark = self.mark(here, end);
            }
            let field = if mark == end { Field::Value } else { Field::Label };
            if (mark - here >= ASTRAY || here == start)
                && let Some((at, found, length)) = self.search(here, mark, end, field)
            {
                self.take(at, length, at - found);
                let name_end = at.min(start + LONGEST_NAME);
                if self.mark(start, name_end) < name_end {
                    // On with the line before, which is nearer, behind as many quotes.
                    for _ in memchr::memchr_iter(b'"', &self.text[here..at + length]) {
                        there = (self.mark(there, start) + 1).min(start);
                    }
                } else {
                    // A line of that name resembles this one more.
                    there = found + length;
                }
                here = at + length;
                continue;
            }
            if mark == end {
                return;
            }
            // The same quote in both lines, if they have the same labels.
            there = self.mark(there, here);
            if there == here {
                return;
            }
            here = mark;
        }
    }

    /// A line of metadata, which begins like one of others and goes on like the next of them, at the same column. Returns how
    /// far that is so.
    fn metadata(&mut self, start: usize, end: usize, others: [Option<usize>; 2]) -> usize {
        let mut here = start;
        for other in others.into_iter().flatten() {
            let there = other + (here - start);
            if there < here {
                let length = self.common(here, there, end - here);
                if self.take(here, length, here - there) {
                    here += length;
                }
            }
        }
        here
    }

    /// A line of which nothing is known. It is looked at from word to word.
    fn any(&mut self, here: usize, end: usize) {
        let mut vain = self.vain[Field::Any as usize];
        let mut at = here;
        while at + ASTRAY <= end {
            let found = self.look_up(at).filter(|found| at - found <= FARTHEST);
            let length = found.map_or(0, |found| self.common(at, found, end - at));
            if let Some(found) = found
                && length >= WORTHWHILE
            {
                vain.hit();
                self.take(at, length, at - found);
                at += length;
            } else {
                at += vain.miss();
                at += self.to_word(at);
            }
        }
        self.vain[Field::Any as usize] = vain;
    }

    /// Looks from `here` up to `mark` for bytes that were there before, and returns where they are, where they were, and how many.
    fn search(
        &mut self,
        here: usize,
        mark: usize,
        end: usize,
        field: Field,
    ) -> Option<(usize, usize, usize)> {
        let mut vain = self.vain[field as usize];
        let mut at = here;
        // What begins behind that has its end behind the mark, where the line before is the nearest that has it.
        let hit = loop {
            if at + ASTRAY > mark {
                break None;
            }
            if let Some(found) = self.look_up(at)
                && at - found <= FARTHEST
            {
                let length = self.common(at, found, end - at);
                if length >= FOUND {
                    vain.hit();
                    break Some((at, found, length));
                }
            }
            at += vain.miss();
        };
        self.vain[field as usize] = vain;
        hit
    }

    /// How far it is to the next word, which stands behind a `_`, a blank or what else is below `0`; 8 where it is farther.
    #[inline]
    fn to_word(&self, at: usize) -> usize {
        let Some(word) = self.word(at - 1) else { return 0 };
        let small = word.wrapping_sub(ONES * u64::from(b'0')) & !word & (ONES << 7);
        (equal_to(b'_', word) | small).trailing_zeros() as usize / 8
    }

    /// Where the next bytes were last; and notes that they are here.
    #[inline]
    fn look_up(&mut self, here: usize) -> Option<usize> {
        let word = self.word(here)?;
        let hash = (word << (64 - 8 * HASHED)).wrapping_mul(0x9e37_79b1_85eb_ca87);
        #[expect(clippy::cast_possible_truncation, reason = "blocks are limited to 2^20 bytes")]
        let last = std::mem::replace(
            &mut self.table[(hash >> (64 - TABLE_BITS)) as usize],
            here as u32 + 1,
        );
        (last as usize).checked_sub(1)
    }

    /// How many bytes are the same at both places, up to `limit`.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "measured: a call per field costs a tenth")]
    fn common(&self, here: usize, there: usize, limit: usize) -> usize {
        let mut length = 0;
        while let (Some(a), Some(b)) = (self.word(here + length), self.word(there + length)) {
            let difference = a ^ b;
            if difference != 0 {
                return (length + difference.trailing_zeros() as usize / 8).min(limit);
            }
            length += 8;
            if length >= limit {
                return limit;
            }
        }
        let (a, b) = (&self.text[here..], &self.text[there..]);
        while length < limit && a[length] == b[length] {
            length += 1;
        }
        length
    }

    #[inline]
    fn word(&self, at: usize) -> Option<u64> {
        self.text.get(at..)?.first_chunk().map(|bytes| u64::from_le_bytes(*bytes))
    }

    /// The end of the line that begins at `start`, and its line feed.
    #[inline]
    fn line_end(&self, start: usize) -> usize {
        let found = |word: &[u8; 8]| equal_to(b'\n', u64::from_le_bytes(*word));
        let (steps, rest) = self.text[start..].as_chunks::<16>();
        let mut at = start;
        for step in steps {
            let (Some(first), Some(last)) = (step.first_chunk(), step.last_chunk()) else { break };
            let (first, last) = (found(first), found(last));
            if first | last != 0 {
                let before =
                    if first == 0 { 64 + last.trailing_zeros() } else { first.trailing_zeros() };
                return at + before as usize / 8 + 1;
            }
            at += 16;
        }
        at + rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |at| at + 1)
    }

    /// The next quote, up to `end`.
    #[inline]
    fn mark(&self, from: usize, end: usize) -> usize {
        let mut at = from;
        while let Some(word) = self.word(at) {
            let quotes = equal_to(b'"', word);
            if quotes != 0 {
                return (at + quotes.trailing_zeros() as usize / 8).min(end);
            }
            at += 8;
            if at >= end {
                return end;
            }
        }
        let rest = self.text[at..end].iter().position(|byte| *byte == b'"');
        rest.map_or(end, |quote| at + quote)
    }

    /// Takes a match, if it is one that is worth it. What comes before it and has no token becomes literals.
    #[inline]
    fn take(&mut self, here: usize, length: usize, distance: usize) -> bool {
        // What goes on where the last match ended, as where lines are of one length, is a part of it.
        if length > 0
            && here == self.done
            && let Some(last) = self.tokens.last_mut()
            && usize::from(last.distance) + 1 == distance
            && usize::from(last.length) + length <= LONGEST
        {
            #[expect(clippy::cast_possible_truncation, reason = "it is LONGEST at most")]
            let longer = last.length + length as u16;
            last.length = longer;
            self.done += length;
            return true;
        }
        if distance > FARTHEST {
            return false;
        }
        // What ends alike before both places, and is no part of a match yet, belongs to it.
        let (mut from, mut left) = (here, length);
        while from > self.done.max(distance)
            && self.text[from - 1] == self.text[from - 1 - distance]
        {
            (from, left) = (from - 1, left + 1);
        }
        if left < WORTHWHILE {
            return false;
        }
        while left > LONGEST {
            // What is left may not be shorter than the shortest.
            let step = (left - WORTHWHILE).min(LONGEST);
            self.push(from, step, distance);
            (from, left) = (from + step, left - step);
        }
        self.push(from, left, distance);
        true
    }

    #[inline]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "of lengths, distances and blocks the limits are known"
    )]
    fn push(&mut self, from: usize, length: usize, distance: usize) {
        self.tokens.push(Token {
            literals: (from - self.done) as u32,
            length: length as u16,
            distance: (distance - 1) as u16,
        });
        self.done = from + length;
    }

    fn end(self) {
        #[expect(clippy::cast_possible_truncation, reason = "blocks are limited to 2^20 bytes")]
        let literals = (self.text.len() - self.done) as u32;
        self.tokens.push(Token { literals, length: 0, distance: 0 });
    }
}
