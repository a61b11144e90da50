//! Keys that were called something else once, so that what was written for an older program goes on working.

use schemars::Schema;
use serde_json::{Map, Value};

use crate::node::{Key, Node, NodeValue};
use crate::origin::Origin;
use crate::problem::{Problem, child_path, item_path};
use crate::schema::{Alternatives, SchemaTree, of_item, of_key, of_maps};

/// A key that stood there under a former name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Renamed {
    /// The key as it was written, from the outside in, with dots.
    pub path: String,
    /// What it is called now.
    pub name: String,
    /// Where it was written.
    pub origin: Origin,
}

/// Puts today's names in place of former ones, which a schema lists in `x-former-names`, and returns which they were.
///
/// ```
/// use exporter_config::{Node, rename_keys};
/// use schemars::{JsonSchema, schema_for};
///
/// #[derive(JsonSchema)]
/// struct Config {
///     #[schemars(extend("x-former-names" = ["ignored_devices"]))]
///     device_exclude: String,
/// }
///
/// let mut node = Node::parse("x.yml", "ignored_devices: ^veth")?;
/// let renamed = rename_keys(&mut node, &schema_for!(Config), "")?;
/// assert_eq!((renamed[0].path.as_str(), renamed[0].name.as_str()), ("ignored_devices", "device_exclude"));
/// assert!(node.get("device_exclude").is_some());
/// # Ok::<(), exporter_config::Problem>(())
/// ```
///
/// # Errors
///
/// When a key stands there under both names; but where one is a flag and the other in the file, the flag counts.
pub fn rename_keys(node: &mut Node, schema: &Schema, path: &str) -> Result<Vec<Renamed>, Problem> {
    let tree = SchemaTree::new(schema);
    let mut rename = Rename { tree, renamed: Vec::new() };
    rename.node(node, &[tree.root()], path)?;
    Ok(rename.renamed)
}

/// What a key with this schema was called before.
pub(crate) fn former_names(schema: &Value) -> impl Iterator<Item = &str> {
    let names = schema.get("x-former-names").and_then(Value::as_array);
    names.into_iter().flatten().filter_map(Value::as_str)
}

struct Rename<'a> {
    tree: SchemaTree<'a>,
    renamed: Vec<Renamed>,
}

impl<'a> Rename<'a> {
    fn node(&mut self, node: &mut Node, schemas: &[&'a Value], path: &str) -> Result<(), Problem> {
        let branches = self.tree.branches(schemas, Alternatives::Fitting(node));
        match &mut node.value {
            NodeValue::Map(entries) => {
                let maps = of_maps(&branches);
                for (name, former) in former_keys(&maps) {
                    self.key(entries, name, former, path)?;
                }
                for (key, value) in entries {
                    let schemas = of_key(&maps, &key.name).unwrap_or_default();
                    self.node(value, &schemas, &child_path(path, &key.name))?;
                }
            }
            NodeValue::List(items) => {
                for (index, item) in items.iter_mut().enumerate() {
                    self.node(item, &of_item(&branches, index), &item_path(path, index))?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn key(
        &mut self,
        entries: &mut Vec<(Key, Node)>,
        name: &str,
        former: &str,
        path: &str,
    ) -> Result<(), Problem> {
        let place = |entries: &[(Key, Node)], name: &str| {
            entries.iter().position(|(key, _)| key.name == name)
        };
        let Some(old) = place(entries, former) else { return Ok(()) };
        let origin = entries[old].1.origin.clone();
        let path = child_path(path, former);
        self.renamed.push(Renamed {
            path: path.clone(),
            name: name.to_owned(),
            origin: origin.clone(),
        });
        let Some(new) = place(entries, name) else {
            name.clone_into(&mut entries[old].0.name);
            return Ok(());
        };
        let is_flag = |origin: &Origin| matches!(origin, Origin::Flag(_));
        match (is_flag(&origin), is_flag(&entries[new].1.origin)) {
            (true, false) => {
                name.clone_into(&mut entries[old].0.name);
                entries.remove(new);
            }
            (false, true) => drop(entries.remove(old)),
            _ => {
                let message =
                    format!("the former name of `{name}`, which is there as well; remove one");
                return Err(Problem::new(origin, &path, &message));
            }
        }
        Ok(())
    }
}

/// Each former name that `maps` know, behind today's.
fn former_keys<'a>(maps: &[&'a Value]) -> Vec<(&'a str, &'a str)> {
    let properties = maps.iter().filter_map(|map| map.get("properties").and_then(Value::as_object));
    let properties = properties.flat_map(Map::iter);
    let former = properties
        .flat_map(|(name, schema)| former_names(schema).map(|former| (name.as_str(), former)));
    former.collect()
}
