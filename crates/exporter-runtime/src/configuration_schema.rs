//! The JSON Schema of the configuration file, for editors: the exporter's own keys and those of every linked collector.

use exporter_sdk::Paths;
use schemars::{Schema, schema_for};
use serde_json::{Map, Value, json};

use crate::catalog::Catalog;
use crate::configuration::{GlobalScrapeKeys, WebKeys, with_common_keys};

/// The JSON Schema of the configuration file, for the collectors of `catalog`.
pub fn configuration_schema(catalog: &Catalog) -> Value {
    let (mut definitions, mut names, mut patterns) = (Map::new(), Map::new(), Map::new());
    for kind in catalog.iter() {
        let name = kind.name();
        let mut schema = part(with_common_keys(kind.schema()));
        rebase(&mut schema, &format!("#/$defs/{name}/$defs/"));
        definitions.insert(name.to_owned(), schema);
        // `collector:` with nothing behind it is legal, too.
        let schema = json!({"anyOf": [{"type": "null"}, {"$ref": format!("#/$defs/{name}")}]});
        names.insert(name.to_owned(), schema.clone());
        patterns.insert(format!("^{name}@[a-z0-9_-]+$"), schema);
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Configuration of the exporter",
        "type": ["object", "null"],
        "additionalProperties": false,
        "properties": {
            "scrape": section(schema_for!(GlobalScrapeKeys), "_scrape", &mut definitions),
            "paths": section(schema_for!(Paths), "_paths", &mut definitions),
            "web": section(schema_for!(WebKeys), "_web", &mut definitions),
            "collectors": {
                "type": ["object", "null"],
                "description": "The collectors, by name; `name@instance` for each of several.",
                "additionalProperties": false,
                "properties": names,
                "patternProperties": patterns,
            },
        },
        "$defs": definitions,
    })
}

/// A section of the file. Its definition begins with an underscore, which no name of a collector does.
fn section(schema: Schema, name: &str, definitions: &mut Map<String, Value>) -> Value {
    let mut schema = part(schema);
    rebase(&mut schema, &format!("#/$defs/{name}/$defs/"));
    definitions.insert(name.to_owned(), schema);
    json!({"anyOf": [{"type": "null"}, {"$ref": format!("#/$defs/{name}")}]})
}

/// A schema as a part of another.
fn part(schema: Schema) -> Value {
    let mut schema = schema.to_value();
    if let Some(schema) = schema.as_object_mut() {
        schema.remove("$schema");
    }
    schema
}

/// References begin at the root of the document, which a part is no longer.
pub(crate) fn rebase(schema: &mut Value, definitions: &str) {
    match schema {
        Value::Object(object) => {
            for (key, value) in object {
                match value.as_str().and_then(|text| text.strip_prefix("#/$defs/")) {
                    Some(name) if key == "$ref" => *value = format!("{definitions}{name}").into(),
                    _ => rebase(value, definitions),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| rebase(item, definitions)),
        _ => {}
    }
}
