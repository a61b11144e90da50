//! Who owns which exposed name. Two collectors that both expose `x` would make pages that depend on chance, so it is found
//! when they are built, before anything is served.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use exporter_sdk::{Family, Kind, Origin, Owners};

/// The owner of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Owner {
    /// The collector, or the instance of one.
    pub(crate) collector: String,
    /// The collector without its instance. Instances share their families.
    pub(crate) base: String,
    pub(crate) origin: Origin,
}

impl Owner {
    /// The exporter, of whose own metrics no collector may have one.
    pub(crate) fn exporter() -> Self {
        let origin = Origin {
            package: env!("CARGO_PKG_NAME"),
            version: Some(env!("CARGO_PKG_VERSION")),
            description: "",
            file: file!(),
            line: line!(),
        };
        Self { collector: "exporter".to_owned(), base: "exporter".to_owned(), origin }
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.origin.package == env!("CARGO_PKG_NAME") {
            return f.write_str("the exporter itself");
        }
        write!(f, "the collector `{}`", self.collector)
    }
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
    /// Whether the name is there in OpenMetrics only.
    openmetrics: bool,
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
        families.into_iter().try_for_each(|family| self.claim(None, family, owner))
    }

    /// Claims every name of the families that a run added to what was `described`.
    ///
    /// Such families come from elsewhere, often from a library whose counter `x_total` has a gauge `x_created` beside it.
    /// So names that only OpenMetrics has are no clash among the families of one collector: the encoder has another word
    /// for the one of them there.
    pub(crate) fn claim_added<'a>(
        &mut self,
        described: &Self,
        families: impl IntoIterator<Item = &'a Family>,
        owner: &Owner,
    ) -> Result<(), Clash> {
        families.into_iter().try_for_each(|family| self.claim(Some(described), family, owner))
    }

    /// Claims every name under which `family` can be exposed.
    fn claim(
        &mut self,
        described: Option<&Self>,
        family: &Family,
        owner: &Owner,
    ) -> Result<(), Clash> {
        let text = family.text_names().into_iter().map(|name| (name, false));
        let openmetrics = family.openmetrics_names().into_iter().map(|name| (name, true));
        for (name, openmetrics) in text.chain(openmetrics) {
            let first = self.0.get(&name).or_else(|| described?.0.get(&name));
            if let Some(first) = first {
                let lenient = described.is_some() && first.owner.base == owner.base;
                if !(lenient && (openmetrics || first.openmetrics)) {
                    first.share(&name, family, owner)?;
                }
                if openmetrics || !first.openmetrics {
                    continue;
                }
            }
            let (owner, kind) = (owner.clone(), family.kind());
            let family = family.name().to_owned();
            self.0.insert(name, Claim { owner, family, kind, openmetrics });
        }
        Ok(())
    }

    /// Who has one of `family`'s names, but for collectors, or instances of the one, with the name `base`.
    fn other_owner(&self, family: &Family, base: &str) -> Option<&Owner> {
        let names = family.exposed_names().into_iter();
        let mut owners = names.filter_map(|name| self.0.get(&name).map(|claim| &claim.owner));
        owners.find(|owner| owner.base != base)
    }
}

impl Claim {
    /// Whether `name`, which is claimed, may be `owner`'s as well: instances of one collector share their families.
    fn share(&self, name: &str, family: &Family, owner: &Owner) -> Result<(), Clash> {
        let siblings = self.owner.base == owner.base && self.owner.collector != owner.collector;
        let shared = siblings && self.family == family.name();
        if shared && self.kind == family.kind() {
            return Ok(());
        }
        let (first, second) = (self.owner.clone(), owner.clone());
        Err(Clash { name: name.to_owned(), first, second, differ: shared })
    }
}

/// What everybody but one collector has described, for its runs to ask.
#[derive(Debug)]
pub(crate) struct Others {
    claims: Arc<Claims>,
    base: String,
}

impl Others {
    /// Of those who have `claims`, all but `owner` and other instances of the same collector.
    pub(crate) fn than(owner: Owner, claims: &Arc<Claims>) -> Self {
        Self { claims: Arc::clone(claims), base: owner.base }
    }
}

impl Owners for Others {
    fn owner_of(&self, family: &Family) -> Option<String> {
        self.claims.other_owner(family, &self.base).map(Owner::to_string)
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
    fn what_clashes_in_openmetrics_only_is_no_clash_within_what_a_run_added() {
        let gauge = |name: &'static str| Family::gauge(name, "").build().unwrap();
        let counter = Family::counter("x_total", "").build().unwrap();
        let histogram = Family::histogram("x", "").build().unwrap();
        let check = |families: &[&Family], clash: Option<&str>| {
            for owners in [["a", "a"], ["a@1", "a@2"]] {
                for families in [families.to_vec(), families.iter().rev().copied().collect()] {
                    let (described, mut claims) = (Claims::default(), Claims::default());
                    let mut owners = owners.into_iter().cycle();
                    let outcome = families.into_iter().try_for_each(|family| {
                        claims.claim_added(&described, [family], &owner(owners.next().unwrap()))
                    });
                    assert_eq!(outcome.err().map(|clash| clash.name).as_deref(), clash);
                }
            }
        };
        check(&[&counter, &gauge("x_created")], None);
        check(&[&counter, &gauge("x")], None);
        check(&[&counter, &histogram], None);
        check(&[&histogram, &gauge("x_created")], None);
        check(&[&histogram, &gauge("x_count")], Some("x_count"));
        check(&[&counter, &gauge("x_total")], Some("x_total"));
        // The text format has the name twice, whatever OpenMetrics makes of a third.
        let mut claims = Claims::default();
        let added = [&counter, &gauge("x"), &Family::summary("x", "").build().unwrap()];
        let clash = claims.claim_added(&Claims::default(), added, &owner("a")).unwrap_err();
        assert_eq!(clash.name, "x");
        // What others have is theirs in every format.
        let mut described = Claims::default();
        described.claim_all([&counter], &owner("b")).unwrap();
        let clash = Claims::default().claim_added(&described, [&gauge("x")], &owner("a"));
        assert_eq!(clash.unwrap_err().name, "x");
    }

    #[test]
    fn a_run_can_ask_whose_a_name_is() {
        let gauge = |name: &'static str| Family::gauge(name, "").build().unwrap();
        let mut claims = Claims::default();
        claims.claim_all([&gauge("own")], &Owner::exporter()).unwrap();
        claims.claim_all([&gauge("x_count"), &gauge("y")], &owner("json@a")).unwrap();
        let claims = Arc::new(claims);
        let ask = |family: &Family, collector: &str| {
            Others::than(owner(collector), &claims).owner_of(family)
        };
        let histogram = Family::histogram("x", "").build().unwrap();
        assert_eq!(ask(&histogram, "text").as_deref(), Some("the collector `json@a`"));
        assert_eq!(ask(&gauge("own"), "text").as_deref(), Some("the exporter itself"));
        assert_eq!(ask(&gauge("z"), "text"), None);
        assert_eq!(ask(&gauge("y"), "json@b"), None);
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
