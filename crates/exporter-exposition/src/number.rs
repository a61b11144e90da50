//! Numbers as the text format spells them.

#![expect(
    clippy::inline_always,
    reason = "measured: a call per line costs a tenth of the encoding"
)]

use std::borrow::Cow;

use exporter_sdk::Value;

use crate::format::Format;

/// Below this, every integral f64 is exactly an i64 and its digits are the shortest that read back to it.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Spells numbers. Its memory is used for one after the other.
pub(crate) struct Speller {
    integers: itoa::Buffer,
    floats: zmij::Buffer,
    last: Repeated,
}

/// The number that was spelled last: neighbours are often equal. It is kept from its second time on, because copying
/// digits costs those who differ.
struct Repeated {
    value: Value,
    digits: [u8; LONGEST],
    /// 0 where the digits are not kept.
    length: usize,
}

/// No number is longer: `-1.2345678901234567e-300` has 24 characters.
const LONGEST: usize = 32;

/// Whether two numbers are spelled alike.
#[inline(always)]
fn same(a: Value, b: Value) -> bool {
    match (a, b) {
        (Value::Int(a), Value::Int(b)) => a == b,
        (Value::Uint(a), Value::Uint(b)) => a == b,
        (Value::Float(a), Value::Float(b)) => a.to_bits() == b.to_bits(),
        _ => false,
    }
}

impl Speller {
    pub(crate) fn new() -> Self {
        let last = Repeated { value: Value::Float(f64::NAN), digits: [0; LONGEST], length: 0 };
        Self { integers: itoa::Buffer::new(), floats: zmij::Buffer::new(), last }
    }

    /// Spells the value of a sample whose neighbours may have the same.
    #[inline(always)]
    pub(crate) fn spell_next(&mut self, value: Value) -> &[u8] {
        if !same(self.last.value, value) {
            (self.last.value, self.last.length) = (value, 0);
            return self.spell(value);
        }
        if self.last.length == 0 {
            let digits = self.spell(value);
            let (length, mut kept) = (digits.len(), [0; LONGEST]);
            kept[..length].copy_from_slice(digits);
            (self.last.digits, self.last.length) = (kept, length);
        }
        &self.last.digits[..self.last.length]
    }

    /// Spells a sample's value: integers in full, floats with the shortest digits that read back to the same f64, and the
    /// three words `NaN`, `+Inf` and `-Inf`.
    #[inline(always)]
    pub(crate) fn spell(&mut self, value: Value) -> &[u8] {
        match value {
            Value::Int(value) => self.integers.format(value).as_bytes(),
            Value::Uint(value) => self.integers.format(value).as_bytes(),
            Value::Float(value) => self.spell_float(value),
        }
    }

    /// Spells the bound of a bucket or quantile as Go does it, which writes an exponent of two digits and more from 1e+06 on
    /// and below 1e-04; in OpenMetrics with `.0` where it is an integer.
    pub(crate) fn spell_bound(&mut self, bound: f64, format: Format) -> Cow<'_, [u8]> {
        if !bound.is_finite() {
            return self.spell_float(bound).into();
        }
        if bound == 0.0 || (1e-4..1e6).contains(&bound.abs()) {
            let digits = self.spell_float(bound);
            let point =
                if format.is_openmetrics() && bound.fract() == 0.0 { b".0" } else { &b""[..] };
            return [digits, point].concat().into();
        }
        let text = format!("{bound:e}");
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |e| ('-', e));
        format!("{digits}e{sign}{exponent:0>2}").into_bytes().into()
    }

    /// Spells a time, which the text format has in milliseconds and OpenMetrics in seconds.
    pub(crate) fn spell_timestamp(&mut self, milliseconds: i64, format: Format) -> Cow<'_, [u8]> {
        if !format.is_openmetrics() {
            return self.integers.format(milliseconds).as_bytes().into();
        }
        let sign = if milliseconds < 0 { "-" } else { "" };
        let milliseconds = milliseconds.unsigned_abs();
        format!("{sign}{}.{:03}", milliseconds / 1000, milliseconds % 1000).into_bytes().into()
    }

    #[inline(always)]
    fn spell_float(&mut self, value: f64) -> &[u8] {
        if !value.is_finite() {
            return match value {
                f64::INFINITY => b"+Inf",
                f64::NEG_INFINITY => b"-Inf",
                _ => b"NaN",
            };
        }
        #[expect(
            clippy::cast_possible_truncation,
            reason = "only what fits comes back equal and below the bound"
        )]
        let integer = value as i64;
        #[expect(
            clippy::cast_precision_loss,
            clippy::float_cmp,
            reason = "exactness is what is asked"
        )]
        let integral = integer as f64 == value;
        if integral && value.abs() < EXACT && !(integer == 0 && value.is_sign_negative()) {
            return self.integers.format(integer).as_bytes();
        }
        let digits = self.floats.format_finite(value).as_bytes();
        // Looking at digits that were just written stalls the processor; a fraction has no `.0` to strip.
        // -0 keeps its `.0`: there are parsers that read integers first, which have no such zero.
        if integral && integer != 0 { digits.strip_suffix(b".0").unwrap_or(digits) } else { digits }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn spelled(value: Value) -> String {
        str::from_utf8(Speller::new().spell(value)).unwrap().to_owned()
    }

    fn check(value: f64, expected: &str) {
        assert_eq!(spelled(Value::Float(value)), expected);
    }

    #[test]
    fn special_values_are_the_words_of_the_format() {
        check(f64::NAN, "NaN");
        check(f64::INFINITY, "+Inf");
        check(f64::NEG_INFINITY, "-Inf");
        check(0.0, "0");
        check(-0.0, "-0.0");
    }

    #[test]
    fn neighbours_are_spelled_as_if_they_were_alone() {
        let mut speller = Speller::new();
        for value in [f64::NAN, 0.0, 0.0, 0.0, -0.0, -0.0, 1e300, 1e300, 0.0, f64::MIN, f64::MIN] {
            let alone = spelled(Value::Float(value));
            assert_eq!(speller.spell_next(Value::Float(value)), alone.as_bytes());
        }
        for value in [Value::Uint(1), Value::Int(1), Value::Float(1.0), Value::Float(1.0)] {
            assert_eq!(speller.spell_next(value), b"1");
        }
    }

    #[test]
    fn integers_are_exact_over_their_whole_range() {
        assert_eq!(spelled(Value::Uint(u64::MAX)), "18446744073709551615");
        assert_eq!(spelled(Value::Int(i64::MIN)), "-9223372036854775808");
        check(9_007_199_254_740_991.0, "9007199254740991");
        check(1e6, "1000000");
        check(-37_982_208.0, "-37982208");
    }

    #[test]
    fn floats_have_the_shortest_digits() {
        check(0.1, "0.1");
        check(1.5e-9, "1.5e-9");
        check(1e300, "1e+300");
        check(5e-324, "5e-324");
        check(f64::MAX, "1.7976931348623157e+308");
        check(9_007_199_254_740_993.0, "9007199254740992");
    }

    #[test]
    fn bounds_are_spelled_as_go_spells_them() {
        let spell = |bound| {
            let mut speller = Speller::new();
            String::from_utf8(speller.spell_bound(bound, Format::Text).into_owned()).unwrap()
        };
        for (bound, expected) in [
            (0.0001, "0.0001"),
            (0.000_099, "9.9e-05"),
            (0.005, "0.005"),
            (-2.5, "-2.5"),
            (999_999.5, "999999.5"),
            (1e6, "1e+06"),
            (-1_234_567.0, "-1.234567e+06"),
            (1e21, "1e+21"),
            (5e-324, "5e-324"),
            (f64::INFINITY, "+Inf"),
        ] {
            assert_eq!(spell(bound), expected);
        }
    }

    proptest! {
        #[test]
        fn every_float_reads_back_to_the_same_bits(bits: u64) {
            let value = f64::from_bits(bits);
            let read: f64 = spelled(Value::Float(value)).parse().unwrap();
            prop_assert!(read.to_bits() == bits || (value.is_nan() && read.is_nan()));
        }

        #[test]
        fn so_does_every_integral_float(value: i64) {
            #[expect(clippy::cast_precision_loss, reason = "any integral float will do")]
            let value = value as f64;
            let read: f64 = spelled(Value::Float(value)).parse().unwrap();
            prop_assert_eq!(read.to_bits(), value.to_bits());
        }
    }
}
