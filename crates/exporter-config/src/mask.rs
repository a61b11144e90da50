//! Hiding the secrets of a configuration before anyone is shown it.

use schemars::Schema;
use serde_json::Value;

use crate::redact::redact;
use crate::schema::{Alternatives, SchemaTree, is_secret, of_item, of_key, of_maps};
use crate::secrets::SOURCES;

/// What stands wherever a secret would be shown.
const HIDDEN: &str = "<secret>";

/// Replaces everything in `value` that `schema` marks with `x-secret` by `<secret>`, and the user info of URLs in any text
/// by `***`. Null, `file: PATH` and `env: NAME` tell no secret and stay.
pub fn mask_secrets(value: &mut Value, schema: &Schema) {
    let tree = SchemaTree::new(schema);
    mask(value, tree, &[tree.root()]);
}

fn mask<'a>(value: &mut Value, tree: SchemaTree<'a>, schemas: &[&'a Value]) {
    // Of alternatives all count: what is a secret in one of them is shown in none.
    let branches = tree.branches(schemas, Alternatives::All);
    if is_secret(&branches) && !tells_nothing(value) {
        *value = HIDDEN.into();
        return;
    }
    match value {
        Value::String(text) => *text = redact(text).into_owned(),
        Value::Array(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                mask(item, tree, &of_item(&branches, index));
            }
        }
        Value::Object(entries) => {
            let maps = of_maps(&branches);
            for (key, value) in entries {
                mask(value, tree, &of_key(&maps, key).unwrap_or_default());
            }
        }
        _ => {}
    }
}

fn tells_nothing(value: &Value) -> bool {
    let is_source = |value: &Value| {
        let entries = value.as_object()?;
        let (key, name) = entries.iter().next()?;
        Some(entries.len() == 1 && SOURCES.contains(&key.as_str()) && name.is_string())
    };
    value.is_null() || is_source(value) == Some(true)
}
