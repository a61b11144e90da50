//! Merge keys: `<<` takes over the keys of other maps, see <https://yaml.org/type/merge.html>.

use std::collections::HashSet;

use granit_parser::{Event, ScalarStyle};

use crate::node::{Key, Node, NodeValue};
use crate::origin::Origin;

/// Whether this is the key `<<`. In quotes it is a key like others.
pub(crate) fn is_merge_key(event: &Event<'_>) -> bool {
    matches!(event, Event::Scalar(text, ScalarStyle::Plain, _, None) if text == "<<")
}

/// Adds to `entries` those of the map, or of each map of the list, that `value` is. A name that is among `names` already
/// keeps its value: the map's own keys go before those of `<<`, and an earlier map goes before a later one.
///
/// # Errors
///
/// The place of what is not a map.
pub(crate) fn merge(
    entries: &mut Vec<(Key, Node)>,
    mut names: HashSet<String>,
    value: Node,
) -> Result<(), Origin> {
    let maps = match value.value {
        NodeValue::List(items) => items,
        _ => vec![value],
    };
    for map in maps {
        let NodeValue::Map(inherited) = map.value else { return Err(map.origin) };
        entries.extend(inherited.into_iter().filter(|(key, _)| names.insert(key.name.clone())));
    }
    Ok(())
}
