//! A node as serde sees it.
//!
//! This is not left to JSON for what its errors say: they repeat the value that was found, and where a value has the
//! wrong type, it may be a password that was written one level too high.

use std::fmt;

use serde::de::value::{BorrowedStrDeserializer, MapDeserializer, SeqDeserializer};
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error, Expected, IntoDeserializer, Unexpected,
    VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;

use crate::node::{Key, Node, NodeValue};
use crate::spelling::instead;

/// What serde says of a node that it cannot use.
#[derive(Debug)]
pub(crate) struct Refused(String);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Refused {}

impl Error for Refused {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }

    /// Names the type alone: it is what is wrong.
    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let found = match found {
            Unexpected::Bool(_) => "boolean".to_owned(),
            Unexpected::Unsigned(_) | Unexpected::Signed(_) => "integer".to_owned(),
            Unexpected::Float(_) => "number".to_owned(),
            Unexpected::Char(_) | Unexpected::Str(_) => "text".to_owned(),
            Unexpected::Unit => "null".to_owned(),
            Unexpected::Seq => "list".to_owned(),
            found => found.to_string(),
        };
        Self(format!("invalid type: {found}, expected {}", wanted(expected)))
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self(format!("invalid value: {found}, expected {}", wanted(expected)))
    }

    /// Does not repeat the name either: where a variant has secrets in it, one may stand in place of the name.
    fn unknown_variant(name: &str, allowed: &'static [&'static str]) -> Self {
        Self(format!("unknown value{}", instead("value", name, allowed)))
    }
}

/// What serde expects, in words that say what to write: those that name Rust's types do not.
fn wanted(expected: &dyn Expected) -> String {
    let expected = expected.to_string();
    match expected.as_str() {
        "a boolean" => "true or false".to_owned(),
        "a sequence" => "a list".to_owned(),
        "a string" => "text".to_owned(),
        "f32" | "f64" => "a number".to_owned(),
        "i8" | "i16" | "i32" | "i64" | "isize" => "an integer".to_owned(),
        "u8" => "an integer from 0 to 255".to_owned(),
        "u16" => "an integer from 0 to 65535".to_owned(),
        "u32" | "u64" | "usize" => "an integer, 0 or more".to_owned(),
        words if words.starts_with("struct ") => "a map of keys".to_owned(),
        _ => expected,
    }
}

/// Reads a node.
#[derive(Clone, Copy)]
pub(crate) struct NodeDeserializer<'de> {
    node: &'de Node,
}

impl<'de> NodeDeserializer<'de> {
    pub(crate) fn new(node: &'de Node) -> Self {
        Self { node }
    }
}

impl<'de> IntoDeserializer<'de, Refused> for &'de Node {
    type Deserializer = NodeDeserializer<'de>;

    fn into_deserializer(self) -> NodeDeserializer<'de> {
        NodeDeserializer::new(self)
    }
}

impl<'de> IntoDeserializer<'de, Refused> for &'de Key {
    type Deserializer = KeyDeserializer<'de>;

    fn into_deserializer(self) -> KeyDeserializer<'de> {
        KeyDeserializer(&self.name)
    }
}

fn visit_map<'de, V: Visitor<'de>>(
    entries: &'de [(Key, Node)],
    visitor: V,
) -> Result<V::Value, Refused> {
    let mut map = MapDeserializer::new(entries.iter().map(|(key, node)| (key, node)));
    let value = visitor.visit_map(&mut map)?;
    map.end()?;
    Ok(value)
}

impl<'de> Deserializer<'de> for NodeDeserializer<'de> {
    type Error = Refused;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        match &self.node.value {
            NodeValue::Null => visitor.visit_unit(),
            NodeValue::Bool(value) => visitor.visit_bool(*value),
            NodeValue::Number(number) => match (number.as_u64(), number.as_i64()) {
                (Some(number), _) => visitor.visit_u64(number),
                (None, Some(number)) => visitor.visit_i64(number),
                (None, None) => visitor.visit_f64(number.as_f64().unwrap_or_default()),
            },
            NodeValue::OutOfRange { message, .. } => Err(Refused((*message).to_owned())),
            NodeValue::Text(text) => visitor.visit_borrowed_str(text),
            NodeValue::List(items) => {
                let mut list = SeqDeserializer::new(items.iter());
                let value = visitor.visit_seq(&mut list)?;
                list.end()?;
                Ok(value)
            }
            NodeValue::Map(entries) => visit_map(entries, visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        match self.node.value {
            NodeValue::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Refused> {
        visitor.visit_newtype_struct(self)
    }

    /// Keys that were all commented out leave a null behind. A list is refused, although serde would take it for the
    /// values of a struct in their order.
    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        match self.node.value {
            NodeValue::Null => visit_map(&[], visitor),
            NodeValue::List(_) => Err(Refused::invalid_type(Unexpected::Seq, &visitor)),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refused> {
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refused> {
        match &self.node.value {
            NodeValue::Text(variant) => visitor.visit_enum(Variant { variant, value: None }),
            NodeValue::Map(entries) => match entries.as_slice() {
                [(key, value)] => {
                    visitor.visit_enum(Variant { variant: &key.name, value: Some(value) })
                }
                _ => Err(Refused("expected a map of one key, the name of a variant".to_owned())),
            },
            _ => Err(Refused(format!("invalid type{}", instead("value", "", variants)))),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct identifier
    }
}

/// A variant of an enum: its name alone, or a map of its name and value.
struct Variant<'de> {
    variant: &'de str,
    value: Option<&'de Node>,
}

impl<'de> EnumAccess<'de> for Variant<'de> {
    type Error = Refused;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self), Refused> {
        let name = seed.deserialize(BorrowedStrDeserializer::new(self.variant))?;
        Ok((name, self))
    }
}

impl<'de> Variant<'de> {
    fn value(&self) -> Result<NodeDeserializer<'de>, Refused> {
        let missing = || Refused(format!("`{}` needs a value: write `{0}:`", self.variant));
        self.value.map(NodeDeserializer::new).ok_or_else(missing)
    }
}

impl<'de> VariantAccess<'de> for Variant<'de> {
    type Error = Refused;

    fn unit_variant(self) -> Result<(), Refused> {
        match self.value.map(|node| &node.value) {
            None | Some(NodeValue::Null) => Ok(()),
            Some(_) => Err(Refused(format!("`{}` takes no value", self.variant))),
        }
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Refused> {
        seed.deserialize(self.value()?)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Refused> {
        self.value()?.deserialize_any(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refused> {
        self.value()?.deserialize_map(visitor)
    }
}

/// Reads a key. Keys are text, which may be that of an integer or boolean.
pub(crate) struct KeyDeserializer<'de>(&'de str);

macro_rules! integer_keys {
    ($($function:ident => $visit:ident),* $(,)?) => {$(
        fn $function<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
            match self.0.parse() {
                Ok(number) => visitor.$visit(number),
                Err(_) => self.deserialize_any(visitor),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for KeyDeserializer<'de> {
    type Error = Refused;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        visitor.visit_borrowed_str(self.0)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Refused> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refused> {
        visitor.visit_enum(Variant { variant: self.0, value: None })
    }

    integer_keys! {
        deserialize_i8 => visit_i8,
        deserialize_i16 => visit_i16,
        deserialize_i32 => visit_i32,
        deserialize_i64 => visit_i64,
        deserialize_u8 => visit_u8,
        deserialize_u16 => visit_u16,
        deserialize_u32 => visit_u32,
        deserialize_u64 => visit_u64,
        deserialize_bool => visit_bool,
    }

    forward_to_deserialize_any! {
        i128 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct
        map struct identifier ignored_any
    }
}
