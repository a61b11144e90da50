//! Secrets that stand in files of their own, read in place of `file: PATH`.

use std::fmt;
use std::path::{Path, PathBuf};

use schemars::Schema;

use crate::file::read_text;
use crate::node::{Node, NodeValue};
use crate::problem::{Problem, child_path};
use crate::schema::{SchemaTree, is_secret};

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
    let mut files = Vec::new();
    SchemaTree::new(schema).visit(node, path, &mut |node, branches, path| {
        if is_secret(branches)
            && let Some(named) = named_file(node)
        {
            let file = read(named, path, folder)?;
            node.value = NodeValue::Text(file.content.clone());
            files.push(file);
        }
        Ok(())
    })?;
    Ok(files)
}

/// Reads the secret of the key `path` from the file that `file` names.
fn read(file: &Node, path: &str, folder: &Path) -> Result<SecretFile, Problem> {
    let problem =
        |message: &str| Problem::new(file.origin.clone(), &child_path(path, "file"), message);
    let NodeValue::Text(name) = &file.value else {
        return Err(problem("expected the path of a file that holds the secret"));
    };
    let full = folder.join(name);
    let place = full.display();
    let text = read_text(&full, MAX_BYTES, "1 MiB")
        .map_err(|error| problem(&format!("{place}: {}", error.message)))?;
    let content = text.strip_suffix('\n').unwrap_or(&text);
    let content = content.strip_suffix('\r').unwrap_or(content).to_owned();
    if content.is_empty() {
        return Err(problem(&format!("{place}: the file is empty; write the secret into it")));
    }
    Ok(SecretFile { key: path.to_owned(), path: full, content })
}

/// The value of `file`, where that is the only key.
fn named_file(node: &Node) -> Option<&Node> {
    match node.entries()? {
        [(key, file)] if key.name == "file" => Some(file),
        _ => None,
    }
}
