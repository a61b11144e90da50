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

const TABLE_BITS: u32 = 13;

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
            let end = memchr::memchr(b'\n', &text[start..]).map_or(text.len(), |at| start + at + 1);
            let line = &text[start..end];
            if line.starts_with(b"# TYPE ") {
                run.metadata(start, end, seen.kind, before);
                seen.kind = Some(start);
            } else if line[0] == b'#' {
                run.metadata(start, end, seen.help, None);
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
}

/// Where the name of a family stands in a line of metadata.
const NAME: usize = "# TYPE ".len();

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
                && let Some((at, found)) = self.search(here, mark, end, field)
            {
                let length = self.common(at, found, end - at);
                self.take(at, length, at - found);
                let name = &self.text[start..at.min(start + LONGEST_NAME)];
                if memchr::memchr(b'"', name).is_some() {
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

    /// A line of metadata, which begins like `like` and goes on like `other`, at the same column.
    fn metadata(&mut self, start: usize, end: usize, like: Option<usize>, other: Option<usize>) {
        let mut here = start;
        for other in [like, other].into_iter().flatten() {
            let there = other + (here - start);
            if there < here {
                let length = self.common(here, there, end - here);
                if self.take(here, length, here - there) {
                    here += length;
                }
            }
        }
        self.any(here, end);
    }

    /// A line of which nothing is known.
    fn any(&mut self, mut here: usize, end: usize) {
        while let Some((at, found)) = self.search(here, end, end, Field::Any) {
            let length = self.common(at, found, end - at);
            self.take(at, length, at - found);
            here = at + length;
        }
    }

    /// Looks from `here` up to `mark` for bytes that were there before, and returns where they are, and where they were.
    fn search(
        &mut self,
        here: usize,
        mark: usize,
        end: usize,
        field: Field,
    ) -> Option<(usize, usize)> {
        let least = if field == Field::Any { WORTHWHILE } else { FOUND };
        let mut vain = self.vain[field as usize];
        let mut at = here;
        // What begins behind that has its end behind the mark, where the line before is the nearest that has it.
        let hit = loop {
            if at + ASTRAY > mark {
                break None;
            }
            let found = self.look_up(at).filter(|found| at - found <= FARTHEST);
            if let Some(found) = found.filter(|found| self.common(at, *found, end - at) >= least) {
                vain.hit();
                break Some((at, found));
            }
            at += vain.miss();
        };
        self.vain[field as usize] = vain;
        hit.map(|(at, found)| {
            // What was stepped over may be the same as well.
            let back = (1..=(at - here).min(found))
                .take_while(|back| self.text[at - back] == self.text[found - back]);
            let back = back.count();
            (at - back, found - back)
        })
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

    /// The next quote, up to `end`.
    #[inline]
    fn mark(&self, from: usize, end: usize) -> usize {
        const ONES: u64 = u64::MAX / 255;
        let mut at = from;
        while let Some(word) = self.word(at) {
            let zero_where_quote = word ^ (ONES * u64::from(b'"'));
            let quotes = zero_where_quote.wrapping_sub(ONES) & !zero_where_quote & (ONES << 7);
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
        if length < WORTHWHILE || distance > FARTHEST {
            return false;
        }
        let (mut from, mut left) = (here, length);
        while left > 0 {
            // What is left may not be shorter than the shortest.
            let step = if left > LONGEST { (left - WORTHWHILE).min(LONGEST) } else { left };
            #[expect(
                clippy::cast_possible_truncation,
                reason = "of lengths, distances and blocks the limits are known"
            )]
            let token = Token {
                literals: (from - self.done) as u32,
                length: step as u16,
                distance: (distance - 1) as u16,
            };
            self.tokens.push(token);
            (from, left) = (from + step, left - step);
            self.done = from;
        }
        true
    }

    fn end(self) {
        #[expect(clippy::cast_possible_truncation, reason = "blocks are limited to 2^20 bytes")]
        let literals = (self.text.len() - self.done) as u32;
        self.tokens.push(Token { literals, length: 0, distance: 0 });
    }
}
