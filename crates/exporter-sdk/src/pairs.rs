//! Labels of samples that bring their names.

use std::sync::Arc;

use crate::family::{self, Family};

/// The labels of a sample that brings their names, in the order in which they are exposed: that of the family where it names
/// them, else sorted; and behind them that of the instance.
pub(crate) fn exposed_pairs<'a>(
    family: &'a Family,
    labels: &'a [(impl AsRef<str>, impl AsRef<str>)],
    instance: Option<&'a (Arc<str>, Arc<str>)>,
) -> Result<Vec<(&'a str, &'a str)>, String> {
    let pairs = labels.iter().map(|(name, value)| (name.as_ref(), value.as_ref()));
    let mut pairs: Vec<(&str, &str)> = pairs.chain(family.const_labels()).collect();
    pairs.sort_unstable_by_key(|&(name, _)| name);
    check_pairs(family, &pairs)?;
    if family.labels().len() == 0 {
        // Prometheus takes an empty value for an absent label, and so do two samples that differ by nothing else.
        pairs.retain(|(_, value)| !value.is_empty());
    } else {
        pairs.sort_by_key(|&(name, _)| {
            family.labels().position(|label| label == name).unwrap_or(usize::MAX)
        });
    }
    if let Some((name, value)) = instance {
        if pairs.iter().any(|pair| pair.0 == &**name) {
            return Err(format!("duplicate label name `{name}`"));
        }
        pairs.push((name, value));
    }
    Ok(pairs)
}

fn check_pairs(family: &Family, pairs: &[(&str, &str)]) -> Result<(), String> {
    let named = family.labels().len();
    if named > 0 && !family.kind().has_parts() {
        return Err("the family names its labels, so its samples give values only".into());
    }
    let given = |label| pairs.iter().any(|&(name, _)| name == label);
    let all = named + family.const_labels().len() == pairs.len();
    if named > 0 && !(all && family.labels().all(given)) {
        let wanted: Vec<&str> = family.labels().collect();
        return Err(format!(
            "its samples need the labels `{}`, and no others",
            wanted.join("`, `")
        ));
    }
    for (name, _) in pairs {
        family::check_label(name)?;
    }
    match pairs.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        Some(pair) => Err(format!("duplicate label name `{}`", pair[0].0)),
        None => Ok(()),
    }
}
