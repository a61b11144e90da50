//! `${NAME}`, which some programs replace by a variable of the environment. This one does not, and says so.

use crate::node::{Node, NodeValue};
use crate::origin::Origin;

/// Whether `text` has a `${NAME}` in it.
pub(crate) fn has_variable(text: &str) -> bool {
    let mut parts = text.split("${");
    parts.next();
    parts.any(|part| part.split_once('}').is_some_and(|(name, _)| is_name(name)))
}

/// Whether `name` is one that variables of the environment have: letters, digits and `_`.
pub(crate) fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Where the first `${NAME}` stands in `node`.
pub(crate) fn first_variable(node: &Node) -> Option<&Origin> {
    match &node.value {
        NodeValue::Text(text) => has_variable(text).then_some(&node.origin),
        NodeValue::List(items) => items.iter().find_map(first_variable),
        NodeValue::Map(entries) => entries.iter().find_map(|(_, node)| first_variable(node)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_is_a_name_in_braces() {
        for text in ["${TOKEN}", "Bearer ${token_2}", "$${_A}", "${1}${B}", "${${C}"] {
            assert!(has_variable(text), "{text}");
        }
        for text in ["", "$TOKEN", "${1}", "${}", "${A", "$ {A}", "${A B}", "{A}", "$2y$10$ab{c}"] {
            assert!(!has_variable(text), "{text}");
        }
    }
}
