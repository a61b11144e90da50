//! Secrets that stand elsewhere: in files of their own, read in place of `file: PATH`, and in variables of the environment,
//! read in place of `env: NAME`.

use std::env::{self, VarError};
use std::fmt;
use std::path::{Path, PathBuf};

use schemars::Schema;

use crate::file::read_text;
use crate::node::{Node, NodeValue};
use crate::problem::{Problem, child_path};
use crate::schema::{SchemaTree, is_secret};
use crate::variables::{has_variable, is_name};

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

/// The keys of a secret that stands elsewhere.
pub(crate) const SOURCES: [&str; 2] = ["env", "file"];

/// Puts the text of files and variables where `schema` marks a secret with `x-secret` and `node`, which stands at the key
/// `path`, has `file: PATH` or `env: NAME`. A final line break is left out. Relative paths begin at `folder`, that of the
/// configuration file. Returns the files that were read.
///
/// # Errors
///
/// When a file is missing, no regular file, empty, larger than 1 MiB or not UTF-8; when a variable is not set, empty or
/// not UTF-8; when `${NAME}` stands in a secret, which would be sent like that. Nothing of a secret is in the problem.
pub fn resolve_secrets(
    node: &mut Node,
    schema: &Schema,
    path: &str,
    folder: &Path,
) -> Result<Vec<SecretFile>, Problem> {
    let mut files = Vec::new();
    SchemaTree::new(schema).visit(node, path, &mut |node, branches, path| {
        if !is_secret(branches) {
            return Ok(());
        }
        let content = match (&node.value, source(node)) {
            (NodeValue::Text(text), _) if has_variable(text) => {
                let message = "variables such as `${NAME}` are not expanded; write `{env: NAME}` in place of the whole secret";
                return Err(Problem::new(node.origin.clone(), path, message));
            }
            (_, Some(("file", name))) => {
                let file = read_file(name, path, folder)?;
                let content = file.content.clone();
                files.push(file);
                content
            }
            (_, Some((_, name))) => read_variable(name, path)?,
            _ => return Ok(()),
        };
        node.value = NodeValue::Text(content);
        Ok(())
    })?;
    Ok(files)
}

/// Reads the secret of the key `path` from the file that `file` names.
fn read_file(file: &Node, path: &str, folder: &Path) -> Result<SecretFile, Problem> {
    let problem =
        |message: &str| Problem::new(file.origin.clone(), &child_path(path, "file"), message);
    let NodeValue::Text(name) = &file.value else {
        return Err(problem("expected the path of a file that holds the secret"));
    };
    let full = folder.join(name);
    let place = full.display();
    let text = read_text(&full, MAX_BYTES, "1 MiB")
        .map_err(|error| problem(&format!("{place}: {}", error.message)))?;
    let content = without_line_break(&text).to_owned();
    if content.is_empty() {
        return Err(problem(&format!("{place}: the file is empty; write the secret into it")));
    }
    Ok(SecretFile { key: path.to_owned(), path: full, content })
}

/// Reads the secret of the key `path` from the variable that `variable` names.
fn read_variable(variable: &Node, path: &str) -> Result<String, Problem> {
    let problem =
        |message: &str| Problem::new(variable.origin.clone(), &child_path(path, "env"), message);
    let name = match &variable.value {
        NodeValue::Text(name) if is_name(name) => name,
        // It is not repeated: the secret itself may stand in the place of a name.
        _ => {
            let message = "expected the name of a variable of the environment: letters, digits and `_`, without `$`";
            return Err(problem(message));
        }
    };
    let text = env::var(name).map_err(|error| match error {
        VarError::NotPresent => {
            problem(&format!("the variable {name} is not set in the environment of the exporter"))
        }
        VarError::NotUnicode(_) => problem(&format!("the variable {name} is not UTF-8")),
    })?;
    match without_line_break(&text) {
        "" => Err(problem(&format!("the variable {name} is empty; set it to the secret"))),
        content => Ok(content.to_owned()),
    }
}

fn without_line_break(text: &str) -> &str {
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.strip_suffix('\r').unwrap_or(text)
}

/// Where the secret is said to stand: one of [`SOURCES`] and its value, where that is the only key.
fn source(node: &Node) -> Option<(&str, &Node)> {
    match node.entries()? {
        [(key, name)] if SOURCES.contains(&key.name.as_str()) => Some((&key.name, name)),
        _ => None,
    }
}
