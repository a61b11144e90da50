//! Sizes in bytes as operators write them, such as `256MiB`.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The binary units, the largest first.
const BINARY: [(&str, u64); 7] = [
    ("EiB", 1 << 60),
    ("PiB", 1 << 50),
    ("TiB", 1 << 40),
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("B", 1),
];

/// The decimal units. Both spellings of the thousand are in use.
const DECIMAL: [(&str, u64); 7] = [
    ("EB", 10_u64.pow(18)),
    ("PB", 10_u64.pow(15)),
    ("TB", 10_u64.pow(12)),
    ("GB", 10_u64.pow(9)),
    ("MB", 10_u64.pow(6)),
    ("KB", 10_u64.pow(3)),
    ("kB", 10_u64.pow(3)),
];

const EXPECTED: &str = "expected a size such as 64KB, 256MiB or 1GiB, or a number of bytes";

/// A number of bytes that operators write as `256MiB`, `64KB` or `1GiB`, or as a plain integer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ByteSize(pub u64);

impl FromStr for ByteSize {
    type Err = &'static str;

    /// Reads what [`Display`](fmt::Display) writes, decimal units, and plain integers.
    ///
    /// # Errors
    ///
    /// When it is no whole number, has a unit that does not exist, is negative, or is too large.
    fn from_str(text: &str) -> Result<Self, &'static str> {
        if text.starts_with('-') {
            return Err("a size cannot be negative");
        }
        let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (number, unit) = text.split_at(end);
        let mut units = BINARY.iter().chain(&DECIMAL);
        let bytes = match unit {
            "" => 1,
            unit => units.find(|(name, _)| *name == unit).ok_or(EXPECTED)?.1,
        };
        if number.is_empty() {
            return Err(EXPECTED);
        }
        let number = number.parse::<u64>().ok();
        number.and_then(|number| number.checked_mul(bytes)).map(Self).ok_or("the size is too large")
    }
}

/// In the largest binary unit of which it is a whole number.
impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exact =
            BINARY.iter().find(|(_, bytes)| self.0 >= *bytes && self.0.is_multiple_of(*bytes));
        match exact {
            Some((unit, bytes)) => write!(f, "{}{unit}", self.0 / bytes),
            None => f.write_str("0B"),
        }
    }
}

impl Serialize for ByteSize {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ByteSize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SizeVisitor)
    }
}

struct SizeVisitor;

impl Visitor<'_> for SizeVisitor {
    type Value = ByteSize;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a size such as 64KB, 256MiB or 1GiB, or a number of bytes")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<ByteSize, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_u64<E: Error>(self, bytes: u64) -> Result<ByteSize, E> {
        Ok(ByteSize(bytes))
    }

    fn visit_i64<E: Error>(self, bytes: i64) -> Result<ByteSize, E> {
        self.visit_str(&bytes.to_string())
    }
}

impl JsonSchema for ByteSize {
    fn schema_name() -> Cow<'static, str> {
        "ByteSize".into()
    }

    fn schema_id() -> Cow<'static, str> {
        "exporter_sdk::ByteSize".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": ["string", "integer"],
            "pattern": "^[0-9]+([kKMGTPE]B|[KMGTPE]iB|B)?$",
            "minimum": 0,
            "examples": ["256MiB"],
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

    use super::*;

    #[test]
    fn binary_and_decimal_units_and_bytes_are_read() {
        for (value, bytes) in [
            (json!("256MiB"), 256 << 20),
            (json!("64KB"), 64_000),
            (json!("64kB"), 64_000),
            (json!("1GiB"), 1 << 30),
            (json!("15EiB"), 15 << 60),
            (json!("100B"), 100),
            (json!("100"), 100),
            (json!(100), 100),
            (json!(0), 0),
        ] {
            assert_eq!(from_value::<ByteSize>(value).unwrap(), ByteSize(bytes));
        }
    }

    #[test]
    fn it_is_written_in_the_largest_exact_binary_unit() {
        for (bytes, written) in [
            (0, "0B"),
            (1000, "1000B"),
            (1024, "1KiB"),
            (1536, "1536B"),
            (256 << 20, "256MiB"),
            (1 << 60, "1EiB"),
            (u64::MAX, "18446744073709551615B"),
        ] {
            assert_eq!(serde_json::to_value(ByteSize(bytes)).unwrap(), json!(written));
            assert_eq!(written.parse(), Ok(ByteSize(bytes)));
        }
    }

    #[test]
    fn everything_else_is_refused_with_what_would_be_right() {
        for (value, message) in [
            (json!(-1), "a size cannot be negative"),
            (json!("-1MiB"), "a size cannot be negative"),
            (json!("16EiB"), "the size is too large"),
            (json!("99999999999999999999"), "the size is too large"),
            (json!(""), EXPECTED),
            (json!("MiB"), EXPECTED),
            (json!("1.5GiB"), EXPECTED),
            (json!("1 GiB"), EXPECTED),
            (json!("1mb"), EXPECTED),
            (
                json!(1.5),
                "invalid type: floating point `1.5`, expected a size such as 64KB, 256MiB or 1GiB, or a number of bytes",
            ),
        ] {
            assert_eq!(from_value::<ByteSize>(value).unwrap_err().to_string(), message);
        }
    }

    #[test]
    fn the_schema_is_text_with_a_pattern_or_an_integer() {
        let schema = schemars::schema_for!(ByteSize);
        assert_eq!(schema.get("type"), Some(&json!(["string", "integer"])));
        assert_eq!(schema.get("minimum"), Some(&json!(0)));
    }
}
