//! Huffman codes of limited length, canonical as RFC 1951, section 3.2.2, wants them.

use crate::symbols::LITERALS;

/// The lengths of the codes of symbols that occur so often; 0 for those that do not occur. No code is longer than `limit`.
pub(crate) fn lengths(counts: &[u32], limit: usize, lengths: &mut [u8]) {
    lengths.fill(0);
    // A count and its symbol in one number, which are sorted faster than pairs.
    let mut used = [0_u64; LITERALS];
    let mut symbols = 0;
    for (count, symbol) in counts.iter().zip(0_u64..).filter(|(count, _)| **count > 0) {
        used[symbols] = u64::from(*count) << SYMBOL_BITS | symbol;
        symbols += 1;
    }
    let used = &mut used[..symbols];
    if let [] | [_] = used {
        if let [only] = used {
            lengths[symbol(*only)] = 1;
        }
        return;
    }
    used.sort_unstable();
    // How many codes there are of each length, shortened to the limit.
    let mut of_length = [0; LONGEST + 1];
    for_depths(used, |depth| of_length[depth.min(limit)] += 1);
    shorten(&mut of_length, limit);
    let mut rarest_first = used.iter();
    for (length, number) in (0_u8..=15).zip(of_length).rev() {
        for used in rarest_first.by_ref().take(number) {
            lengths[symbol(*used)] = length;
        }
    }
}

/// There are fewer than 2^9 symbols.
const SYMBOL_BITS: u32 = 9;
/// No code of the format is longer.
const LONGEST: usize = 15;

fn symbol(used: u64) -> usize {
    (used % (1 << SYMBOL_BITS)) as usize
}

/// Calls `each` with the depth of each leaf of the tree over these counts, which ascend.
#[expect(clippy::cast_possible_truncation, reason = "counts and numbers of nodes are small")]
fn for_depths(used: &[u64], mut each: impl FnMut(usize)) {
    let leaves = used.len();
    // Nodes are made in ascending order of their weight, so two queues are enough: the leaves, and the nodes.
    let mut weights = [0_u32; 2 * LITERALS];
    let mut parents = [0_u16; 2 * LITERALS];
    for (weight, used) in weights.iter_mut().zip(used) {
        *weight = (used >> SYMBOL_BITS) as u32;
    }
    let (mut leaf, mut node) = (0, leaves);
    for (new, parent) in (leaves..2 * leaves - 1).zip(leaves as u16..) {
        for _ in 0..2 {
            let least = if leaf < leaves && (node >= new || weights[leaf] <= weights[node]) {
                &mut leaf
            } else {
                &mut node
            };
            weights[new] += weights[*least];
            parents[*least] = parent;
            *least += 1;
        }
    }
    // From now on, depths instead of parents.
    let root = 2 * leaves - 2;
    parents[root] = 0;
    for node in (0..root).rev() {
        parents[node] = parents[usize::from(parents[node])] + 1;
        if node < leaves {
            each(usize::from(parents[node]));
        }
    }
}

/// Changes how many codes of each length there are until together they are a code again: codes that were cut to the limit
/// take more room than there is, and it comes from codes that are made longer.
fn shorten(of_length: &mut [usize], limit: usize) {
    let room = 1_usize << limit;
    let taken = |of_length: &[usize]| -> usize {
        (1..=limit).map(|length| of_length[length] << (limit - length)).sum()
    };
    let mut surplus = taken(of_length).saturating_sub(room);
    while surplus > 0 {
        // The longest code that is not at the limit becomes two, one of which is for a code of the limit.
        let Some(length) = (1..limit).rev().find(|length| of_length[*length] > 0) else { return };
        of_length[length] -= 1;
        of_length[length + 1] += 2;
        of_length[limit] -= 1;
        surplus -= 1;
    }
}

/// The canonical codes of these lengths, with their bits in the order in which they are written.
pub(crate) fn codes(lengths: &[u8], codes: &mut [u16]) {
    let mut of_length = [0_u16; 16];
    for length in lengths {
        of_length[usize::from(*length)] += 1;
    }
    of_length[0] = 0;
    let (mut next, mut code) = ([0_u16; 16], 0_u16);
    for length in 1..16 {
        code = (code + of_length[length - 1]) << 1;
        next[length] = code;
    }
    for (code, length) in codes.iter_mut().zip(lengths) {
        if *length > 0 {
            let next = &mut next[usize::from(*length)];
            *code = next.reverse_bits() >> (16 - length);
            *next += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(counts: &[u32], limit: usize) {
        let mut found = vec![0; counts.len()];
        lengths(counts, limit, &mut found);
        let used = counts.iter().filter(|count| **count > 0).count();
        for (count, length) in counts.iter().zip(&found) {
            assert_eq!(*count > 0, *length > 0);
            assert!(usize::from(*length) <= limit);
        }
        let room: usize = found
            .iter()
            .filter(|length| **length > 0)
            .map(|length| 1 << (limit - usize::from(*length)))
            .sum();
        if used > 1 {
            assert_eq!(room, 1 << limit, "a code that is complete: {counts:?} {found:?}");
        }
        for (a, x) in counts.iter().zip(&found) {
            for (b, y) in counts.iter().zip(&found) {
                assert!(*a <= *b || *b == 0 || x <= y, "what occurs more often is not longer");
            }
        }
    }

    proptest! {
        #[test]
        fn codes_are_complete_and_not_too_long(counts in prop::collection::vec(prop_oneof![Just(0), 1_u32..9, 1_u32..1_000_000], 1..19)) {
            check(&counts, 7);
            check(&counts, 15);
        }
    }

    #[test]
    fn counts_that_want_the_longest_codes_are_limited() {
        let mut fibonacci = vec![1_u32, 1];
        while fibonacci.len() < 40 {
            fibonacci.push(fibonacci[fibonacci.len() - 1] + fibonacci[fibonacci.len() - 2]);
        }
        check(&fibonacci, 15);
        check(&fibonacci[..19], 7);
    }

    #[test]
    fn canonical_codes_are_those_of_the_rfc() {
        let mut found = [0; 8];
        codes(&[3, 3, 3, 3, 3, 2, 4, 4], &mut found);
        let reversed = |code: u16, length: u32| code.reverse_bits() >> (16 - length);
        let expected = [0b010, 0b011, 0b100, 0b101, 0b110].map(|code| reversed(code, 3));
        assert_eq!(found[..5], expected);
        assert_eq!(found[5..], [reversed(0b00, 2), reversed(0b1110, 4), reversed(0b1111, 4)]);
    }
}
