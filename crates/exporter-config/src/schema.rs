//! Walking a JSON Schema along a value: which schemas speak of it, and which of what is inside it.

use std::collections::BTreeSet;

use schemars::Schema;
use serde_json::{Map, Value};

use crate::node::{Node, NodeValue};
use crate::problem::{child_path, item_path};

/// The keywords that say what a value looks like. A schema with none of them takes anything.
const SHAPING: [&str; 12] = [
    "$ref",
    "additionalProperties",
    "allOf",
    "anyOf",
    "const",
    "enum",
    "items",
    "oneOf",
    "patternProperties",
    "prefixItems",
    "properties",
    "type",
];

/// Which of the alternatives of a schema count.
#[derive(Clone, Copy)]
pub(crate) enum Alternatives<'n> {
    /// None: only what the schema says in any case.
    Skip,
    /// All of them.
    All,
    /// Those that may be meant by this value; all, where none is: which was meant is then not known.
    Fitting(&'n Node),
}

/// A whole schema, in which its parts refer to each other.
#[derive(Clone, Copy)]
pub(crate) struct SchemaTree<'a> {
    root: &'a Value,
}

impl<'a> SchemaTree<'a> {
    pub(crate) fn new(schema: &'a Schema) -> Self {
        Self { root: schema.as_value() }
    }

    /// The whole schema.
    pub(crate) fn root(self) -> &'a Value {
        self.root
    }

    /// The schemas that speak of a value: `starts`, and whatever they refer to or are made of.
    pub(crate) fn branches(
        self,
        starts: &[&'a Value],
        alternatives: Alternatives<'_>,
    ) -> Vec<&'a Value> {
        let mut found = Vec::new();
        for start in starts {
            self.collect(start, alternatives, &mut found);
        }
        found
    }

    /// Calls `each` with `node`, which stands at the key `path`, with the schemas that speak of it and with its path, and
    /// then with all that is inside it. What `each` puts in place of it is looked into by the same schemas.
    pub(crate) fn visit<E>(
        self,
        node: &mut Node,
        path: &str,
        each: &mut impl FnMut(&mut Node, &[&'a Value], &str) -> Result<(), E>,
    ) -> Result<(), E> {
        self.visit_part(node, &[self.root], path, each)
    }

    fn visit_part<E>(
        self,
        node: &mut Node,
        schemas: &[&'a Value],
        path: &str,
        each: &mut impl FnMut(&mut Node, &[&'a Value], &str) -> Result<(), E>,
    ) -> Result<(), E> {
        let branches = self.branches(schemas, Alternatives::Fitting(node));
        each(node, &branches, path)?;
        match &mut node.value {
            NodeValue::Map(entries) => {
                let maps = of_maps(&branches);
                for (key, value) in entries {
                    let schemas = of_key(&maps, &key.name).unwrap_or_default();
                    self.visit_part(value, &schemas, &child_path(path, &key.name), each)?;
                }
            }
            NodeValue::List(items) => {
                for (index, item) in items.iter_mut().enumerate() {
                    let schemas = of_item(&branches, index);
                    self.visit_part(item, &schemas, &item_path(path, index), each)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn collect(self, schema: &'a Value, which: Alternatives<'_>, found: &mut Vec<&'a Value>) {
        if found.iter().any(|seen| std::ptr::eq(*seen, schema)) {
            return;
        }
        found.push(schema);
        for part in self.target(schema).into_iter().chain(list(schema, "allOf")) {
            self.collect(part, which, found);
        }
        for keyword in ["anyOf", "oneOf"] {
            for alternative in self.alternatives(list(schema, keyword), which) {
                self.collect(alternative, which, found);
            }
        }
    }

    fn alternatives(self, all: &'a [Value], which: Alternatives<'_>) -> Vec<&'a Value> {
        match which {
            Alternatives::Skip => Vec::new(),
            Alternatives::All => all.iter().collect(),
            Alternatives::Fitting(node) => {
                // The tag of an enum counts for more than the keys beside it, one of which may be misspelt.
                let tagged = narrowed(all.iter().collect(), |schema| self.has_tag(schema, node));
                narrowed(tagged, |schema| self.has_required(schema, node))
            }
        }
    }

    /// What `$ref` points to.
    fn target(self, schema: &Value) -> Option<&'a Value> {
        self.root.pointer(schema.get("$ref")?.as_str()?.strip_prefix('#')?)
    }

    /// Whether `schema` allows the type of `node`, and of its keys those that have one value only.
    fn has_tag(self, schema: &'a Value, node: &Node) -> bool {
        let parts = self.branches(&[schema], Alternatives::Skip);
        parts.iter().all(|schema| type_fits(schema, node) && constants_fit(schema, node))
    }

    fn has_required(self, schema: &'a Value, node: &Node) -> bool {
        let parts = self.branches(&[schema], Alternatives::Skip);
        let mut required = parts.iter().flat_map(|schema| list(schema, "required"));
        node.entries().is_none()
            || required.all(|key| key.as_str().is_none_or(|key| node.get(key).is_some()))
    }
}

/// The schemas among `branches` that speak of maps.
pub(crate) fn of_maps<'a>(branches: &[&'a Value]) -> Vec<&'a Value> {
    branches.iter().copied().filter(|schema| takes_anything(schema) || is_map(schema)).collect()
}

/// The schemas of the value of `key`, where `maps` know that key at all.
pub(crate) fn of_key<'a>(maps: &[&'a Value], key: &str) -> Option<Vec<&'a Value>> {
    let mut known = false;
    let mut schemas = Vec::new();
    for map in maps {
        if let Some(schema) = map.get("properties").and_then(|properties| properties.get(key)) {
            schemas.push(schema);
            continue;
        }
        // Whether the key matches a pattern is left to the type that reads it.
        let patterns = object(map, "patternProperties").into_iter().flat_map(Map::values);
        let others =
            map.get("additionalProperties").filter(|schema| **schema != Value::Bool(false));
        let before = schemas.len();
        schemas.extend(patterns.chain(others));
        known |= takes_anything(map) || schemas.len() > before;
    }
    (known || !schemas.is_empty()).then_some(schemas)
}

/// The schemas of the item at `index` of a list.
pub(crate) fn of_item<'a>(branches: &[&'a Value], index: usize) -> Vec<&'a Value> {
    let of = |schema: &&'a Value| {
        let schema: &'a Value = schema;
        list(schema, "prefixItems").get(index).or_else(|| schema.get("items"))
    };
    branches.iter().filter_map(of).collect()
}

/// The names of the keys that `maps` know.
pub(crate) fn key_names<'a>(maps: &[&'a Value]) -> Vec<&'a str> {
    let properties = maps.iter().filter_map(|schema| object(schema, "properties"));
    let names: BTreeSet<&str> = properties.flat_map(Map::keys).map(String::as_str).collect();
    names.into_iter().collect()
}

/// Whether one of `branches` marks a secret.
pub(crate) fn is_secret(branches: &[&Value]) -> bool {
    branches.iter().any(|schema| schema.get("x-secret") == Some(&Value::Bool(true)))
}

fn narrowed<'a>(all: Vec<&'a Value>, fits: impl Fn(&'a Value) -> bool) -> Vec<&'a Value> {
    let fitting: Vec<&Value> = all.iter().copied().filter(|schema| fits(schema)).collect();
    if fitting.is_empty() { all } else { fitting }
}

fn takes_anything(schema: &Value) -> bool {
    match schema {
        Value::Bool(anything) => *anything,
        schema => SHAPING.iter().all(|keyword| schema.get(keyword).is_none()),
    }
}

fn is_map(schema: &Value) -> bool {
    let keywords = ["properties", "additionalProperties", "patternProperties"];
    keywords.iter().any(|keyword| schema.get(keyword).is_some())
        || type_names(schema).is_some_and(|types| types.contains(&"object"))
}

fn type_fits(schema: &Value, node: &Node) -> bool {
    let names: &[&str] = match &node.value {
        NodeValue::Null => &["null"],
        NodeValue::Bool(_) => &["boolean"],
        NodeValue::Number(_) => &["integer", "number"],
        // A number that nothing holds can be text alone.
        NodeValue::Text(_) | NodeValue::OutOfRange { .. } => &["string"],
        NodeValue::List(_) => &["array"],
        NodeValue::Map(_) => &["object"],
    };
    type_names(schema).is_none_or(|types| types.iter().any(|name| names.contains(name)))
}

fn constants_fit(schema: &Value, node: &Node) -> bool {
    let mut properties = object(schema, "properties").into_iter().flatten();
    properties.all(|(key, property)| match (property.get("const"), node.get(key)) {
        (Some(constant), Some(node)) => {
            *constant == node.to_json()
                || constant.as_str().is_some_and(|text| node.written_as() == Some(text))
        }
        _ => true,
    })
}

/// The types that `schema` lists, where it does.
pub(crate) fn type_names(schema: &Value) -> Option<Vec<&str>> {
    match schema.get("type")? {
        Value::String(name) => Some(vec![name]),
        names => Some(names.as_array()?.iter().filter_map(Value::as_str).collect()),
    }
}

fn list<'a>(schema: &'a Value, keyword: &str) -> &'a [Value] {
    schema.get(keyword).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn object<'a>(schema: &'a Value, keyword: &str) -> Option<&'a Map<String, Value>> {
    schema.get(keyword).and_then(Value::as_object)
}
