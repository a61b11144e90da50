//! The keys that a schema knows, for whoever lists them: flags, and documentation.

use schemars::Schema;
use serde_json::{Map, Value};

use crate::former::former_names;

/// One key, as its schema declares it.
#[derive(Clone, Debug, PartialEq)]
pub struct KeyDoc {
    /// The key, from the outside in. Below a list, the list's own step ends in `[]`; `*` stands for keys that the operator
    /// chooses.
    pub path: Vec<String>,
    /// What may stand there.
    pub shape: Shape,
    /// What it means, on one line.
    pub description: String,
    /// What is taken where the key is left out. `None` for nothing, and for secrets.
    pub default: Option<Value>,
    /// Whether it may not be left out.
    pub required: bool,
    /// What it was called before, see [`rename_keys`](crate::rename_keys).
    pub former_names: Vec<String>,
}

impl KeyDoc {
    /// The default as an operator would write it; `None` also where that is nothing.
    pub fn default_text(&self) -> Option<String> {
        match self.default.as_ref()? {
            Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
            Value::Array(items) if items.is_empty() => None,
            // The keys below tell theirs.
            Value::Object(_) => None,
            default => Some(default.to_string()),
        }
    }
}

/// What may stand at a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// `true` or `false`.
    Boolean,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// Text.
    Text,
    /// Text that is shown nowhere, or `{file: PATH}` or `{env: NAME}` of it.
    Secret,
    /// One of these words.
    Choice(Vec<String>),
    /// A list of such values.
    List(Box<Self>),
    /// Keys that the operator chooses, each with such a value.
    Map(Box<Self>),
    /// One or the other.
    Either(Vec<Self>),
    /// Keys of its own, which follow.
    Keys,
    /// Something that the schema does not say more of.
    Any,
}

/// How deep keys may be nested. A schema that refers to itself has no end.
const DEEPEST: usize = 8;

/// Every key that `schema` knows, each before those below it.
pub fn document_keys(schema: &Schema) -> Vec<KeyDoc> {
    let mut walk = Walk { root: schema.as_value(), path: Vec::new(), found: Vec::new() };
    walk.properties(schema.as_value());
    walk.found
}

struct Walk<'a> {
    root: &'a Value,
    path: Vec<String>,
    found: Vec<KeyDoc>,
}

impl<'a> Walk<'a> {
    fn properties(&mut self, schema: &'a Value) {
        let schema = self.resolve(schema);
        if self.path.len() >= DEEPEST {
            return;
        }
        for (key, property) in
            schema.get("properties").and_then(Value::as_object).into_iter().flatten()
        {
            let required = schema.get("required").and_then(Value::as_array);
            let required = required.is_some_and(|names| names.iter().any(|name| name == key));
            self.path.push(key.clone());
            self.key(property, required);
            self.below(property);
            self.path.pop();
        }
        // Such as the variants of an enum, or what is flattened.
        for part in ["allOf", "oneOf", "anyOf"] {
            for part in schema.get(part).and_then(Value::as_array).into_iter().flatten() {
                self.properties(part);
            }
        }
    }

    fn key(&mut self, property: &Value, required: bool) {
        let shape = self.shape(property, 0);
        let shown = |default: &&Value| !default.is_null() && shape != Shape::Secret;
        let default = property.get("default").filter(shown);
        let key = KeyDoc {
            path: self.path.clone(),
            description: self.description(property),
            default: default.cloned(),
            required,
            former_names: former_names(property).map(str::to_owned).collect(),
            shape,
        };
        // The variants of an enum may share keys.
        if !self.found.iter().any(|found| found.path == key.path) {
            self.found.push(key);
        }
    }

    fn below(&mut self, property: &'a Value) {
        if self.is_secret(property) {
            return;
        }
        let schema = self.resolve(property);
        if let Some(items) = schema.get("items") {
            let Some(step) = self.path.last_mut() else { return };
            step.push_str("[]");
            self.properties(items);
        } else if let Some(values) = schema.get("additionalProperties").filter(|v| v.is_object()) {
            if self.is_secret(values) {
                return;
            }
            self.path.push("*".to_owned());
            self.properties(values);
            self.path.pop();
        } else {
            self.properties(property);
        }
    }

    fn description(&self, property: &Value) -> String {
        let own =
            property.get("description").or_else(|| self.resolve_ref(property).get("description"));
        let own = own.and_then(Value::as_str).unwrap_or_default();
        own.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    fn shape(&self, property: &Value, depth: usize) -> Shape {
        if self.is_secret(property) {
            return Shape::Secret;
        }
        let schema = self.resolve(property);
        if let Some(choices) = choices(schema) {
            return Shape::Choice(choices);
        }
        let inner = |schema: &Value| {
            Box::new(if depth < DEEPEST { self.shape(schema, depth + 1) } else { Shape::Any })
        };
        match type_of(schema) {
            Some("boolean") => Shape::Boolean,
            Some("integer") => Shape::Integer,
            Some("number") => Shape::Number,
            Some("string") => Shape::Text,
            Some("array") => Shape::List(schema.get("items").map_or(Box::new(Shape::Any), inner)),
            Some("object") => match schema.get("additionalProperties").filter(|v| v.is_object()) {
                Some(values) if !schema.get("properties").is_some_and(Value::is_object) => {
                    Shape::Map(inner(values))
                }
                _ => Shape::Keys,
            },
            Some(_) => Shape::Any,
            None => self.alternatives(schema, depth),
        }
    }

    fn alternatives(&self, schema: &Value, depth: usize) -> Shape {
        match schema.get("anyOf").and_then(Value::as_array) {
            Some(alternatives) if depth < DEEPEST => {
                let shapes = alternatives.iter().map(|one| self.shape(one, depth + 1));
                Shape::Either(shapes.collect())
            }
            _ => Shape::Any,
        }
    }

    /// Whether it is a secret, or may be one.
    fn is_secret(&self, property: &Value) -> bool {
        let target = self.resolve_ref(property);
        let optional = target.get("anyOf").and_then(Value::as_array).into_iter().flatten();
        target.get("x-secret") == Some(&Value::Bool(true))
            || optional.map(|one| self.resolve_ref(one)).any(|one| one.get("x-secret").is_some())
    }

    /// Follows references, and the one alternative that is not null.
    fn resolve<'b>(&self, schema: &'b Value) -> &'b Value
    where
        'a: 'b,
    {
        let schema = self.resolve_ref(schema);
        let alternatives = schema.get("anyOf").and_then(Value::as_array);
        let mut some =
            alternatives.into_iter().flatten().filter(|one| type_of(one) != Some("null"));
        match (some.next(), some.next()) {
            (Some(one), None) => self.resolve(one),
            _ => schema,
        }
    }

    /// Follows references.
    fn resolve_ref<'b>(&self, schema: &'b Value) -> &'b Value
    where
        'a: 'b,
    {
        let reference = schema.get("$ref").and_then(Value::as_str);
        let pointer = reference.and_then(|reference| reference.strip_prefix('#'));
        let target = pointer.and_then(|pointer| self.root.pointer(pointer));
        target.map_or(schema, |target| self.resolve_ref(target))
    }
}

/// The type of a schema; where it may be null as well, the other one.
fn type_of(schema: &Value) -> Option<&str> {
    match schema.get("type")? {
        Value::String(name) => Some(name),
        Value::Array(names) => names.iter().filter_map(Value::as_str).find(|&name| name != "null"),
        _ => None,
    }
}

/// The words that an enum without content allows.
fn choices(schema: &Value) -> Option<Vec<String>> {
    let words = |values: &[Value]| -> Option<Vec<String>> {
        values.iter().map(|value| value.as_str().map(str::to_owned)).collect()
    };
    if let Some(values) = schema.get("enum").and_then(Value::as_array) {
        return words(values);
    }
    let variants = schema.get("oneOf").and_then(Value::as_array)?.iter();
    let constants = variants.map(|variant| variant.as_object().and_then(constant));
    constants.collect::<Option<Vec<String>>>()
}

fn constant(variant: &Map<String, Value>) -> Option<String> {
    variant.get("const").and_then(Value::as_str).map(str::to_owned)
}
