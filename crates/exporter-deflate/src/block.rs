//! Blocks with codes of their own (RFC 1951, section 3.2.7).

use crate::bits::{BitWriter, Place};
use crate::huffman;
use crate::matches::Token;
use crate::symbols::{DISTANCES, END, LITERALS, LONGEST, SHORTEST, of_distance, of_length};

/// The last block of a page without text: one with fixed codes, and nothing in it but its end.
pub(crate) fn write_empty(bits: &mut BitWriter, out: &mut Vec<u8>) {
    bits.put(0b011, 3, out);
    bits.put(0, 7, out);
}

/// Writes blocks, and keeps its memory from one to the next.
#[derive(Debug)]
pub(crate) struct Coder {
    literal_counts: [u32; LITERALS],
    distance_counts: [u32; DISTANCES],
    /// Bits and how many, for literals and the end.
    literals: [(u16, u8); LITERALS],
    /// For lengths, with their extra bits.
    lengths: [(u32, u8); LONGEST + 1],
    distances: [(u16, u8); DISTANCES],
}

impl Default for Coder {
    fn default() -> Self {
        Self {
            literal_counts: [0; LITERALS],
            distance_counts: [0; DISTANCES],
            literals: [(0, 0); LITERALS],
            lengths: [(0, 0); LONGEST + 1],
            distances: [(0, 0); DISTANCES],
        }
    }
}

impl Coder {
    pub(crate) fn write(
        &mut self,
        text: &[u8],
        tokens: &[Token],
        last: bool,
        bits: &mut BitWriter,
        out: &mut Vec<u8>,
    ) {
        self.count(text, tokens);
        bits.put(u32::from(last) | 0b10 << 1, 3, out);
        self.make_codes(bits, out);
        let start = out.len();
        out.resize(start + self.size() + 16, 0);
        let mut place = Place::new(*bits, &mut out[start..]);
        self.put_tokens(text, tokens, &mut place);
        let (end, left) = (start + place.written(), place.bits);
        *bits = left;
        out.truncate(end);
    }

    fn count(&mut self, text: &[u8], tokens: &[Token]) {
        self.literal_counts = [0; LITERALS];
        self.distance_counts = [0; DISTANCES];
        self.literal_counts[END] = 1;
        // Neighbours are often equal, and adding to what was just stored takes its time.
        let mut others = [0_u32; 256];
        let mut at = 0;
        for token in tokens {
            let end = at + token.literals as usize;
            let mut pairs = text[at..end].chunks_exact(2);
            for pair in &mut pairs {
                self.literal_counts[usize::from(pair[0])] += 1;
                others[usize::from(pair[1])] += 1;
            }
            if let [odd] = pairs.remainder() {
                self.literal_counts[usize::from(*odd)] += 1;
            }
            at = end + usize::from(token.length);
            if token.length > 0 {
                self.literal_counts[LENGTH_SYMBOLS[usize::from(token.length)] as usize] += 1;
                self.distance_counts[of_distance(u32::from(token.distance) + 1).0] += 1;
            }
        }
        for (count, other) in self.literal_counts.iter_mut().zip(others) {
            *count += other;
        }
    }

    /// Makes the codes, and writes what they are.
    fn make_codes(&mut self, bits: &mut BitWriter, out: &mut Vec<u8>) {
        // Some readers want two codes for distances, whether they are used or not.
        for symbol in 0..2 {
            if self.distance_counts.iter().filter(|count| **count > 0).count() < 2 {
                self.distance_counts[symbol] = self.distance_counts[symbol].max(1);
            }
        }
        let mut lengths = [0_u8; LITERALS + DISTANCES];
        let (of_literals, of_distances) = lengths.split_at_mut(LITERALS);
        huffman::lengths(&self.literal_counts, LONGEST_CODE, of_literals);
        huffman::lengths(&self.distance_counts, LONGEST_CODE, of_distances);
        let mut codes = [0; LITERALS];
        huffman::codes(of_literals, &mut codes);
        self.literals = std::array::from_fn(|symbol| (codes[symbol], of_literals[symbol]));
        for length in SHORTEST..=LONGEST {
            let (symbol, extra, value) = of_length(length);
            let (code, size) = self.literals[symbol];
            #[expect(clippy::cast_possible_truncation, reason = "there are 5 extra bits at most")]
            let all = size + extra as u8;
            self.lengths[length] = (u32::from(code) | value << size, all);
        }
        let mut codes = [0; DISTANCES];
        huffman::codes(of_distances, &mut codes);
        self.distances = std::array::from_fn(|symbol| (codes[symbol], of_distances[symbol]));
        let used = |lengths: &[u8], least: usize| {
            lengths
                .iter()
                .rposition(|length| *length > 0)
                .map_or(least, |last| (last + 1).max(least))
        };
        let (literals, distances) = (used(of_literals, 257), used(of_distances, 1));
        let sent = [&of_literals[..literals], &of_distances[..distances]].concat();
        put_lengths(literals, distances, &sent, bits, out);
    }

    /// How many bytes the codes of all tokens take.
    fn size(&self) -> usize {
        let of_literals = self.literal_counts.iter().zip(0_usize..).map(|(count, symbol)| {
            u64::from(*count) * u64::from(u32::from(self.literals[symbol].1) + EXTRA[symbol])
        });
        let of_distances = self.distance_counts.iter().zip(&self.distances).zip(0_u32..);
        let of_distances = of_distances.map(|((count, (_, size)), symbol)| {
            u64::from(*count) * u64::from(u32::from(*size) + (symbol / 2).saturating_sub(1))
        });
        let bits = of_literals.sum::<u64>() + of_distances.sum::<u64>();
        usize::try_from(bits / 8).unwrap_or(usize::MAX)
    }

    #[inline]
    fn put_literal(&self, literal: u8, place: &mut Place<'_>) {
        let (code, size) = self.literals[usize::from(literal)];
        place.put(u64::from(code), u32::from(size));
    }

    fn put_tokens(&self, text: &[u8], tokens: &[Token], place: &mut Place<'_>) {
        let mut at = 0;
        for token in tokens {
            let end = at + token.literals as usize;
            // Up to 7 bits are left of what was put before; there is room for 57 more.
            let mut literals = text[at..end].chunks_exact(4);
            for four in &mut literals {
                for literal in four {
                    self.put_literal(*literal, place);
                }
                place.flush();
            }
            if let rest @ [_, ..] = literals.remainder() {
                for literal in rest {
                    self.put_literal(*literal, place);
                }
                place.flush();
            }
            at = end + usize::from(token.length);
            if token.length > 0 {
                let (code, size) = self.lengths[usize::from(token.length)];
                place.put(u64::from(code), u32::from(size));
                let (symbol, extra, value) = of_distance(u32::from(token.distance) + 1);
                let (code, size) = self.distances[symbol];
                place.put(u64::from(u32::from(code) | value << size), u32::from(size) + extra);
                place.flush();
            }
        }
        let (code, size) = self.literals[END];
        place.put(u64::from(code), u32::from(size));
        place.flush();
    }
}

/// The format has one bit more; four literals, or a length with its distance, are put at once.
const LONGEST_CODE: usize = 14;

/// The symbol of each length.
const LENGTH_SYMBOLS: [u16; LONGEST + 1] = {
    let mut symbols = [0; LONGEST + 1];
    let mut length = SHORTEST;
    while length <= LONGEST {
        #[expect(clippy::cast_possible_truncation, reason = "symbols are below 286")]
        let symbol = of_length(length).0 as u16;
        symbols[length] = symbol;
        length += 1;
    }
    symbols
};

/// How many extra bits there are behind each symbol for literals and lengths.
const EXTRA: [u32; LITERALS] = {
    let mut all = [0; LITERALS];
    let mut length = SHORTEST;
    while length <= LONGEST {
        let (symbol, extra, _) = of_length(length);
        all[symbol] = extra;
        length += 1;
    }
    all
};

/// In which order the lengths of the codes for lengths are written.
const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/// Writes the lengths of all codes, which have codes themselves.
fn put_lengths(
    literals: usize,
    distances: usize,
    sent: &[u8],
    bits: &mut BitWriter,
    out: &mut Vec<u8>,
) {
    let runs = runs(sent);
    let mut counts = [0; 19];
    for (symbol, _, _) in &runs {
        counts[usize::from(*symbol)] += 1;
    }
    let (mut lengths, mut codes) = ([0; 19], [0; 19]);
    huffman::lengths(&counts, 7, &mut lengths);
    huffman::codes(&lengths, &mut codes);
    let listed =
        ORDER.iter().rposition(|symbol| lengths[*symbol] > 0).map_or(4, |last| (last + 1).max(4));
    #[expect(clippy::cast_possible_truncation, reason = "they are below 286, 30 and 19")]
    let sizes = [(literals - 257) as u32, (distances - 1) as u32, (listed - 4) as u32];
    for (size, count) in sizes.into_iter().zip([5, 5, 4]) {
        bits.put(size, count, out);
    }
    for symbol in &ORDER[..listed] {
        bits.put(u32::from(lengths[*symbol]), 3, out);
    }
    for (symbol, value, extra) in runs {
        let symbol = usize::from(symbol);
        bits.put(u32::from(codes[symbol]), u32::from(lengths[symbol]), out);
        bits.put(u32::from(value), extra, out);
    }
}

/// Lengths as symbols: themselves, 16 for the last one again, 17 and 18 for zeros; each with its extra bits and how many.
fn runs(lengths: &[u8]) -> Vec<(u8, u8, u32)> {
    let mut runs = Vec::new();
    for same in lengths.chunk_by(|a, b| a == b) {
        let (length, mut left) = (same[0], same.len());
        if length > 0 {
            runs.push((length, 0, 0));
            left -= 1;
        }
        while left > 0 {
            let (symbol, least, most, extra) = match (length, left) {
                (0, 11..) => (18, 11, 138, 7),
                (0, 3..) => (17, 3, 10, 3),
                (1.., 3..) => (16, 3, 6, 2),
                _ => (length, 1, 1, 0),
            };
            let step = left.min(most);
            #[expect(clippy::cast_possible_truncation, reason = "it is below 128")]
            let value = (step - least) as u8;
            runs.push((symbol, value, extra));
            left -= step;
        }
    }
    runs
}
