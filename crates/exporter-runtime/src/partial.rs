//! The log of what runs leave out: one line when a place is left out for the first time, one when it is read again.

use std::collections::BTreeSet;

use exporter_config::redact;
use exporter_sdk::Omission;

/// The omissions of a run, without passwords: errors of network libraries contain URLs.
pub(crate) fn redacted(omissions: &[Omission]) -> Vec<Omission> {
    let redacted = |text: &str| redact(text).into_owned();
    let omission =
        |it: &Omission| Omission { place: redacted(&it.place), reason: redacted(&it.reason) };
    omissions.iter().map(omission).collect()
}

/// The places that the last run of a collector left out.
#[derive(Debug, Default)]
pub(crate) struct OmittedPlaces(BTreeSet<String>);

impl OmittedPlaces {
    /// Logs the difference between the last run and this one.
    pub(crate) fn update(&mut self, collector: &str, omissions: &[Omission]) {
        if omissions.is_empty() && self.0.is_empty() {
            return;
        }
        let places: BTreeSet<String> = omissions.iter().map(|it| it.place.clone()).collect();
        for Omission { place, reason } in omissions {
            if !self.0.contains(place) {
                let error = reason;
                tracing::warn!(
                    collector,
                    place,
                    error,
                    "Collector left out what it could not read"
                );
            }
        }
        for place in self.0.difference(&places) {
            tracing::info!(collector, place, "Collector no longer leaves this out");
        }
        self.0 = places;
    }
}
