//! The keys of the file.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value, json};

#[derive(Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(transform = nullable)]
pub(super) struct Keys {
    #[serde(deserialize_with = "or_default")]
    pub(super) tls_server_config: TlsKeys,
    #[serde(deserialize_with = "or_default")]
    pub(super) http_server_config: HttpKeys,
    #[serde(deserialize_with = "or_default")]
    pub(super) basic_auth_users: BTreeMap<String, Hidden>,
    #[serde(deserialize_with = "or_default")]
    pub(super) rate_limit: RateKeys,
}

#[derive(Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(transform = nullable)]
pub(super) struct TlsKeys {
    #[serde(deserialize_with = "or_default")]
    pub(super) cert: String,
    #[serde(deserialize_with = "or_default")]
    pub(super) key: Hidden,
    #[serde(deserialize_with = "or_default")]
    pub(super) client_ca: String,
    #[serde(deserialize_with = "or_default")]
    pub(super) cert_file: String,
    #[serde(deserialize_with = "or_default")]
    pub(super) key_file: String,
    #[serde(deserialize_with = "or_default")]
    pub(super) client_ca_file: String,
    #[serde(deserialize_with = "or_default")]
    pub(super) client_auth_type: String,
    #[serde(deserialize_with = "or_default")]
    pub(super) client_allowed_sans: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    pub(super) min_version: String,
    #[serde(deserialize_with = "or_default")]
    pub(super) max_version: String,
    #[serde(deserialize_with = "or_default")]
    pub(super) cipher_suites: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    pub(super) prefer_server_cipher_suites: Switch<true>,
    #[serde(deserialize_with = "or_default")]
    pub(super) curve_preferences: Vec<String>,
}

impl TlsKeys {
    /// Whether it switches TLS on, as exporter-toolkit decides it.
    pub(super) fn is_enabled(&self) -> bool {
        let texts = [
            &self.cert,
            &self.key.0,
            &self.client_ca,
            &self.cert_file,
            &self.key_file,
            &self.client_ca_file,
            &self.client_auth_type,
        ];
        texts.into_iter().any(|text| !text.is_empty())
    }
}

#[derive(Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(transform = nullable)]
pub(super) struct HttpKeys {
    #[serde(deserialize_with = "or_default")]
    pub(super) http2: Switch<true>,
    #[serde(deserialize_with = "or_default")]
    pub(super) headers: HeaderKeys,
}

#[derive(Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(transform = nullable)]
pub(super) struct HeaderKeys {
    #[serde(rename = "Content-Security-Policy", deserialize_with = "or_default")]
    content_security_policy: String,
    #[serde(rename = "X-Frame-Options", deserialize_with = "or_default")]
    x_frame_options: String,
    #[serde(rename = "X-Content-Type-Options", deserialize_with = "or_default")]
    x_content_type_options: String,
    #[serde(rename = "X-XSS-Protection", deserialize_with = "or_default")]
    x_xss_protection: String,
    #[serde(rename = "Strict-Transport-Security", deserialize_with = "or_default")]
    strict_transport_security: String,
}

type Header = (&'static str, &'static [&'static str], fn(&Keys) -> &str);

/// The headers that can be set, the values that they can have where these are limited, and where they stand.
pub(super) const HEADERS: [Header; 5] = [
    ("Content-Security-Policy", &[], |keys| {
        &keys.http_server_config.headers.content_security_policy
    }),
    ("X-Frame-Options", &["deny", "sameorigin"], |keys| {
        &keys.http_server_config.headers.x_frame_options
    }),
    ("X-Content-Type-Options", &["nosniff"], |keys| {
        &keys.http_server_config.headers.x_content_type_options
    }),
    ("X-XSS-Protection", &[], |keys| &keys.http_server_config.headers.x_xss_protection),
    ("Strict-Transport-Security", &[], |keys| {
        &keys.http_server_config.headers.strict_transport_security
    }),
];

#[derive(Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(transform = nullable)]
pub(super) struct RateKeys {
    #[serde(deserialize_with = "or_default")]
    pub(super) interval: GoDuration,
    #[serde(deserialize_with = "or_default")]
    pub(super) burst: GoInteger,
}

/// A key with nothing behind it has its default, as in Go.
fn or_default<'de, T: Deserialize<'de> + Default, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// Lets each key of a map be null, which [`or_default`] reads: `null` is no text there, as in Go.
fn nullable(schema: &mut Schema) {
    let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
    for property in properties.into_iter().flat_map(Map::values_mut) {
        if property.get("type") == Some(&"string".into()) {
            property["type"] = json!(["string", "null"]);
        }
    }
}

/// A private key or the hash of a password. Errors do not repeat what stands in its place.
#[derive(Clone, Default)]
pub(super) struct Hidden(pub(super) String);

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<secret>")
    }
}

impl Serialize for Hidden {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("<secret>")
    }
}

impl<'de> Deserialize<'de> for Hidden {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // serde's own errors say what stands there; a secret says it in its own words.
        let text = exporter_sdk::Secret::deserialize(deserializer);
        text.map(|text| Self(text.expose().to_owned()))
            .map_err(|_| D::Error::custom("expected text"))
    }
}

impl JsonSchema for Hidden {
    fn schema_name() -> Cow<'static, str> {
        "Hidden".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": ["string", "null"], "writeOnly": true})
    }
}

/// `true` or `false`, or what YAML 1.1 has for them besides; without it, `DEFAULT`.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
pub(super) struct Switch<const DEFAULT: bool>(pub(super) bool);

impl<const DEFAULT: bool> Default for Switch<DEFAULT> {
    fn default() -> Self {
        Self(DEFAULT)
    }
}

impl<'de, const DEFAULT: bool> Deserialize<'de> for Switch<DEFAULT> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl Visitor<'_> for Read {
            type Value = bool;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`true` or `false`")
            }

            fn visit_bool<E: Error>(self, value: bool) -> Result<bool, E> {
                Ok(value)
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<bool, E> {
                match text.to_ascii_lowercase().as_str() {
                    "yes" | "on" | "y" => Ok(true),
                    "no" | "off" | "n" => Ok(false),
                    _ => Err(E::invalid_value(Unexpected::Str(text), &self)),
                }
            }
        }
        deserializer.deserialize_any(Read).map(Self)
    }
}

/// A number where Go wants an integer: `1_000`, `0b11` and `5.0` are integers there as well.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub(super) struct GoInteger(pub(super) i64);

impl<'de> Deserialize<'de> for GoInteger {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let read = Read { expected: "an integer", text: |text| integer(text) };
        deserializer.deserialize_any(read).map(Self)
    }
}

/// A duration as Go writes it, `1m30s` or `250ms`, or a number of nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub(super) struct GoDuration(pub(super) i64);

impl<'de> Deserialize<'de> for GoDuration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let read = Read {
            expected: "a duration such as `1s`, `250ms` or `1m30s`",
            text: |text| nanoseconds(text).or_else(|| integer(text)),
        };
        deserializer.deserialize_any(read).map(Self)
    }
}

/// Reads an integer from a number, or by a function of its own from text.
struct Read {
    expected: &'static str,
    text: fn(&str) -> Option<i64>,
}

impl Visitor<'_> for Read {
    type Value = i64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expected)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<i64, E> {
        i64::try_from(number).map_err(|_| E::invalid_value(Unexpected::Unsigned(number), &self))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<i64, E> {
        Ok(number)
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<i64, E> {
        whole(number).ok_or_else(|| E::invalid_value(Unexpected::Float(number), &self))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<i64, E> {
        (self.text)(text).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }
}

/// An integer with underscores, or with a sign before the prefix of its radix, which YAML 1.2 does not have.
fn integer(text: &str) -> Option<i64> {
    let plain = text.replace('_', "");
    let (sign, magnitude) =
        plain.strip_prefix('-').map_or(("", plain.as_str()), |magnitude| ("-", magnitude));
    let magnitude = magnitude.strip_prefix('+').unwrap_or(magnitude);
    let (digits, radix) = [("0b", 2), ("0o", 8), ("0x", 16)]
        .into_iter()
        .find_map(|(prefix, radix)| Some((magnitude.strip_prefix(prefix)?, radix)))
        .unwrap_or((magnitude, 10));
    let is_digits = !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix));
    is_digits.then(|| i64::from_str_radix(&format!("{sign}{digits}"), radix).ok())?
}

/// The integer part of `number`, as Go converts it.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "the range is checked"
)]
fn whole(number: f64) -> Option<i64> {
    (number.abs() < i64::MAX as f64).then_some(number as i64)
}

/// The nanoseconds of a duration with units.
fn nanoseconds(text: &str) -> Option<i64> {
    const UNITS: [(&str, f64); 8] = [
        ("ns", 1.0),
        ("us", 1e3),
        ("µs", 1e3),
        ("μs", 1e3),
        ("ms", 1e6),
        ("s", 1e9),
        ("m", 6e10),
        ("h", 3.6e12),
    ];
    let magnitude = text.strip_prefix(['-', '+']).unwrap_or(text);
    if magnitude == "0" {
        return Some(0);
    }
    let (mut rest, mut total) = (magnitude, 0.0);
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, unit) = rest.split_at(end);
        let end = unit.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(unit.len());
        let (unit, behind) = unit.split_at(end);
        let (_, factor) = UNITS.into_iter().find(|(name, _)| *name == unit)?;
        total += number.parse::<f64>().ok()? * factor;
        rest = behind;
    }
    let sign = if text.starts_with('-') { -1.0 } else { 1.0 };
    (!magnitude.is_empty()).then(|| whole(sign * total.round()))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_those_of_go() {
        for (text, expected) in [
            ("1s", 1_000_000_000),
            ("250ms", 250_000_000),
            ("1m30s", 90_000_000_000),
            ("1.5h", 5_400_000_000_000),
            ("100us", 100_000),
            ("100µs", 100_000),
            ("7ns", 7),
            (".5s", 500_000_000),
            ("-1.s", -1_000_000_000),
            ("+1s", 1_000_000_000),
            ("0", 0),
        ] {
            assert_eq!(nanoseconds(text), Some(expected), "{text}");
        }
        for text in ["", "-", "1", "s", "1x", "--1s", "1 s", "1e3s", "300y", "9999999h"] {
            assert_eq!(nanoseconds(text), None, "{text}");
        }
    }

    #[test]
    fn integers_are_those_of_go() {
        for (text, expected) in
            [("1_000", 1000), ("0b11", 3), ("-0x1_F", -31), ("+0o17", 15), ("-5", -5), ("+5", 5)]
        {
            assert_eq!(integer(text), Some(expected), "{text}");
        }
        for text in ["", "-", "_", "0x", "--5", "-+-5", "0b2", "5s", "99999999999999999999"] {
            assert_eq!(integer(text), None, "{text}");
        }
        assert_eq!([whole(5.7), whole(-5.7), whole(1e19)], [Some(5), Some(-5), None]);
    }
}
