//! From a node to the type that somebody asks for, with errors that say which key was wrong.

use std::fmt::Display;

use serde::de::DeserializeOwned;
use serde_path_to_error::{Path, Segment, Track};

use crate::deserializer::NodeDeserializer;
use crate::node::{Node, NodeValue};
use crate::problem::{Problem, child_path, item_path};

/// Reads `node`, which stands at the key `path`, as a `T`. Null counts as a map without keys.
///
/// # Errors
///
/// When the node does not have the form of a `T`. The problem stands at the innermost node that was reached.
pub fn read_as<T: DeserializeOwned>(node: &Node, path: &str) -> Result<T, Problem> {
    read_with(node, path, |deserializer| erased_serde::deserialize::<T>(deserializer))
}

/// Reads `node` as [`read_as`] does, by a function that knows the type.
///
/// # Errors
///
/// The function's, as a problem at the innermost node that it reached. Where the error came after the reading, that is
/// `node` itself.
pub fn read_with<R, E: Display>(
    node: &Node,
    path: &str,
    read: impl FnOnce(&mut dyn erased_serde::Deserializer<'_>) -> Result<R, E>,
) -> Result<R, Problem> {
    let nothing = Node::empty(node.origin.clone());
    let start = if node.value == NodeValue::Null { &nothing } else { node };
    let mut track = Track::new();
    let tracked = serde_path_to_error::Deserializer::new(NodeDeserializer::new(start), &mut track);
    read(&mut <dyn erased_serde::Deserializer<'_>>::erase(tracked))
        .map_err(|error| place(node, path, &track.path(), &error.to_string()))
}

/// The problem at the end of `trail`, as far as there are nodes along it.
fn place(node: &Node, path: &str, trail: &Path, message: &str) -> Problem {
    let mut node = node;
    let mut path = path.to_owned();
    for segment in trail {
        let next = match (segment, &node.value) {
            (Segment::Map { key } | Segment::Enum { variant: key }, _) => {
                node.get(key).map(|node| (node, child_path(&path, key)))
            }
            (Segment::Seq { index }, NodeValue::List(items)) => {
                items.get(*index).map(|item| (item, item_path(&path, *index)))
            }
            _ => None,
        };
        let Some(next) = next else { break };
        (node, path) = next;
    }
    Problem::new(node.origin.clone(), &path, message).with_hint(node)
}
