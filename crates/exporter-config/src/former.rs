//! Keys that were called something else once, so that what was written for an older program goes on working.

use schemars::Schema;
use serde_json::{Map, Value};

use crate::node::{Key, Node, NodeValue};
use crate::origin::Origin;
use crate::problem::{Problem, child_path};
use crate::schema::{SchemaTree, of_maps};

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
    let mut renamed = Vec::new();
    SchemaTree::new(schema).visit(node, path, &mut |node, branches, path| {
        if let NodeValue::Map(entries) = &mut node.value {
            for (name, former) in former_keys(&of_maps(branches)) {
                renamed.extend(rename(entries, name, former, path)?);
            }
        }
        Ok(())
    })?;
    Ok(renamed)
}

/// What a key with this schema was called before.
pub(crate) fn former_names(schema: &Value) -> impl Iterator<Item = &str> {
    let names = schema.get("x-former-names").and_then(Value::as_array);
    names.into_iter().flatten().filter_map(Value::as_str)
}

/// Calls `former` of the map at `path` by its `name` of today, where it is there.
fn rename(
    entries: &mut Vec<(Key, Node)>,
    name: &str,
    former: &str,
    path: &str,
) -> Result<Option<Renamed>, Problem> {
    let place = |name: &str| entries.iter().position(|(key, _)| key.name == name);
    let Some(old) = place(former) else { return Ok(None) };
    let origin = entries[old].1.origin.clone();
    let path = child_path(path, former);
    let is_flag = |place: usize| matches!(entries[place].1.origin, Origin::Flag(_));
    match place(name).map(|new| (new, is_flag(old), is_flag(new))) {
        None => name.clone_into(&mut entries[old].0.name),
        Some((new, true, false)) => {
            name.clone_into(&mut entries[old].0.name);
            entries.remove(new);
        }
        Some((_, false, true)) => drop(entries.remove(old)),
        Some(_) => {
            let message =
                format!("the former name of `{name}`, which is there as well; remove one");
            return Err(Problem::new(origin, &path, &message));
        }
    }
    Ok(Some(Renamed { path, name: name.to_owned(), origin }))
}

/// Each former name that `maps` know, behind today's.
fn former_keys<'a>(maps: &[&'a Value]) -> Vec<(&'a str, &'a str)> {
    let properties = maps.iter().filter_map(|map| map.get("properties").and_then(Value::as_object));
    let properties = properties.flat_map(Map::iter);
    let former = properties
        .flat_map(|(name, schema)| former_names(schema).map(|former| (name.as_str(), former)));
    former.collect()
}
