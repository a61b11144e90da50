//! Text that no log, error or page may show: passwords and tokens in the configuration of a collector.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What stands wherever a secret would be shown.
const HIDDEN: &str = "<secret>";

/// A password or token in a collector's `Config`.
///
/// Operators write it as text, as `file:` with the path of a file that holds it, or as `env:` with the name of a variable
/// of the environment; the collector sees the text in each case. Nothing but [`expose`](Self::expose) gives it out: it has no `Display`, and `Debug`, `Serialize` and the errors
/// of `Deserialize` hide it.
///
/// ```
/// # use exporter_sdk::Secret;
/// let password = Secret::new("hunter2");
/// assert_eq!(format!("{password:?}"), "<secret>");
/// assert_eq!(password.expose(), "hunter2");
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Makes a secret of `text`.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for whoever has to send it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HIDDEN)
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(HIDDEN)
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Not `deserialize_string`: formats answer that with an error of their own, which names the value.
        deserializer.deserialize_any(SecretVisitor)
    }
}

struct SecretVisitor;

impl SecretVisitor {
    /// The error for `kind` of value, without the value.
    fn refuse<E: Error>(self, kind: &str) -> Result<Secret, E> {
        Err(E::invalid_type(Unexpected::Other(kind), &self))
    }
}

// Every kind of value has a function here, since the errors that serde makes where one is missing name the value.
impl<'de> Visitor<'de> for SecretVisitor {
    type Value = Secret;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "text, `file:` with the path of a file that holds it, or `env:` with the name of a variable",
        )
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Secret, E> {
        Ok(Secret::new(text))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Secret, E> {
        Ok(Secret(text))
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Secret, E> {
        self.refuse("boolean")
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Secret, E> {
        self.refuse("integer")
    }

    fn visit_i128<E: Error>(self, _: i128) -> Result<Secret, E> {
        self.refuse("integer")
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Secret, E> {
        self.refuse("integer")
    }

    fn visit_u128<E: Error>(self, _: u128) -> Result<Secret, E> {
        self.refuse("integer")
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Secret, E> {
        self.refuse("number")
    }

    fn visit_bytes<E: Error>(self, _: &[u8]) -> Result<Secret, E> {
        self.refuse("bytes")
    }

    fn visit_unit<E: Error>(self) -> Result<Secret, E> {
        self.refuse("null")
    }

    fn visit_none<E: Error>(self) -> Result<Secret, E> {
        self.refuse("null")
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Secret, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(
        self,
        deserializer: D,
    ) -> Result<Secret, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_seq<A: serde::de::SeqAccess<'de>>(self, _: A) -> Result<Secret, A::Error> {
        self.refuse("list")
    }

    fn visit_map<A: serde::de::MapAccess<'de>>(self, _: A) -> Result<Secret, A::Error> {
        self.refuse("map")
    }

    fn visit_enum<A: serde::de::EnumAccess<'de>>(self, _: A) -> Result<Secret, A::Error> {
        self.refuse("enum")
    }
}

impl JsonSchema for Secret {
    fn schema_name() -> Cow<'static, str> {
        "Secret".into()
    }

    fn schema_id() -> Cow<'static, str> {
        "exporter_sdk::Secret".into()
    }

    // Without a name and a description of its own, the field's doc comment is all there is.
    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "anyOf": [
                {"type": "string"},
                {
                    "type": "object",
                    "properties": {"file": {"type": "string"}},
                    "required": ["file"],
                    "additionalProperties": false,
                },
                {
                    "type": "object",
                    "properties": {"env": {"type": "string"}},
                    "required": ["env"],
                    "additionalProperties": false,
                },
            ],
            "writeOnly": true,
            "x-secret": true,
        })
    }
}

#[cfg(test)]
mod tests {
    use schemars::schema_for;
    use serde::de::value::{Error as ValueError, F64Deserializer, I128Deserializer};
    use serde_json::{Value, json};

    use super::*;

    #[derive(Debug, Default, Deserialize, Serialize, JsonSchema)]
    struct Config {
        /// What the server asks for.
        password: Secret,
    }

    #[test]
    fn nothing_but_expose_gives_it_out() {
        let config: Config = serde_json::from_value(json!({"password": "hunter2"})).unwrap();
        assert_eq!(config.password.expose(), "hunter2");
        assert_eq!(format!("{config:?}"), "Config { password: <secret> }");
        assert_eq!(serde_json::to_value(&config).unwrap(), json!({"password": "<secret>"}));
        assert_eq!(config.password.clone(), Secret::new("hunter2"));
        assert_ne!(config.password, Secret::default());
        assert_eq!(Secret::default().expose(), "");
    }

    #[test]
    fn an_error_says_what_kind_of_value_stood_there_and_not_which() {
        for (value, kind) in [
            (json!(12345), "integer"),
            (json!(-12345), "integer"),
            (json!(12345.5), "number"),
            (json!(true), "boolean"),
            (json!(null), "null"),
            (json!(["12345"]), "list"),
            (json!({"12345": "12345"}), "map"),
        ] {
            let error = serde_json::from_value::<Secret>(value).unwrap_err().to_string();
            let expected = format!(
                "invalid type: {kind}, expected text, `file:` with the path of a file that holds it, or `env:` with the name of a variable"
            );
            assert_eq!(error, expected);
        }
    }

    #[test]
    fn numbers_that_json_lacks_are_hidden_too() {
        let wide = I128Deserializer::<ValueError>::new(12345);
        let float = F64Deserializer::<ValueError>::new(12345.5);
        let errors = [Secret::deserialize(wide), Secret::deserialize(float)];
        for error in errors.map(|result| result.unwrap_err().to_string()) {
            assert!(!error.contains("12345"), "{error}");
        }
    }

    #[test]
    fn the_schema_marks_it_and_keeps_the_doc_comment_of_the_field() {
        let schema = schema_for!(Config);
        let property = schema.as_value().pointer("/properties/password").unwrap();
        assert_eq!(property["x-secret"], true);
        assert_eq!(property["writeOnly"], true);
        assert_eq!(property["description"], "What the server asks for.");
        assert_eq!(property.pointer("/anyOf/0/type"), Some(&Value::from("string")));
    }
}
