//! Numbers in text, and numbers times a factor.

use exporter_sdk::Value;

use crate::config::Decimal;

/// Numbers up to here are exact as `f64`.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Reads a number as programs write it.
pub(crate) fn plain(text: &str) -> Option<Value> {
    if let Ok(number) = text.parse() {
        return Some(Value::Int(number));
    }
    if let Ok(number) = text.parse() {
        return Some(Value::Uint(number));
    }
    text.parse().ok().map(Value::Float)
}

/// Reads a number as people write it: with this decimal mark, and digits before it that may be grouped by the other mark, a
/// space, an apostrophe or an underscore. One number has one separator, and its last group has three digits, so that a decimal
/// mark of the other kind is mostly found out.
pub(crate) fn grouped(text: &str, decimal: Decimal) -> Option<Value> {
    let (mark, other) = match decimal {
        Decimal::Comma => (',', '.'),
        Decimal::Point => ('.', ','),
    };
    let unsigned = text.strip_prefix(['-', '+', '\u{2212}']).unwrap_or(text);
    let sign = if unsigned.len() < text.len() && !text.starts_with('+') { "-" } else { "" };
    let (whole, fraction) = match unsigned.split_once(mark) {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (unsigned, None),
    };
    let digits = ungrouped(whole, other)?;
    match fraction {
        None => plain(&format!("{sign}{digits}")),
        Some(fraction) if is_digits(fraction) => plain(&format!("{sign}{digits}.{fraction}")),
        Some(_) => None,
    }
}

/// The digits of a whole number without what is between its groups.
fn ungrouped(whole: &str, other: char) -> Option<String> {
    let Some(separator) = whole.chars().find(|c| !c.is_ascii_digit()) else {
        return is_digits(whole).then(|| whole.to_owned());
    };
    if separator != other && !separator.is_whitespace() && !"'\u{2019}_".contains(separator) {
        return None;
    }
    let groups: Vec<&str> = whole.split(separator).collect();
    let (last, before) = groups.split_last()?;
    // Groups of two are those of India: 12,34,567.
    let fits = |group: &&str| is_digits(group) && group.len() <= 3;
    let inner = before.iter().skip(1).all(|group| group.len() >= 2);
    let all = before.iter().all(fits) && inner && is_digits(last) && last.len() == 3;
    all.then(|| groups.concat())
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// What a number is multiplied by. What 1 is divided by without loss is divided by, for the result is the nearest number then:
/// 17 ms are 0.017 s, and not 0.017000000000000001 s.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Scale {
    Times(f64),
    Over(f64),
}

impl Scale {
    pub(crate) const ONE: Self = Self::Times(1.0);
    pub(crate) const PERCENT: Self = Self::Over(100.0);

    pub(crate) fn new(factor: f64) -> Self {
        let divisor = factor.recip().round();
        if factor.fract() != 0.0 && divisor.abs() <= EXACT && divisor.recip() == factor {
            Self::Over(divisor)
        } else {
            Self::Times(factor)
        }
    }

    /// Whole numbers stay whole where they can.
    pub(crate) fn apply(self, value: Value) -> Value {
        let whole = match value {
            Value::Int(number) => Some(i128::from(number)),
            Value::Uint(number) => Some(i128::from(number)),
            Value::Float(_) => None,
        };
        let scaled = match self {
            Self::Times(factor) => whole
                .zip(exact(factor))
                .and_then(|(number, factor)| number.checked_mul(factor))
                .and_then(whole_value),
            Self::Over(divisor) => whole
                .zip(exact(divisor))
                .filter(|(number, divisor)| number % divisor == 0)
                .and_then(|(number, divisor)| whole_value(number / divisor)),
        };
        scaled.unwrap_or_else(|| {
            Value::Float(match self {
                Self::Times(factor) => value.as_f64() * factor,
                Self::Over(divisor) => value.as_f64() / divisor,
            })
        })
    }
}

/// The whole number that a float is.
#[expect(clippy::cast_possible_truncation, reason = "it is whole and within 2^53")]
fn exact(number: f64) -> Option<i128> {
    (number.fract() == 0.0 && number.abs() <= EXACT).then_some(number as i128)
}

fn whole_value(number: i128) -> Option<Value> {
    let int = i64::try_from(number).map(Value::Int);
    int.or_else(|_| u64::try_from(number).map(Value::Uint)).ok()
}
