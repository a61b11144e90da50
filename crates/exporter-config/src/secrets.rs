//! Secrets that stand in files of their own, read in place of `file: PATH`.

use std::fmt;
use std::path::{Path, PathBuf};

use schemars::Schema;
use serde_json::Value;

use crate::file::read_text;
use crate::node::{Node, NodeValue};
use crate::problem::{Problem, child_path, item_path};
use crate::schema::{Alternatives, SchemaTree, is_secret, of_item, of_key, of_maps};

/// The largest secret that is read: a bundle of certificates is the largest kind.
const MAX_BYTES: usize = 1 << 20;

/// A file that a secret was read from. Two are equal when the same file held the same secret, so that a reload can tell
/// whether one changed.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretFile {
    /// The key whose value it holds.
    pub key: String,
    /// The path that was read.
    pub path: PathBuf,
    content: String,
}

impl fmt::Debug for SecretFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretFile")
            .field("key", &self.key)
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

/// Puts the text of files where `schema` marks a secret with `x-secret` and `node`, which stands at the key `path`, has
/// `file: PATH`. A final line break is left out. Relative paths begin at `folder`, that of the configuration file.
///
/// # Errors
///
/// When a file is missing, no regular file, empty, larger than 1 MiB or not UTF-8. Nothing of its content is in the
/// problem.
pub fn resolve_secrets(
    node: &mut Node,
    schema: &Schema,
    path: &str,
    folder: &Path,
) -> Result<Vec<SecretFile>, Problem> {
    let tree = SchemaTree::new(schema);
    let mut resolve = Resolve { tree, folder, files: Vec::new() };
    resolve.node(node, &[tree.root()], path)?;
    Ok(resolve.files)
}

struct Resolve<'a> {
    tree: SchemaTree<'a>,
    folder: &'a Path,
    files: Vec<SecretFile>,
}

impl<'a> Resolve<'a> {
    fn node(&mut self, node: &mut Node, schemas: &[&'a Value], path: &str) -> Result<(), Problem> {
        let branches = self.tree.branches(schemas, Alternatives::Fitting(node));
        if is_secret(&branches)
            && let Some(file) = named_file(node)
        {
            let content = self.read(file, path)?;
            node.value = NodeValue::Text(content);
            return Ok(());
        }
        match &mut node.value {
            NodeValue::Map(entries) => {
                let maps = of_maps(&branches);
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

    /// The secret in the file that `file` names.
    fn read(&mut self, file: &Node, path: &str) -> Result<String, Problem> {
        let problem =
            |message: &str| Problem::new(file.origin.clone(), &child_path(path, "file"), message);
        let NodeValue::Text(name) = &file.value else {
            return Err(problem("expected the path of a file that holds the secret"));
        };
        let full = self.folder.join(name);
        let place = full.display();
        let text = read_text(&full, MAX_BYTES, "1 MiB")
            .map_err(|error| problem(&format!("{place}: {}", error.message)))?;
        let content = text.strip_suffix('\n').unwrap_or(&text);
        let content = content.strip_suffix('\r').unwrap_or(content).to_owned();
        if content.is_empty() {
            return Err(problem(&format!("{place}: the file is empty; write the secret into it")));
        }
        let file = SecretFile { key: path.to_owned(), path: full, content: content.clone() };
        self.files.push(file);
        Ok(content)
    }
}

/// The value of `file`, where that is the only key.
fn named_file(node: &Node) -> Option<&Node> {
    match node.entries()? {
        [(key, file)] if key.name == "file" => Some(file),
        _ => None,
    }
}
