//! What a value or label is taken from, seen from a node of the document.

use std::fmt;

use exporter_sdk::Result;
use serde_json::Value;
use serde_json_path::{JsonPath, LocatedNode, PathElement};

/// A text of the configuration.
#[derive(Debug)]
pub(crate) enum Term {
    /// Itself.
    Constant(String),
    /// What stands there, `outwards` steps out of the node first.
    Path { outwards: usize, path: JsonPath },
    /// Under which name or index the node stands, or what is so many steps outwards from it.
    Key(usize),
}

/// What a term is in one place.
#[derive(Debug)]
pub(crate) enum Found<'a> {
    Text(&'a str),
    Index(usize),
    Value(&'a Value),
}

/// A node that a path found in a document.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a, 'n> {
    pub(crate) document: &'a Value,
    pub(crate) node: &'n LocatedNode<'a>,
}

impl Term {
    pub(crate) fn parse(text: &str) -> Result<Self> {
        if let Some(outwards) = key(text) {
            return Ok(Self::Key(outwards));
        }
        let rest = text.trim_start_matches('^');
        let outwards = text.len() - rest.len();
        if outwards > 0 {
            return Ok(Self::Path { outwards, path: path(&format!("${rest}"))? });
        }
        if text.starts_with('$') {
            return Ok(Self::Path { outwards, path: path(text)? });
        }
        Ok(Self::Constant(text.to_owned()))
    }

    /// What the term is at `place`; `None` for what is missing, or null.
    pub(crate) fn find<'a>(&'a self, place: Place<'a, '_>) -> Result<Option<Found<'a>>> {
        match self {
            Self::Constant(text) => Ok(Some(Found::Text(text))),
            Self::Key(outwards) => place.key(*outwards).map(Some),
            Self::Path { outwards, path } => {
                let nodes = path.query(place.outwards(*outwards)?);
                match nodes.len() {
                    0 | 1 => Ok(nodes.first().filter(|value| !value.is_null()).map(Found::Value)),
                    several => Err(format!("it finds {several} values, not one").into()),
                }
            }
        }
    }
}

/// Reads JSONPath.
///
/// # Errors
///
/// When it is none, with the place of the mistake.
pub(crate) fn path(text: &str) -> Result<JsonPath> {
    JsonPath::parse(text).map_err(|error| {
        let place = error.position();
        format!("not JSONPath (RFC 9535): {} at character {}", error.message(), place + 1).into()
    })
}

/// The beginning of a path that names one node: up to its first wildcard, slice, filter, union or descendants. All of it where
/// there is none of these (it is "singular" then, in RFC 9535).
pub(crate) fn singular(path: &str) -> &str {
    let (mut quote, mut last, mut segment) = (None, ' ', 0);
    for (at, c) in path.char_indices() {
        match quote {
            Some(_) if last == '\\' => last = ' ',
            Some(open) => {
                quote = quote.filter(|_| c != open);
                last = c;
            }
            None => {
                if "*?:,".contains(c) || (c == '.' && last == '.') {
                    return path[..segment].trim_end();
                }
                if ".[".contains(c) {
                    segment = at;
                }
                quote = Some(c).filter(|c| "'\"".contains(*c));
                last = c;
            }
        }
    }
    path
}

/// `key()` and `key(N)`.
fn key(text: &str) -> Option<usize> {
    match text.strip_prefix("key(")?.strip_suffix(')')? {
        "" => Some(0),
        digits => digits.parse().ok(),
    }
}

impl<'a> Place<'a, '_> {
    /// What the node is in, so many steps outwards.
    fn outwards(self, steps: usize) -> Result<&'a Value> {
        if steps == 0 {
            return Ok(self.node.node());
        }
        let location = self.node.location();
        let depth = location.len().checked_sub(steps).ok_or_else(|| self.beyond("^", steps))?;
        let mut elements = location.iter().take(depth);
        let value = elements.try_fold(self.document, |value, element| match element {
            PathElement::Name(name) => value.get(*name),
            PathElement::Index(index) => value.get(*index),
        });
        value.ok_or_else(|| self.beyond("^", steps))
    }

    fn key(self, steps: usize) -> Result<Found<'a>> {
        let location = self.node.location();
        let element = location.iter().rev().nth(steps).ok_or_else(|| self.beyond("key", steps))?;
        Ok(match *element {
            PathElement::Name(name) => Found::Text(name),
            PathElement::Index(index) => Found::Index(index),
        })
    }

    fn beyond(self, what: &str, steps: usize) -> exporter_sdk::Error {
        let depth = self.node.location().len();
        format!("`{what}` goes {steps} steps outwards from a node that is {depth} deep").into()
    }
}

/// The normalized path of the node.
impl fmt::Display for Place<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.node.location().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_singular_up_to_where_it_may_find_several() {
        for path in ["$", "$.a.b", "$['a*']", "$[\"a,'b\"][0]", r"$['a\'*'].b", "$[-1]"] {
            assert_eq!(singular(path), path);
        }
        for path in ["$.*", "$[*]", "$..a", "$[0,1]", "$[1:2]", "$[?@.a]", "$ [*].b.*"] {
            assert_eq!(singular(path), "$", "{path}");
        }
        assert_eq!(singular(r"$['a\\'].*"), r"$['a\\']");
        assert_eq!(singular("$.a[0]..b"), "$.a[0]");
        assert_eq!(singular("$.a['.['][?@.b == '*'].c"), "$.a['.[']");
    }
}
