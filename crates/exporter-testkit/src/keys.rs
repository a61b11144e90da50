//! What a schema tells of the keys of a configuration, at any depth.

use serde_json::{Map, Value};

/// The keys that have no doc comment of their own, each as it stands in Rust: `directory`, or `Metric.name`. That of the
/// type of a key does not count, because it is the same for every key of that type.
pub(crate) fn undocumented(schema: &Value) -> Vec<String> {
    let mut found = Vec::new();
    each_map("", schema, &mut |name, map, properties| {
        // The doc comment of an enum's variant stands beside its only key.
        let variant = map.contains_key("description") && properties.len() == 1 && !name.is_empty();
        for (key, property) in properties {
            let told = property.get("description").is_some() || property.get("const").is_some();
            if !told && !variant {
                found.push(if name.is_empty() { key.clone() } else { format!("{name}.{key}") });
            }
        }
    });
    found
}

/// The types below that of the configuration that take keys which they do not have.
pub(crate) fn lax(schema: &Value) -> Vec<String> {
    let mut found = Vec::new();
    each_map("", schema, &mut |name, map, _| {
        let strict = ["additionalProperties", "unevaluatedProperties"];
        if !strict.iter().any(|keyword| map.get(*keyword) == Some(&Value::Bool(false))) {
            found.push(name.to_owned());
        }
    });
    found.sort();
    found.dedup();
    found
}

/// Calls `each` for every schema with keys of its own: with the name of its type, which the configuration itself lacks, and
/// those keys.
fn each_map(
    name: &str,
    schema: &Value,
    each: &mut impl FnMut(&str, &Map<String, Value>, &Map<String, Value>),
) {
    match schema {
        // The keys of a secret are not its author's.
        Value::Object(map) if map.contains_key("x-secret") => {}
        Value::Object(map) => {
            if let Some(properties) = map.get("properties").and_then(Value::as_object) {
                each(name, map, properties);
                properties.values().for_each(|property| each_map(name, property, each));
            }
            for (keyword, value) in map {
                match (keyword.as_str(), value) {
                    ("$defs", Value::Object(types)) => {
                        types.iter().for_each(|(name, schema)| each_map(name, schema, each));
                    }
                    ("properties" | "default" | "enum" | "examples", _) => {}
                    _ => each_map(name, value, each),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| each_map(name, item, each)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use schemars::{JsonSchema, schema_for};
    use serde::{Deserialize, Serialize};

    use super::*;

    /// A type of keys.
    #[derive(Default, Deserialize, Serialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        /// Told.
        told: String,
        untold: String,
    }

    /// Takes whatever is there.
    #[derive(Default, Deserialize, Serialize, JsonSchema)]
    struct Lax {
        /// Told.
        told: String,
    }

    /// One of several.
    #[derive(Deserialize, Serialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    enum Choice {
        /// A variant.
        Told(u8),
    }

    #[derive(Default, Deserialize, Serialize, JsonSchema)]
    #[serde(default, deny_unknown_fields)]
    struct Outer {
        inner: Inner,
        /// Told.
        list: Vec<Inner>,
        /// Told.
        lax: Lax,
        /// Told.
        choice: Option<Choice>,
        /// Told.
        secret: exporter_sdk::Secret,
    }

    #[test]
    fn keys_at_any_depth_need_a_doc_comment_of_their_own() {
        let schema = schema_for!(Outer).to_value();
        assert_eq!(undocumented(&schema), ["inner", "Inner.untold"]);
        assert_eq!(lax(&schema), ["Lax"]);
    }
}
