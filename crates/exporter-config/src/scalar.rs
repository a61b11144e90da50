//! What an unquoted YAML word is: the core schema of YAML 1.2, in which `yes` and `0o8` are text.

use serde_json::Number;

use crate::node::NodeValue;

/// The value of a plain scalar.
///
/// # Errors
///
/// When it is a number that is out of range. The message does not repeat it: it may be a password of digits.
pub(crate) fn resolve(text: &str) -> Result<NodeValue, &'static str> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Ok(NodeValue::Null),
        "true" | "True" | "TRUE" => return Ok(NodeValue::Bool(true)),
        "false" | "False" | "FALSE" => return Ok(NodeValue::Bool(false)),
        _ => {}
    }
    if let Some((digits, radix)) = integer(text) {
        let number = i64::from_str_radix(digits, radix)
            .map(Number::from)
            .or_else(|_| u64::from_str_radix(digits, radix).map(Number::from));
        return number
            .map(NodeValue::Number)
            .map_err(|_| "the integer is out of range; quote it if it is text");
    }
    if is_infinite(text) {
        return Err("infinity and .nan cannot be used; quote them if they are text");
    }
    if !is_float(text) {
        return Ok(NodeValue::Text(text.to_owned()));
    }
    let number = text.parse().ok().and_then(Number::from_f64);
    number.map(NodeValue::Number).ok_or("the number is out of range; quote it if it is text")
}

/// The digits of an integer, with its sign, and their radix.
fn integer(text: &str) -> Option<(&str, u32)> {
    let all =
        |digits: &str, is: fn(&u8) -> bool| !digits.is_empty() && digits.bytes().all(|b| is(&b));
    if let Some(digits) = text.strip_prefix("0o") {
        return all(digits, |b| (b'0'..=b'7').contains(b)).then_some((digits, 8));
    }
    if let Some(digits) = text.strip_prefix("0x") {
        return all(digits, u8::is_ascii_hexdigit).then_some((digits, 16));
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    all(digits, u8::is_ascii_digit).then_some((text, 10))
}

fn is_infinite(text: &str) -> bool {
    let magnitude = text.strip_prefix(['-', '+']).unwrap_or(text);
    [".inf", ".Inf", ".INF"].contains(&magnitude) || [".nan", ".NaN", ".NAN"].contains(&text)
}

fn is_float(text: &str) -> bool {
    let text = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) =
        text.split_once(['e', 'E']).map_or((text, None), |(m, e)| (m, Some(e)));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent_fits = exponent.is_none_or(|exponent| {
        let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        !exponent.is_empty() && digits(exponent)
    });
    digits(whole) && digits(fraction) && !(whole.is_empty() && fraction.is_empty()) && exponent_fits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_the_core_schema() {
        for text in ["", "~", "null", "Null", "NULL"] {
            assert_eq!(resolve(text), Ok(NodeValue::Null));
        }
        assert_eq!(resolve("True"), Ok(NodeValue::Bool(true)));
        assert_eq!(resolve("FALSE"), Ok(NodeValue::Bool(false)));
        let integers =
            [("12", 12), ("+12", 12), ("-12", -12), ("0755", 755), ("0o17", 15), ("0xfF", 255)];
        for (text, number) in integers {
            assert_eq!(resolve(text), Ok(NodeValue::Number(Number::from(number))), "{text}");
        }
        assert_eq!(resolve("18446744073709551615"), Ok(NodeValue::Number(Number::from(u64::MAX))));
        let floats = [("1.5", 1.5), ("-.5", -0.5), ("1.", 1.0), ("1e3", 1e3), ("1.5E-3", 1.5e-3)];
        for (text, number) in floats {
            assert_eq!(
                resolve(text),
                Ok(NodeValue::Number(Number::from_f64(number).unwrap())),
                "{text}"
            );
        }
    }

    #[test]
    fn everything_else_is_text() {
        for text in [
            "yes",
            "no",
            "on",
            "off",
            "y",
            "n",
            "tRUE",
            "nULL",
            "1_000",
            "0o8",
            "0b1",
            "+0x1",
            "0x",
            "0o",
            "-",
            "+",
            ".",
            "e5",
            ".e5",
            "1e",
            "1e+",
            "1.2.3",
            "12:30:45",
            "2024-01-01",
            "inf",
            "nan",
            "NaN",
            "0x-1",
            "0o+7",
        ] {
            assert_eq!(resolve(text), Ok(NodeValue::Text(text.to_owned())));
        }
    }

    #[test]
    fn numbers_that_nothing_can_hold_are_refused_without_being_shown() {
        for text in ["18446744073709551616", "-9223372036854775809", "0xfffffffffffffffff"] {
            assert_eq!(resolve(text), Err("the integer is out of range; quote it if it is text"));
        }
        assert_eq!(resolve("1e999"), Err("the number is out of range; quote it if it is text"));
        for text in [".inf", "-.Inf", "+.INF", ".nan"] {
            assert_eq!(
                resolve(text),
                Err("infinity and .nan cannot be used; quote them if they are text")
            );
        }
    }
}
