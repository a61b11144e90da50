//! Plain scalars where text is expected: `1.10` of a version is the text `1.10`, and `007` of a user is `007`.

use std::convert::Infallible;

use schemars::Schema;
use serde_json::Value;

use crate::node::{Node, NodeValue};
use crate::schema::{SchemaTree, type_names};

/// Makes text of every number, boolean and null of `node` where `schema` wants text and nothing that the scalar is: the
/// text that stands in the file, digit by digit. A null of which nothing is written, as behind a key alone, stays null.
///
/// ```
/// use std::collections::BTreeMap;
///
/// use exporter_config::{Node, read_as, restore_text};
/// use schemars::{JsonSchema, schema_for};
/// use serde::Deserialize;
///
/// #[derive(Deserialize, JsonSchema)]
/// struct Config {
///     labels: BTreeMap<String, String>,
///     port: u16,
/// }
///
/// let mut node = Node::parse("x.yml", "{labels: {version: 1.10, id: 0x1F}, port: 80}")?;
/// restore_text(&mut node, &schema_for!(Config));
/// let config: Config = read_as(&node, "")?;
/// assert_eq!((config.labels["version"].as_str(), config.labels["id"].as_str()), ("1.10", "0x1F"));
/// assert_eq!(config.port, 80);
/// # Ok::<(), exporter_config::Problem>(())
/// ```
pub fn restore_text(node: &mut Node, schema: &Schema) {
    let Ok(()) = SchemaTree::new(schema).visit(node, "", &mut |node, branches, _| {
        if let Some(text) = node.written_as()
            && wants_text(branches, &node.value)
        {
            node.value = NodeValue::Text(text.to_owned());
        }
        Ok::<(), Infallible>(())
    });
}

/// Whether one of `branches` is text, and none is what `value` is.
fn wants_text(branches: &[&Value], value: &NodeValue) -> bool {
    let own: &[&str] = match value {
        NodeValue::Null => &["null"],
        NodeValue::Bool(_) => &["boolean"],
        NodeValue::Number(number) if number.is_f64() => &["number"],
        NodeValue::Number(_) => &["integer", "number"],
        _ => &[],
    };
    let types: Vec<&str> =
        branches.iter().filter_map(|schema| type_names(schema)).flatten().collect();
    types.contains(&"string") && !types.iter().any(|name| own.contains(name))
}
