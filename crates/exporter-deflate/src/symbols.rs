//! The alphabets of DEFLATE: lengths and distances as symbols with extra bits (RFC 1951, section 3.2.5).

/// Ends a block.
pub(crate) const END: usize = 256;
/// How many symbols for literals and lengths there are.
pub(crate) const LITERALS: usize = 286;
/// How many symbols for distances there are.
pub(crate) const DISTANCES: usize = 30;

pub(crate) const SHORTEST: usize = 3;
pub(crate) const LONGEST: usize = 258;
pub(crate) const FARTHEST: usize = 32 * 1024;

/// The symbol of a length from 3 to 258, how many extra bits follow, and what they say.
#[expect(clippy::cast_possible_truncation, reason = "a length has 8 bits")]
pub(crate) const fn of_length(length: usize) -> (usize, u32, u32) {
    if length == LONGEST {
        return (285, 0, 0);
    }
    let rest = length - SHORTEST;
    if rest < 8 {
        return (257 + rest, 0, 0);
    }
    let extra = rest.ilog2() - 2;
    let symbol = 257 + 4 * (extra as usize) + (rest >> extra);
    (symbol, extra, rest as u32 & ((1 << extra) - 1))
}

/// The symbol of a distance from 1 to 32768, how many extra bits follow, and what they say.
#[inline]
pub(crate) const fn of_distance(distance: u32) -> (usize, u32, u32) {
    let rest = distance - 1;
    if rest < 4 {
        return (rest as usize, 0, 0);
    }
    let extra = rest.ilog2() - 1;
    let symbol = 2 * extra + (rest >> extra);
    (symbol as usize, extra, rest & ((1 << extra) - 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_are_those_of_the_rfc() {
        let lengths = [
            (3, 257, 0),
            (10, 264, 0),
            (11, 265, 1),
            (18, 268, 1),
            (19, 269, 2),
            (257, 284, 5),
            (258, 285, 0),
        ];
        for (length, symbol, extra) in lengths {
            let (found, bits, _) = of_length(length);
            assert_eq!((found, bits), (symbol, extra), "{length}");
        }
        assert_eq!(of_length(12), (265, 1, 1));
        assert_eq!(of_length(257), (284, 5, 30));
        let distances = [
            (1, 0, 0, 0),
            (4, 3, 0, 0),
            (5, 4, 1, 0),
            (6, 4, 1, 1),
            (7, 5, 1, 0),
            (24577, 29, 13, 0),
            (32768, 29, 13, 8191),
        ];
        for (distance, symbol, extra, bits) in distances {
            assert_eq!(of_distance(distance), (symbol, extra, bits), "{distance}");
        }
    }
}
