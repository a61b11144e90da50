//! From the events of the YAML parser to the tree.
//!
//! The parser knows neither what a key is nor what an alias costs. Both are decided here: a key stands in its map once,
//! and what aliases copy has a limit, so that a few lines cannot become gigabytes.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use granit_parser::{ErrorKind, Event, Parser, ScalarStyle, ScanError, Span, StrInput, Tag};

use crate::merge::{is_merge_key, merge};
use crate::node::{Key, Node, NodeValue};
use crate::origin::Origin;
use crate::problem::{Problem, child_path, item_path, shorten};
use crate::scalar::resolve;

/// How deep maps and lists may be nested.
const MAX_DEPTH: usize = 64;
/// How many values a document may have, so that `[,,,,]` does not take far more memory than the file.
const MAX_VALUES: usize = 200_000;
/// How much anchors and aliases may copy, in about bytes.
const MAX_COPIED: usize = 4 << 20;
/// About what a value takes besides its text.
const NODE_BYTES: usize = 64;

/// An event and where it stands.
type Placed<'a> = (Event<'a>, Span);

/// Reads the one document of `text`.
pub(crate) fn compose(name: &str, text: &str) -> Result<Node, Problem> {
    // An editor's byte-order mark is no column.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let options = granit_parser::options! {
        flow_nesting_limit: MAX_DEPTH,
        block_nesting_limit: MAX_DEPTH,
    };
    let composer = Composer {
        parser: Parser::new_from_str_with_options(text, options),
        text,
        name: name.into(),
        anchors: HashMap::new(),
        path: String::new(),
        depth: 0,
        values: 0,
        copied: 0,
    };
    composer.document()
}

struct Composer<'a> {
    parser: Parser<'a, StrInput<'a>>,
    /// All that is read.
    text: &'a str,
    name: Arc<str>,
    /// The values that have an anchor, each with what a copy of it costs.
    anchors: HashMap<usize, (Node, Size)>,
    /// The keys that lead to the value that is being read.
    path: String,
    depth: usize,
    values: usize,
    copied: usize,
}

impl<'a> Composer<'a> {
    fn document(mut self) -> Result<Node, Problem> {
        let mut root = None;
        while let Some(event) = self.parser.next_event() {
            match event.map_err(|error| self.syntax(&error))? {
                (Event::StreamStart | Event::StreamEnd | Event::DocumentEnd, _) => {}
                (Event::DocumentStart(..), span) if root.is_some() => {
                    let message =
                        "a second document begins here; the configuration is one document";
                    return Err(self.problem(&span, message));
                }
                (Event::DocumentStart(..), _) => {
                    let event = self.next()?;
                    root = Some(self.node(event)?);
                }
                (_, span) => return Err(self.problem(&span, "unexpected content")),
            }
        }
        let start = Origin::File { name: self.name, line: 1, column: 1 };
        let Some(root) = root else { return Ok(Node::empty(start)) };
        match root.value {
            NodeValue::Map(_) => Ok(root),
            NodeValue::Null => Ok(Node::empty(start)),
            NodeValue::List(_) => Err(not_a_map(root.origin, "a list")),
            _ => Err(not_a_map(root.origin, "a single value")),
        }
    }

    fn next(&mut self) -> Result<Placed<'a>, Problem> {
        match self.parser.next_event() {
            Some(event) => event.map_err(|error| self.syntax(&error)),
            None => Err(self.problem(&Span::default(), "the document ends too early")),
        }
    }

    /// The value that begins with this event.
    fn node(&mut self, (event, span): Placed<'a>) -> Result<Node, Problem> {
        self.values += 1;
        if self.values > MAX_VALUES {
            return Err(self.problem(&span, &format!("more than {MAX_VALUES} values")));
        }
        let origin = self.origin(&span);
        let (node, anchor) = match event {
            Event::Alias(anchor) => return self.copy(anchor, &span),
            Event::Scalar(text, style, anchor, tag) => {
                (self.scalar(text, style, tag.as_deref(), &span)?, anchor)
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.refuse_tag(tag.as_deref(), &span)?;
                (Node::new(NodeValue::List(self.nested(&span, Self::list)?), origin), anchor)
            }
            Event::MappingStart(_, anchor, tag) => {
                self.refuse_tag(tag.as_deref(), &span)?;
                (Node::new(NodeValue::Map(self.nested(&span, Self::map)?), origin), anchor)
            }
            _ => return Err(self.problem(&span, "unexpected content")),
        };
        if anchor != 0 {
            let size = Size::of(&node);
            self.charge(size, &span)?;
            self.anchors.insert(anchor, (node.clone(), size));
        }
        Ok(node)
    }

    /// What `read` finds one level further down.
    fn nested<T>(
        &mut self,
        span: &Span,
        read: fn(&mut Self) -> Result<T, Problem>,
    ) -> Result<T, Problem> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.too_deep(span));
        }
        let found = read(self)?;
        self.depth -= 1;
        Ok(found)
    }

    fn list(&mut self) -> Result<Vec<Node>, Problem> {
        let mut items = Vec::new();
        loop {
            let event = self.next()?;
            if matches!(event.0, Event::SequenceEnd) {
                return Ok(items);
            }
            let path = item_path(&self.path, items.len());
            items.push(self.at(path, event)?);
        }
    }

    fn map(&mut self) -> Result<Vec<(Key, Node)>, Problem> {
        let mut entries: Vec<(Key, Node)> = Vec::new();
        let mut names = HashSet::new();
        let mut inherited = None;
        loop {
            let event = self.next()?;
            if matches!(event.0, Event::MappingEnd) {
                self.merge(&mut entries, names, inherited)?;
                return Ok(entries);
            }
            let merges = is_merge_key(&event.0);
            let key = self.key(event)?;
            let path = child_path(&self.path, &key.name);
            let before = if merges { inherited.as_slice() } else { &entries };
            if merges && inherited.is_some() || !merges && !names.insert(key.name.clone()) {
                return Err(duplicate(&key, before, &path));
            }
            let event = self.next()?;
            let node = self.at(path, event)?;
            if merges {
                inherited = Some((key, node));
            } else {
                entries.push((key, node));
            }
        }
    }

    /// Adds what `<<` has, where it is `inherited`, to `entries`, whose `names` these are.
    fn merge(
        &self,
        entries: &mut Vec<(Key, Node)>,
        names: HashSet<String>,
        inherited: Option<(Key, Node)>,
    ) -> Result<(), Problem> {
        let Some((key, value)) = inherited else { return Ok(()) };
        merge(entries, names, value).map_err(|origin| {
            let message = "`<<` takes a map or a list of maps: write `<<: *NAME` with the `&NAME` that stands before a map";
            Problem::new(origin, &child_path(&self.path, &key.name), message)
        })
    }

    /// The value at `path` that begins with `event`.
    fn at(&mut self, path: String, event: Placed<'a>) -> Result<Node, Problem> {
        let parent = std::mem::replace(&mut self.path, path);
        let node = self.node(event)?;
        self.path = parent;
        Ok(node)
    }

    fn key(&self, (event, span): Placed<'a>) -> Result<Key, Problem> {
        match event {
            Event::Scalar(text, _, _, tag) => {
                self.refuse_tag(tag.as_deref(), &span)?;
                Ok(Key { name: text.into_owned(), origin: self.origin(&span) })
            }
            _ => Err(self.problem(&span, "a key must be text, not a list, a map or an alias")),
        }
    }

    fn scalar(
        &self,
        text: Cow<'_, str>,
        style: ScalarStyle,
        tag: Option<&Tag>,
        span: &Span,
    ) -> Result<Node, Problem> {
        let is_text = tag.is_some_and(|tag| tag.is_yaml_core_schema_tag("str"));
        if !is_text {
            self.refuse_tag(tag, span)?;
        }
        let origin = self.origin(span);
        if is_text || style != ScalarStyle::Plain {
            return Ok(Node::new(NodeValue::Text(text.into_owned()), origin));
        }
        Ok(match resolve(&text) {
            // The parser has `~` for a value of which nothing is written.
            Ok(value @ NodeValue::Text(_)) => Node::new(value, origin),
            Ok(value) if span.slice(self.text).is_some_and(|source| source.starts_with(&*text)) => {
                Node::new(value, origin).written(&text)
            }
            Ok(value) => Node::new(value, origin),
            Err(message) => {
                Node::new(NodeValue::OutOfRange { text: text.into_owned(), message }, origin)
            }
        })
    }

    fn refuse_tag(&self, tag: Option<&Tag>, span: &Span) -> Result<(), Problem> {
        let Some(tag) = tag else { return Ok(()) };
        let span = span.tag_span().unwrap_or(*span);
        let tag = shorten(&tag.original());
        let message = format!(
            "the tag `{tag}` is not supported; remove it (only `!!str` is known, before a scalar)"
        );
        Err(self.problem(&span, &message))
    }

    /// A copy of what `anchor` stands for, at the place of the alias.
    fn copy(&mut self, anchor: usize, span: &Span) -> Result<Node, Problem> {
        let Some(size) = self.anchors.get(&anchor).map(|(_, size)| *size) else {
            return Err(self.problem(span, "this alias stands in the value that it refers to"));
        };
        if self.depth + size.depth > MAX_DEPTH {
            return Err(self.too_deep(span));
        }
        self.charge(size, span)?;
        Ok(self.anchors[&anchor].0.moved_to(self.origin(span)))
    }

    fn charge(&mut self, size: Size, span: &Span) -> Result<(), Problem> {
        self.copied += size.bytes;
        if self.copied > MAX_COPIED {
            let message = "anchors and aliases copy more than 4 MiB; write the values out";
            return Err(self.problem(span, message));
        }
        Ok(())
    }

    /// Without a path: the parser looks ahead, so the value that is being read need not be the one that is wrong.
    fn syntax(&self, error: &ScanError) -> Problem {
        let mark = *error.marker();
        let span = Span::new(mark, mark);
        let message = match error.kind() {
            ErrorKind::RecursionLimitExceeded => return self.too_deep(&span),
            ErrorKind::UnknownAnchor => {
                "no anchor of this name stands before this alias".to_owned()
            }
            ErrorKind::TabInIndentation | ErrorKind::TabInBlockIndentation => {
                "not YAML: a tab is used for indentation; use spaces".to_owned()
            }
            ErrorKind::MappingValueNotAllowed => {
                "not YAML: no key can end here; indent the keys of a map alike, and quote text that contains `: `".to_owned()
            }
            ErrorKind::ExpectedBlockMappingKey => {
                "not YAML: expected a key; indent the keys of a map alike".to_owned()
            }
            ErrorKind::UnclosedQuotedScalar => "not YAML: the quotes are not closed".to_owned(),
            // The parser's words do not escape it.
            ErrorKind::UnexpectedCharacter { character } => {
                format!("not YAML: unexpected {character:?}")
            }
            kind => format!("not YAML: {kind}"),
        };
        Problem::new(self.origin(&span), "", &message)
    }

    fn too_deep(&self, span: &Span) -> Problem {
        // Without the path, which is 64 keys long.
        Problem::new(self.origin(span), "", &format!("nested deeper than {MAX_DEPTH} levels"))
    }

    fn problem(&self, span: &Span, message: &str) -> Problem {
        Problem::new(self.origin(span), &self.path, message)
    }

    fn origin(&self, span: &Span) -> Origin {
        let bounded = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let (line, column) = (bounded(span.start.line()), bounded(span.start.col() + 1));
        Origin::File { name: Arc::clone(&self.name), line: line.max(1), column }
    }
}

/// What a copy of a value takes.
#[derive(Clone, Copy)]
struct Size {
    bytes: usize,
    depth: usize,
}

impl Size {
    fn of(node: &Node) -> Self {
        let inner: Vec<(usize, Self)> = match &node.value {
            NodeValue::Text(text) => {
                return Self { bytes: NODE_BYTES + text.len(), depth: 0 };
            }
            NodeValue::List(items) => items.iter().map(|item| (0, Self::of(item))).collect(),
            NodeValue::Map(entries) => entries
                .iter()
                .map(|(key, node)| (NODE_BYTES + key.name.len(), Self::of(node)))
                .collect(),
            _ => {
                let text = node.written_as().map_or(0, str::len);
                return Self { bytes: NODE_BYTES + text, depth: 0 };
            }
        };
        let bytes: usize = inner.iter().map(|(key, size)| key + size.bytes).sum();
        let depth = inner.iter().map(|(_, size)| size.depth).max().unwrap_or(0);
        Self { bytes: NODE_BYTES + bytes, depth: depth + 1 }
    }
}

fn duplicate(key: &Key, entries: &[(Key, Node)], path: &str) -> Problem {
    let first = entries.iter().find(|(other, _)| other.name == key.name);
    let message = match first.map(|(first, _)| &first.origin) {
        Some(Origin::File { line, .. }) => {
            format!("the key is here twice, first in line {line}; remove one")
        }
        _ => "the key is here twice; remove one".to_owned(),
    };
    Problem::new(key.origin.clone(), path, &message)
}

fn not_a_map(origin: Origin, found: &str) -> Problem {
    Problem::new(origin, "", &format!("the document is {found}; it must be a map of keys"))
}
