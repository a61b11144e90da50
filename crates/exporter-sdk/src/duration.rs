//! Times as Prometheus writes them, such as `1m30s`.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The units and their milliseconds, the longest first.
const UNITS: [(&str, u64); 7] = [
    ("y", 365 * 24 * 60 * 60 * 1000),
    ("w", 7 * 24 * 60 * 60 * 1000),
    ("d", 24 * 60 * 60 * 1000),
    ("h", 60 * 60 * 1000),
    ("m", 60 * 1000),
    ("s", 1000),
    ("ms", 1),
];

const EXPECTED: &str = "expected a duration such as 10s, 500ms or 1m30s";

/// A time that operators write as `10s`, `500ms`, `1m30s` or `1d`.
///
/// Units are `y` (365 days), `w`, `d`, `h`, `m`, `s` and `ms`, from the longest to the shortest, each with a whole number.
/// A bare `0` is allowed. Written back, it is cut to milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HumanDuration(pub Duration);

impl FromStr for HumanDuration {
    type Err = String;

    /// Reads what [`Display`](fmt::Display) writes.
    ///
    /// # Errors
    ///
    /// When it has no unit, a unit that does not exist or stands in the wrong order, is negative, or is too long.
    fn from_str(text: &str) -> Result<Self, String> {
        if text == "0" {
            return Ok(Self::default());
        }
        if text.starts_with('-') {
            return Err("a duration cannot be negative".to_owned());
        }
        if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
            return Err("write a unit, such as 10s".to_owned());
        }
        let mut rest = text;
        let mut units = UNITS.iter();
        let mut total: u64 = 0;
        while !rest.is_empty() {
            let (number, unit) = split_part(&mut rest).ok_or(EXPECTED)?;
            // What was passed over cannot come any more, so units are in order and none comes twice.
            let (_, millis) = units
                .find(|(name, _)| *name == unit)
                .ok_or_else(|| format!("{EXPECTED}, with units in the order y w d h m s ms"))?;
            let part = number.parse::<u64>().ok().and_then(|number| number.checked_mul(*millis));
            total =
                part.and_then(|part| total.checked_add(part)).ok_or("the duration is too long")?;
        }
        if text.is_empty() {
            Err(EXPECTED.to_owned())
        } else {
            Ok(Self(Duration::from_millis(total)))
        }
    }
}

/// Takes a number and its unit from the beginning of `rest`.
fn split_part<'a>(rest: &mut &'a str) -> Option<(&'a str, &'a str)> {
    let number_end = rest.find(|c: char| !c.is_ascii_digit())?;
    let (number, behind) = rest.split_at(number_end);
    let unit_end = behind.find(|c: char| c.is_ascii_digit()).unwrap_or(behind.len());
    let (unit, behind) = behind.split_at(unit_end);
    *rest = behind;
    (!number.is_empty()).then_some((number, unit))
}

/// Years, weeks and days only where nothing is left over, as Prometheus has it: `36h`, not `1d12h`.
impl fmt::Display for HumanDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX);
        if rest == 0 {
            return f.write_str("0s");
        }
        for (unit, millis) in UNITS {
            let calendar = ["y", "w", "d"].contains(&unit);
            if rest >= millis && (!calendar || rest.is_multiple_of(millis)) {
                write!(f, "{}{unit}", rest / millis)?;
                rest %= millis;
            }
        }
        Ok(())
    }
}

impl Serialize for HumanDuration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for HumanDuration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(DurationVisitor)
    }
}

struct DurationVisitor;

impl Visitor<'_> for DurationVisitor {
    type Value = HumanDuration;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a duration such as 10s, 500ms or 1m30s")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<HumanDuration, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<HumanDuration, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<HumanDuration, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<HumanDuration, E> {
        if number >= 0.0 {
            return Err(E::custom("write a whole number and a unit, such as 1500ms"));
        }
        Err(E::invalid_value(Unexpected::Float(number), &self))
    }
}

impl JsonSchema for HumanDuration {
    fn schema_name() -> Cow<'static, str> {
        "HumanDuration".into()
    }

    fn schema_id() -> Cow<'static, str> {
        "exporter_sdk::HumanDuration".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let parts: String = UNITS.iter().map(|(unit, _)| format!("([0-9]+{unit})?")).collect();
        json_schema!({
            "type": "string",
            "minLength": 1,
            "pattern": format!("^(0|{parts})$"),
            "examples": ["10s", "1m30s"],
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, from_value, json};

    use super::*;

    fn millis(text: &str) -> u64 {
        let duration: HumanDuration = text.parse().unwrap();
        duration.0.as_millis().try_into().unwrap()
    }

    #[test]
    fn every_unit_is_read_in_descending_order() {
        for (text, expected) in [
            ("0", 0),
            ("0s", 0),
            ("500ms", 500),
            ("10s", 10_000),
            ("1m30s", 90_000),
            ("90s", 90_000),
            ("1h", 3_600_000),
            ("1d", 86_400_000),
            ("1y1w1d1h1m1s1ms", 32_230_861_001),
        ] {
            assert_eq!(millis(text), expected, "{text}");
        }
    }

    #[test]
    fn it_is_written_as_prometheus_does() {
        for (text, written) in [
            ("0", "0s"),
            ("90s", "1m30s"),
            ("1500ms", "1s500ms"),
            ("60m", "1h"),
            ("24h", "1d"),
            ("36h", "36h"),
            ("7d", "1w"),
            ("10d", "10d"),
            ("365d", "1y"),
        ] {
            let duration: HumanDuration = text.parse().unwrap();
            assert_eq!(serde_json::to_value(duration).unwrap(), json!(written));
            assert_eq!(from_value::<HumanDuration>(json!(written)).unwrap(), duration);
        }
        assert_eq!(
            HumanDuration(Duration::MAX).to_string().parse(),
            Ok(HumanDuration(Duration::from_millis(u64::MAX)))
        );
    }

    #[test]
    fn everything_else_is_refused_with_what_would_be_right() {
        let order = "expected a duration such as 10s, 500ms or 1m30s, with units in the order y w d h m s ms";
        for (value, message) in [
            (json!("10"), "write a unit, such as 10s"),
            (json!(10), "write a unit, such as 10s"),
            (json!("1.5"), "write a unit, such as 10s"),
            (json!(1.5), "write a whole number and a unit, such as 1500ms"),
            (json!("-10s"), "a duration cannot be negative"),
            (json!(-10), "a duration cannot be negative"),
            (json!(""), EXPECTED),
            (json!("s"), EXPECTED),
            (json!("10s5"), EXPECTED),
            (json!("10 s"), order),
            (json!("1.5s"), order),
            (json!("1s1m"), order),
            (json!("1s1s"), order),
            (json!("10x"), order),
            (json!("999999999y"), "the duration is too long"),
            (json!("99999999999999999999s"), "the duration is too long"),
            (
                json!(true),
                "invalid type: boolean `true`, expected a duration such as 10s, 500ms or 1m30s",
            ),
            (Value::Null, "invalid type: null, expected a duration such as 10s, 500ms or 1m30s"),
        ] {
            assert_eq!(from_value::<HumanDuration>(value).unwrap_err().to_string(), message);
        }
        assert_eq!(from_value::<HumanDuration>(json!(0)).unwrap(), HumanDuration::default());
    }

    #[test]
    fn the_schema_is_text_with_a_pattern() {
        let schema = schemars::schema_for!(HumanDuration);
        assert_eq!(schema.get("type"), Some(&json!("string")));
        let pattern =
            "^(0|([0-9]+y)?([0-9]+w)?([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?)$";
        assert_eq!(schema.get("pattern"), Some(&json!(pattern)));
    }
}
