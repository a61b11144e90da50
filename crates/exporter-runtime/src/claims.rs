//! Who owns which exposed name. Two collectors that both expose `x` would make pages that depend on chance, so it is found
//! when they are built, before anything is served.

use std::collections::BTreeMap;

use exporter_sdk::{Family, Kind, Origin};

/// The owner of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Owner {
    /// The collector, or the instance of one.
    pub(crate) collector: String,
    /// The collector without its instance. Instances share their families.
    pub(crate) base: String,
    pub(crate) origin: Origin,
}

/// Two owners of one name.
#[derive(Debug)]
pub(crate) struct Clash {
    pub(crate) name: String,
    pub(crate) first: Owner,
    pub(crate) second: Owner,
    /// Whether they may share it, and only differ in what they mean by it.
    pub(crate) differ: bool,
}

#[derive(Clone, Debug)]
struct Claim {
    owner: Owner,
    family: String,
    kind: Kind,
}

/// Exposed names and their owners.
#[derive(Clone, Debug, Default)]
pub(crate) struct Claims(BTreeMap<String, Claim>);

impl Claims {
    /// Claims every name of every family.
    pub(crate) fn claim_all<'a>(
        &mut self,
        families: impl IntoIterator<Item = &'a Family>,
        owner: &Owner,
    ) -> Result<(), Clash> {
        self.claim_over(&Self::default(), families, owner)
    }

    /// Claims every name of every family, of which `base` may have some already.
    pub(crate) fn claim_over<'a>(
        &mut self,
        base: &Self,
        families: impl IntoIterator<Item = &'a Family>,
        owner: &Owner,
    ) -> Result<(), Clash> {
        families.into_iter().try_for_each(|family| self.claim(base, family, owner))
    }

    /// Claims every name under which `family` can be exposed.
    fn claim(&mut self, base: &Self, family: &Family, owner: &Owner) -> Result<(), Clash> {
        for name in exposed_names(family) {
            let Some(first) = self.0.get(&name).or_else(|| base.0.get(&name)) else {
                let claim = Claim {
                    owner: owner.clone(),
                    family: family.name().to_owned(),
                    kind: family.kind(),
                };
                self.0.insert(name, claim);
                continue;
            };
            let siblings =
                first.owner.base == owner.base && first.owner.collector != owner.collector;
            let shared = siblings && first.family == family.name();
            if !shared || first.kind != family.kind() {
                let (first, second) = (first.owner.clone(), owner.clone());
                return Err(Clash { name, first, second, differ: shared });
            }
        }
        Ok(())
    }
}

/// The names of all series and of all metadata of a family, in any format. In OpenMetrics a counter `x_total` and an
/// info `x_info` are the family `x`, and counters, histograms and summaries have `x_created` beside them.
pub(crate) fn exposed_names(family: &Family) -> Vec<String> {
    let name = family.name();
    let with = |suffixes: &[&str]| {
        suffixes.iter().map(|suffix| format!("{name}{suffix}")).collect::<Vec<_>>()
    };
    if family.kind() == Kind::Info {
        let base = name.strip_suffix("_info").unwrap_or(name);
        return vec![name.to_owned(), base.to_owned()];
    }
    match (family.kind(), name.strip_suffix("_total")) {
        (Kind::Counter, Some(base)) if !base.is_empty() => {
            vec![name.to_owned(), base.to_owned(), format!("{base}_created")]
        }
        (Kind::Histogram, _) => with(&["", "_bucket", "_sum", "_count", "_created"]),
        (Kind::Summary, _) => with(&["", "_sum", "_count", "_created"]),
        (Kind::Gauge | Kind::Counter | Kind::Info | Kind::Unknown, _) => with(&[""]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner(collector: &str) -> Owner {
        let origin = Origin { package: "p", version: None, description: "", file: "f.rs", line: 1 };
        let base = collector.split('@').next().unwrap().to_owned();
        Owner { collector: collector.into(), base, origin }
    }

    fn check(first: Family, second: Family, clash: Option<&str>) {
        let mut claims = Claims::default();
        claims.claim_all([&first], &owner("a")).unwrap();
        let outcome = claims.claim_all([&second], &owner("b")).err();
        assert_eq!(outcome.as_ref().map(|clash| clash.name.as_str()), clash);
        if let Some(found) = outcome {
            assert_eq!((found.first, found.second), (owner("a"), owner("b")));
        }
    }

    #[test]
    fn a_name_has_one_owner_under_every_name_that_it_is_exposed_as() {
        let gauge = |name: &'static str| Family::gauge(name, "").build().unwrap();
        let counter = |name: &'static str| Family::counter(name, "").build().unwrap();
        check(gauge("x"), gauge("y"), None);
        check(gauge("x"), gauge("x"), Some("x"));
        check(counter("x_total"), gauge("x_total"), Some("x_total"));
        check(counter("x_total"), gauge("x"), Some("x"));
        check(counter("x_total"), gauge("x_created"), Some("x_created"));
        check(counter("x"), gauge("x_created"), None);
    }

    #[test]
    fn instances_of_one_collector_share_families_of_one_kind() {
        let gauge = Family::gauge("x", "").build().unwrap();
        let counter = Family::counter("x", "").build().unwrap();
        let mut claims = Claims::default();
        claims.claim_all([&gauge], &owner("json@a")).unwrap();
        claims.claim_all([&gauge], &owner("json@b")).unwrap();
        assert!(claims.claim_all([&counter], &owner("json@c")).unwrap_err().differ);
        assert!(!claims.claim_all([&gauge], &owner("other")).unwrap_err().differ);
        // Twice in one collector is a mistake, instances or not.
        assert!(!claims.claim_all([&gauge], &owner("json@a")).unwrap_err().differ);
    }

    #[test]
    fn histograms_and_summaries_own_the_names_of_their_lines() {
        let gauge = |name: String| Family::gauge(name, "").build().unwrap();
        let histogram = Family::histogram("x", "").build().unwrap();
        let summary = Family::summary("x", "").build().unwrap();
        for suffix in ["", "_sum", "_count", "_created", "_bucket"] {
            let name = format!("x{suffix}");
            let owned = (suffix != "_bucket").then_some(name.as_str());
            check(histogram.clone(), gauge(name.clone()), Some(&name));
            check(gauge(name.clone()), histogram.clone(), Some(&name));
            check(summary.clone(), gauge(name.clone()), owned);
            check(gauge(name.clone()), summary.clone(), owned);
        }
        check(histogram, Family::counter("x_total", "").build().unwrap(), Some("x"));
        check(summary, gauge("x_total".into()), None);
    }
}
