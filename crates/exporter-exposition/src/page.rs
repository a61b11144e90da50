//! A page: the families of several snapshots, by name, each a list of segments.

use std::cmp::Ordering;
use std::sync::Arc;

use exporter_sdk::{Family, FamilySamples, Snapshot};

/// What one scrape answers: every family once, in the order of names, with its samples from all snapshots.
///
/// Where several snapshots have a family of the same name (instances of one collector, say), their samples follow one
/// another in the order of the snapshots, under the help and the kind of the first. Families without samples are left
/// out, as every Prometheus client does.
#[derive(Clone, Debug)]
pub struct Page {
    snapshots: Vec<Arc<Snapshot>>,
    /// Segments as (snapshot, family), in the order of the page. Those of one family are neighbours.
    segments: Vec<(u32, u32)>,
}

impl Page {
    /// Puts the families of `snapshots` in order.
    pub fn new(snapshots: Vec<Arc<Snapshot>>) -> Self {
        Self::picked(snapshots, |_| true)
    }

    /// Puts those families of `snapshots` in order that `pick` picks.
    pub fn picked(snapshots: Vec<Arc<Snapshot>>, pick: impl Fn(&Family) -> bool) -> Self {
        let mut segments = Vec::new();
        for (snapshot, s) in snapshots.iter().zip(0_u32..) {
            let filled = snapshot.families().iter().zip(0_u32..);
            let filled =
                filled.filter(|(samples, _)| !samples.is_empty() && pick(samples.family()));
            segments.extend(filled.map(|(_, f)| (s, f)));
        }
        let mut page = Self { snapshots, segments: Vec::new() };
        segments.sort_by(|&a, &b| page.by_name(a, b).then(a.cmp(&b)));
        page.segments = segments;
        page
    }

    /// The families in order: for each segment its samples, and whether it is the first of its family.
    pub fn segments(&self) -> impl Iterator<Item = (&FamilySamples, bool)> {
        (0..self.segments.len()).filter_map(|index| self.segment(index))
    }

    /// The segment at `index`, and whether it is the first of its family.
    pub(crate) fn segment(&self, index: usize) -> Option<(&FamilySamples, bool)> {
        let here = *self.segments.get(index)?;
        let first = index == 0 || self.by_name(self.segments[index - 1], here) != Ordering::Equal;
        Some((self.samples_at(here), first))
    }

    /// The family of this name, if there is one.
    pub(crate) fn family(&self, name: &str) -> Option<&Family> {
        let by_name = |&here: &(u32, u32)| self.samples_at(here).family().name().cmp(name);
        let found = self.segments.binary_search_by(by_name).ok()?;
        Some(self.samples_at(self.segments[found]).family())
    }

    /// Whether all values can be those of a counter, in the segment at `index` and the others of its family behind it.
    pub(crate) fn counts(&self, index: usize) -> bool {
        let family = self.segments[index..]
            .iter()
            .take_while(|segment| self.by_name(self.segments[index], **segment) == Ordering::Equal);
        family.into_iter().all(|segment| self.samples_at(*segment).is_counted())
    }

    fn samples_at(&self, (snapshot, family): (u32, u32)) -> &FamilySamples {
        &self.snapshots[snapshot as usize].families()[family as usize]
    }

    fn by_name(&self, a: (u32, u32), b: (u32, u32)) -> Ordering {
        self.samples_at(a).family().name().cmp(self.samples_at(b).family().name())
    }
}
