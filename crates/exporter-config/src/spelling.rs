//! What somebody may have meant by a name that does not exist, worded alike everywhere.

use crate::problem::shorten;

/// How many names a message lists.
const MAX_LISTED: usize = 20;

/// Says that there is no `what` of the name `given`, and which there are.
///
/// ```
/// # use exporter_config::unknown_name;
/// assert_eq!(
///     unknown_name("collector", "netdve", &["cpu", "netdev"]),
///     "unknown collector `netdve`; did you mean `netdev`? (allowed: `cpu`, `netdev`)"
/// );
/// ```
pub fn unknown_name(what: &str, given: &str, allowed: &[&str]) -> String {
    format!("unknown {what} `{}`{}", shorten(given), instead(what, given, allowed))
}

/// What follows `unknown key`: the nearest of the names that are allowed, and all of them if they are not too many.
pub(crate) fn instead(what: &str, given: &str, allowed: &[&str]) -> String {
    let question =
        nearest(given, allowed).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
    match allowed.len() {
        0 => format!("; no {what}s are allowed here"),
        1..=MAX_LISTED => {
            let names: Vec<String> = allowed.iter().map(|name| format!("`{name}`")).collect();
            format!("{question} (allowed: {})", names.join(", "))
        }
        count => format!("{question} ({count} {what}s are allowed here)"),
    }
}

/// The name that differs least, if it is not another word altogether.
fn nearest<'a>(given: &str, allowed: &[&'a str]) -> Option<&'a str> {
    // The distance takes time and memory of the product of the lengths, and nobody misspells a whole page.
    if given.len() > 200 {
        return None;
    }
    let fold = |name: &str| name.to_lowercase().replace('-', "_");
    let given = fold(given);
    let distances = allowed.iter().map(|&name| {
        let folded = fold(name);
        let longest = given.chars().count().max(folded.chars().count());
        (strsim::damerau_levenshtein(&given, &folded), longest, name)
    });
    let near = distances.filter(|(distance, longest, _)| distance * 3 <= *longest);
    near.min_by_key(|(distance, ..)| *distance).map(|(.., name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_name_is_asked_for() {
        let allowed = ["device_exclude", "device_include", "port"];
        for (given, near) in [
            ("device_exclud", "device_exclude"),
            ("device-include", "device_include"),
            ("Port", "port"),
            ("prot", "port"),
        ] {
            assert_eq!(nearest(given, &allowed), Some(near));
        }
        for given in ["", "x", "device", "address", &"port".repeat(100)] {
            assert_eq!(nearest(given, &allowed), None);
        }
    }

    #[test]
    fn names_are_listed_as_long_as_the_line_can_be_read() {
        assert_eq!(
            unknown_name("key", "x", &["one", "two"]),
            "unknown key `x` (allowed: `one`, `two`)"
        );
        assert_eq!(unknown_name("key", "x", &[]), "unknown key `x`; no keys are allowed here");
        let many: Vec<String> = (0..21).map(|number| format!("name_{number}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(unknown_name("key", "x", &many), "unknown key `x` (21 keys are allowed here)");
        assert_eq!(
            unknown_name("key", "name-7", &many),
            "unknown key `name-7`; did you mean `name_7`? (21 keys are allowed here)"
        );
    }
}
