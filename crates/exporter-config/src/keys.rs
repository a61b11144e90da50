//! Keys that nobody knows, refused whether or not the author of a type thought of `deny_unknown_fields`.

use schemars::Schema;
use serde_json::Value;

use crate::node::{Key, Node, NodeValue};
use crate::problem::{Problem, child_path, item_path};
use crate::schema::{Alternatives, SchemaTree, is_secret, key_names, of_item, of_key, of_maps};
use crate::secrets::SOURCES;
use crate::spelling::instead;

/// Checks that `schema` knows every key of `node`, which stands at the key `path`.
///
/// Values are not checked: that they have the right form, [`read_as`](crate::read_as) finds out. Where a schema has
/// alternatives and the value does not tell which of them is meant, the keys of all are allowed.
///
/// # Errors
///
/// For the first key, in the order of the file, that the schema does not know.
pub fn check_keys(node: &Node, schema: &Schema, path: &str) -> Result<(), Problem> {
    let tree = SchemaTree::new(schema);
    Check { tree }.node(node, &[tree.root()], path)
}

struct Check<'a> {
    tree: SchemaTree<'a>,
}

/// Where a secret stands, a key that is not known may be a part of it, and is not told.
fn secret(node: &Node, path: &str) -> Result<(), Problem> {
    let entries = node.entries().unwrap_or_default();
    let message = "a secret is text, `file:` with the path of a file that holds it, or `env:` with the name of a variable";
    if let Some((key, _)) = entries.iter().find(|(key, _)| !SOURCES.contains(&key.name.as_str())) {
        return Err(Problem::new(key.origin.clone(), path, &format!("unknown key; {message}")));
    }
    match entries {
        [_, (second, _), ..] => {
            Err(Problem::new(second.origin.clone(), path, &format!("one key too many; {message}")))
        }
        _ => Ok(()),
    }
}

impl<'a> Check<'a> {
    fn node(&self, node: &Node, schemas: &[&'a Value], path: &str) -> Result<(), Problem> {
        let branches = self.tree.branches(schemas, Alternatives::Fitting(node));
        if is_secret(&branches) {
            return secret(node, path);
        }
        match &node.value {
            NodeValue::Map(entries) => self.map(entries, &of_maps(&branches), path),
            NodeValue::List(items) => items.iter().enumerate().try_for_each(|(index, item)| {
                self.node(item, &of_item(&branches, index), &item_path(path, index))
            }),
            _ => Ok(()),
        }
    }

    fn map(&self, entries: &[(Key, Node)], maps: &[&'a Value], path: &str) -> Result<(), Problem> {
        // That there may be no map here is for the type to say.
        if maps.is_empty() {
            return Ok(());
        }
        for (key, value) in entries {
            let path = child_path(path, &key.name);
            let Some(schemas) = of_key(maps, &key.name) else {
                let message = format!("unknown key{}", instead("key", &key.name, &key_names(maps)));
                return Err(Problem::new(key.origin.clone(), &path, &message));
            };
            self.node(value, &schemas, &path)?;
        }
        Ok(())
    }
}
