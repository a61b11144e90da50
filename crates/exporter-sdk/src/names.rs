//! The rules for names, in one place: `const fn`s, so that descriptors made at compile time and families made at run time
//! are held to the same ones.
//!
//! The character sets are those of the Prometheus data model. UTF-8 names, which Prometheus 3 accepts in quotes, are
//! refused on purpose: every version of Prometheus reads the names that pass here.

/// Whether `name` is a legal metric name: `[a-zA-Z_:][a-zA-Z0-9_:]*`.
pub const fn is_metric_name(name: &str) -> bool {
    matches_pattern(name, true)
}

/// Whether `name` is a legal label name: `[a-zA-Z_][a-zA-Z0-9_]*`. It may still be reserved, see [`is_reserved_label`].
pub const fn is_label_name(name: &str) -> bool {
    matches_pattern(name, false)
}

/// Whether a label name is not for collectors: names that begin with `__` belong to Prometheus, `le` to the buckets of a
/// histogram, `quantile` to the quantiles of a summary.
pub const fn is_reserved_label(name: &str) -> bool {
    let bytes = name.as_bytes();
    (bytes.len() >= 2 && bytes[0] == b'_' && bytes[1] == b'_')
        || equal(name, "le")
        || equal(name, "quantile")
}

/// Whether `name` can be the name of a collector: `[a-z][a-z0-9_]*` and none of the words that flags, URLs and the
/// configuration file use for themselves (`all`, `default`, `enabled`, `host`, `path`, `scrape`).
pub const fn is_collector_name(name: &str) -> bool {
    let bytes = name.as_bytes();
    if bytes.is_empty() || !bytes[0].is_ascii_lowercase() {
        return false;
    }
    let mut i = 1;
    while i < bytes.len() {
        if !(bytes[i].is_ascii_lowercase() || bytes[i].is_ascii_digit() || bytes[i] == b'_') {
            return false;
        }
        i += 1;
    }
    let mut i = 0;
    while i < RESERVED_COLLECTORS.len() {
        if equal(name, RESERVED_COLLECTORS[i]) {
            return false;
        }
        i += 1;
    }
    true
}

/// Splits the name of an instance, `collector@instance`, where the instance is `[a-z0-9_-]+`. `None` for any other text.
pub fn split_instance(name: &str) -> Option<(&str, &str)> {
    let (collector, instance) = name.split_once('@')?;
    let legal =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte);
    let right = !instance.is_empty() && instance.bytes().all(legal);
    (right && is_collector_name(collector)).then_some((collector, instance))
}

const RESERVED_COLLECTORS: [&str; 6] = ["all", "default", "enabled", "host", "path", "scrape"];

/// Whether `name` has something in front of an underscore and `word`.
pub(crate) const fn has_suffix(name: &str, word: &str) -> bool {
    ends_before(name, name.len(), word)
}

/// Whether `name` ends in `unit`, or in it and `_total`.
pub(crate) const fn has_unit(name: &str, unit: &str) -> bool {
    has_suffix(name, unit)
        || (has_suffix(name, "total") && ends_before(name, name.len() - "_total".len(), unit))
}

/// Whether the first `end` bytes of `name` are something, an underscore and `word`.
const fn ends_before(name: &str, end: usize, word: &str) -> bool {
    let (name, word) = (name.as_bytes(), word.as_bytes());
    if word.is_empty() || end < word.len() + 2 || name[end - word.len() - 1] != b'_' {
        return false;
    }
    let mut i = 0;
    while i < word.len() {
        if name[end - word.len() + i] != word[i] {
            return false;
        }
        i += 1;
    }
    true
}

/// `a == b`, for `const fn`s.
pub(crate) const fn equal(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if a.len() != b.len() {
        return false;
    }
    let mut i = 0;
    while i < a.len() {
        if a[i] != b[i] {
            return false;
        }
        i += 1;
    }
    true
}

const fn matches_pattern(name: &str, colon: bool) -> bool {
    let bytes = name.as_bytes();
    if bytes.is_empty() || bytes[0].is_ascii_digit() {
        return false;
    }
    let mut i = 0;
    while i < bytes.len() {
        let byte = bytes[i];
        if !(byte.is_ascii_alphanumeric() || byte == b'_' || (colon && byte == b':')) {
            return false;
        }
        i += 1;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metric_and_label_names_follow_the_data_model() {
        for name in ["a", "_", "A9_", "http_requests_total"] {
            assert!(is_metric_name(name) && is_label_name(name), "{name}");
        }
        assert!(is_metric_name("job:up:sum") && !is_label_name("job:up:sum"));
        for name in ["", "9a", "a-b", "a b", "é", "a.b", "a\n"] {
            assert!(!is_metric_name(name) && !is_label_name(name), "{name:?}");
        }
    }

    #[test]
    fn labels_of_prometheus_and_of_histograms_are_reserved() {
        for name in ["__name__", "__x", "le", "quantile"] {
            assert!(is_reserved_label(name), "{name}");
        }
        for name in ["_x", "level", "quantiles", "l"] {
            assert!(!is_reserved_label(name), "{name}");
        }
    }

    #[test]
    fn collector_names_are_lower_case_and_not_reserved() {
        for name in ["gauge", "cpu2", "my_thing"] {
            assert!(is_collector_name(name), "{name}");
        }
        for name in ["", "Gauge", "2cpu", "_x", "my-thing", "a@b", "all", "scrape", "host"] {
            assert!(!is_collector_name(name), "{name:?}");
        }
    }

    #[test]
    fn instances_stand_behind_an_at_sign() {
        assert_eq!(split_instance("json@orders-2_x"), Some(("json", "orders-2_x")));
        for name in ["json", "json@", "@x", "json@Orders", "json@a@b", "json@a b", "all@x"] {
            assert_eq!(split_instance(name), None, "{name}");
        }
    }
}
