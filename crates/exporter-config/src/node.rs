//! The tree: values as JSON has them, each with the place where it was written.

use std::path::Path;
use std::sync::Arc;

use serde_json::{Number, Value};

use crate::compose::compose;
use crate::file::read_text;
use crate::origin::Origin;
use crate::problem::Problem;

/// The largest configuration that is read.
const MAX_BYTES: usize = 4 << 20;

/// A value and where it was written.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// The value.
    pub value: NodeValue,
    /// Where it was written. For an alias that is where the alias stands.
    pub origin: Origin,
    /// The text of a plain scalar that is a number, a boolean or null, as it stands in the file.
    written: Option<Box<str>>,
}

/// What a node holds.
#[derive(Clone, Debug, PartialEq)]
pub enum NodeValue {
    /// `~`, or nothing at all behind a key.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// An integer of 64 bits or a finite number.
    Number(Number),
    /// A number that no number type holds, infinity among them: text where that is expected, and an error anywhere else.
    OutOfRange {
        /// The number as it is written.
        text: String,
        /// What is wrong with it as a number, without repeating it: it may be a password of digits.
        message: &'static str,
    },
    /// Text.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// A map, in the order in which it was written. No name is in it twice.
    Map(Vec<(Key, Node)>),
}

/// A key of a map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// The text of the key.
    pub name: String,
    /// Where it was written.
    pub origin: Origin,
}

impl Node {
    /// A value at a place.
    pub fn new(value: NodeValue, origin: Origin) -> Self {
        Self { value, origin, written: None }
    }

    /// A map without keys.
    pub fn empty(origin: Origin) -> Self {
        Self::new(NodeValue::Map(Vec::new()), origin)
    }

    /// The same, of a plain scalar of which this is the text.
    pub(crate) fn written(self, text: &str) -> Self {
        Self { written: Some(text.into()), ..self }
    }

    /// The same at another place.
    pub(crate) fn moved_to(&self, origin: Origin) -> Self {
        Self { origin, ..self.clone() }
    }

    /// The text of a scalar that is no text, as it stands in the file.
    pub(crate) fn written_as(&self) -> Option<&str> {
        match &self.value {
            NodeValue::Null | NodeValue::Bool(_) | NodeValue::Number(_) => self.written.as_deref(),
            NodeValue::OutOfRange { text, .. } => Some(text),
            NodeValue::Text(_) | NodeValue::List(_) | NodeValue::Map(_) => None,
        }
    }

    /// Reads the YAML file at `path`, as [`parse`](Self::parse) does.
    ///
    /// # Errors
    ///
    /// When it is missing, no regular file, larger than 4 MiB or not UTF-8, or [`parse`](Self::parse) refuses it.
    pub fn read(path: &Path) -> Result<Self, Problem> {
        let name: Arc<str> = path.display().to_string().into();
        match read_text(path, MAX_BYTES, "4 MiB") {
            Ok(text) => Self::parse(&name, &text),
            Err(error) => {
                let origin = match error.place {
                    Some((line, column)) => Origin::File { name, line, column },
                    None => Origin::WholeFile(name),
                };
                Err(Problem::new(origin, "", &error.message))
            }
        }
    }

    /// Reads `text`, a YAML 1.2 document that is a map. `name` is what its origins call it.
    ///
    /// A document without content is an empty map. Aliases and merge keys (`<<`) work as far as what they copy is not out
    /// of proportion.
    ///
    /// # Errors
    ///
    /// When it is not YAML, not a map, has a key twice, more than one document or tags, or is too deep or too large.
    pub fn parse(name: &str, text: &str) -> Result<Self, Problem> {
        compose(name, text)
    }

    /// The value of the key `name`, where this is a map that has it.
    pub fn get(&self, name: &str) -> Option<&Self> {
        let (_, node) = self.entries()?.iter().find(|(key, _)| key.name == name)?;
        Some(node)
    }

    /// The value of the key `name`, to be changed.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut Self> {
        let NodeValue::Map(entries) = &mut self.value else { return None };
        let (_, node) = entries.iter_mut().find(|(key, _)| key.name == name)?;
        Some(node)
    }

    /// Takes the key `name` out.
    pub fn remove(&mut self, name: &str) -> Option<(Key, Self)> {
        let NodeValue::Map(entries) = &mut self.value else { return None };
        let index = entries.iter().position(|(key, _)| key.name == name)?;
        Some(entries.remove(index))
    }

    /// The keys and values, where this is a map.
    pub fn entries(&self) -> Option<&[(Key, Self)]> {
        match &self.value {
            NodeValue::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// The same as JSON.
    pub fn to_json(&self) -> Value {
        match &self.value {
            NodeValue::Null => Value::Null,
            NodeValue::Bool(value) => Value::Bool(*value),
            NodeValue::Number(number) => Value::Number(number.clone()),
            NodeValue::Text(text) | NodeValue::OutOfRange { text, .. } => {
                Value::String(text.clone())
            }
            NodeValue::List(items) => items.iter().map(Self::to_json).collect(),
            NodeValue::Map(entries) => {
                entries.iter().map(|(key, node)| (key.name.clone(), node.to_json())).collect()
            }
        }
    }

    /// A tree all of which comes from one place, such as a flag.
    pub fn from_json(value: Value, origin: &Origin) -> Self {
        let value = match value {
            Value::Null => NodeValue::Null,
            Value::Bool(value) => NodeValue::Bool(value),
            Value::Number(number) => NodeValue::Number(number),
            Value::String(text) => NodeValue::Text(text),
            Value::Array(items) => NodeValue::List(
                items.into_iter().map(|item| Self::from_json(item, origin)).collect(),
            ),
            Value::Object(entries) => NodeValue::Map(
                entries
                    .into_iter()
                    .map(|(name, value)| {
                        let key = Key { name, origin: origin.clone() };
                        (key, Self::from_json(value, origin))
                    })
                    .collect(),
            ),
        };
        Self::new(value, origin.clone())
    }

    /// Puts `value` at `path`, over whatever is there: a map, a list and a scalar are all replaced.
    ///
    /// Maps are made on the way where there are none.
    pub fn lay(&mut self, path: &[String], value: Value, origin: Origin) {
        let Some((name, rest)) = path.split_first() else {
            *self = Self::from_json(value, &origin);
            return;
        };
        if !matches!(self.value, NodeValue::Map(_)) {
            *self = Self::empty(origin.clone());
        }
        self.entry(name, &origin).lay(rest, value, origin);
    }

    /// The value of the key `name` of a map, which gets that key if it has to.
    fn entry(&mut self, name: &str, origin: &Origin) -> &mut Self {
        let NodeValue::Map(entries) = &mut self.value else {
            unreachable!("the caller made this a map");
        };
        let index = entries.iter().position(|(key, _)| key.name == name).unwrap_or_else(|| {
            let key = Key { name: name.to_owned(), origin: origin.clone() };
            entries.push((key, Self::empty(origin.clone())));
            entries.len() - 1
        });
        &mut entries[index].1
    }
}
