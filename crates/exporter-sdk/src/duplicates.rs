//! Finds samples that would be the same series: of one family, with the same labels.
//!
//! Two samples of a run are one series where their label blocks are the same bytes: the labels of a static family stand
//! in one order, those of dynamic samples are sorted by name and hold no empty value. Collectors often emit in ascending
//! order, in which no two are the same; where they do not, a hash table of places finds the candidates, and their bytes
//! decide. Most of them emit the same series in the same order again and again: a fingerprint of the whole family tells
//! that it is one in which nothing was found last time.

use std::hash::{BuildHasher as _, Hasher as _};

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use crate::arena::{Arena, Cursor, Place};
use crate::part::{self, Part};
use crate::snapshot::{FamilySamples, Snapshot};

/// What was dropped from a snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duplicates {
    /// How many samples.
    pub dropped: u64,
    /// The first series that came again: `metric{label="value"}`.
    pub first: String,
}

/// Drops samples that come again, and keeps its memory from one snapshot to the next.
#[derive(Debug, Default)]
pub struct Deduplicator {
    /// Seeded at random, so that nobody can prepare labels that collide.
    seed: RandomState,
    places: HashTable<Place>,
    /// What the families were, in their order, when nothing was found in them.
    clean: Vec<Option<u64>>,
}

impl Deduplicator {
    /// Drops every sample whose series was in its family before, and returns what was dropped, if anything.
    pub fn run(&mut self, snapshot: &mut Snapshot) -> Option<Duplicates> {
        let mut found: Option<Duplicates> = None;
        self.clean.resize(snapshot.families.len(), None);
        for (index, family) in snapshot.families.iter_mut().enumerate() {
            let surplus = self.surplus(index, family);
            let Some(&first) = surplus.first() else { continue };
            let dropped = surplus.len() as u64;
            let duplicates = found.get_or_insert_with(|| {
                let labels = family.labels_at(first).filter(|labels| !labels.is_empty());
                let labels = labels.map(|labels| format!("{{{labels}}}")).unwrap_or_default();
                Duplicates { dropped: 0, first: format!("{}{labels}", family.family().name()) }
            });
            duplicates.dropped += dropped;
            family.drop_samples(&surplus);
        }
        self.shrink(snapshot);
        found
    }

    /// Where the samples stand that came before.
    fn surplus(&mut self, index: usize, family: &FamilySamples) -> Vec<Place> {
        if family.len() < 2 {
            return Vec::new();
        }
        let parted = family.family().kind().has_parts();
        // Time stamps stand among the labels, and are others every time.
        let fingerprint = (!family.is_stamped()).then(|| self.fingerprint(&family.arena));
        if fingerprint.is_some() && self.clean[index] == fingerprint {
            return Vec::new();
        }
        let surplus = if !parted && ascending(&family.arena) {
            Vec::new()
        } else {
            self.search(family, parted)
        };
        self.clean[index] = fingerprint.filter(|_| surplus.is_empty());
        surplus
    }

    /// A number that is another one, but for one chance in 2^64, where the series or their order are, or
    /// whether a value is an integer.
    fn fingerprint(&self, arena: &Arena) -> u64 {
        let mut hasher = self.seed.build_hasher();
        arena.records().for_each(|records| hasher.write(records));
        hasher.finish()
    }

    /// Gives memory back after a peak.
    fn shrink(&mut self, snapshot: &Snapshot) {
        let largest = snapshot.families.iter().map(FamilySamples::len).max().unwrap_or_default();
        if self.places.capacity() / 4 > largest {
            self.places.clear();
            self.places.shrink_to(largest, |_| 0);
        }
    }

    fn search(&mut self, family: &FamilySamples, parted: bool) -> Vec<Place> {
        self.places.clear();
        let (seed, arena) = (&self.seed, &family.arena);
        let hash = |block: &[u8]| {
            let mut hasher = seed.build_hasher();
            hasher.write(block);
            hasher.finish()
        };
        let rehash = |place: &Place| arena.record(*place).map_or(0, |record| hash(record.block()));
        self.places.reserve(family.len(), rehash);
        let (mut surplus, mut lines) = (Vec::new(), Vec::new());
        let mut cursor = Cursor::default();
        while let Some((place, record, _)) = arena.next(&mut cursor) {
            if parted {
                // A histogram or summary stays together. Its last line, the count, has its labels and no bound.
                lines.push(place);
                if record.part() & !part::STAMPED != Part::Count.tag() {
                    continue;
                }
            }
            let block = record.block();
            let same =
                |other: &Place| arena.record(*other).is_some_and(|other| other.block() == block);
            match self.places.entry(hash(block), same, rehash) {
                Entry::Occupied(_) if parted => surplus.append(&mut lines),
                Entry::Occupied(_) => surplus.push(place),
                Entry::Vacant(vacant) => {
                    vacant.insert(place);
                    lines.clear();
                }
            }
        }
        surplus
    }
}

/// Whether every block is greater than the one before it.
fn ascending(arena: &Arena) -> bool {
    let mut cursor = Cursor::default();
    let mut last: Option<&[u8]> = None;
    while let Some((record, _)) = arena.read(&mut cursor) {
        let block = record.block();
        if last.is_some_and(|last| last >= block) {
            return false;
        }
        last = Some(block);
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Family, Gauge, HistogramValue, Recorder};

    static DISK: Gauge<1> = Gauge::new("disk", "").labels(&["device"]).const_labels(&[("c", "1")]);
    static PLAIN: Gauge = Gauge::new("plain", "");

    fn check(emit: impl Fn(&mut crate::Scrape<'_>), kept: &[f64], expected: Option<(u64, &str)>) {
        let free = Family::gauge("free", "").build().unwrap();
        let mut recorder = Recorder::new(vec![DISK.desc().into(), PLAIN.desc().into(), free], true);
        let snapshot = recorder.record(None, |scrape| {
            emit(scrape);
            Ok(())
        });
        let mut snapshot = snapshot.unwrap();
        let mut deduplicator = Deduplicator::default();
        let found = deduplicator.run(&mut snapshot);
        let found = found.map(|found| (found.dropped, found.first));
        assert_eq!(found, expected.map(|(dropped, first)| (dropped, first.to_owned())));
        let values = snapshot.families().iter().flat_map(FamilySamples::iter);
        assert_eq!(values.map(|sample| sample.value().as_f64()).collect::<Vec<_>>(), kept);
        assert_eq!(snapshot.samples(), kept.len());
        for _ in 0..2 {
            assert_eq!(deduplicator.run(&mut snapshot), None);
        }
    }

    #[test]
    fn the_first_of_a_series_is_kept_in_whatever_order_they_come() {
        check(|s| s.emit(&PLAIN, (), 1), &[1.0], None);
        check(
            |s| ["a", "b", "c"].iter().enumerate().for_each(|(i, d)| s.emit(&DISK, [d], i)),
            &[0.0, 1.0, 2.0],
            None,
        );
        check(
            |s| ["b", "a", "b", "b"].iter().enumerate().for_each(|(i, d)| s.emit(&DISK, [d], i)),
            &[0.0, 1.0],
            Some((2, "disk{device=\"b\",c=\"1\"}")),
        );
        check(|s| (0..3).for_each(|i| s.emit(&PLAIN, (), i)), &[0.0], Some((2, "plain")));
    }

    #[test]
    fn values_that_only_join_to_the_same_text_are_different_series() {
        let free = Family::gauge("free", "").build().unwrap();
        check(
            |s| {
                s.emit_pairs(&free, &[("a", "ab"), ("b", "c")], 1);
                s.emit_pairs(&free, &[("a", "a"), ("b", "bc")], 2);
                s.emit_pairs(&free, &[("a", "a\",b=\"bc")], 3);
            },
            &[1.0, 2.0, 3.0],
            None,
        );
    }

    #[test]
    fn dynamic_labels_are_compared_sorted_and_without_the_empty_ones() {
        let free = Family::gauge("free", "").build().unwrap();
        check(
            |s| {
                s.emit_pairs(&free, &[("b", "2"), ("a", "1")], 1);
                s.emit_pairs(&free, &[("a", "1"), ("b", "2")], 2);
                s.emit_pairs(&free, &[("a", "1"), ("z", ""), ("b", "2")], 3);
            },
            &[1.0],
            Some((2, "free{a=\"1\",b=\"2\"}")),
        );
    }

    #[test]
    fn what_was_clean_once_is_looked_at_again_when_it_changes() {
        let mut recorder = Recorder::new(vec![DISK.desc().into()], false);
        let mut deduplicator = Deduplicator::default();
        let mut run = |devices: [&str; 3]| {
            let snapshot = recorder.record(None, |scrape| {
                for device in devices {
                    scrape.emit(&DISK, [device], 1);
                }
                Ok(())
            });
            deduplicator.run(&mut snapshot.unwrap()).map(|found| found.dropped)
        };
        let runs =
            [["c", "b", "a"], ["c", "b", "a"], ["c", "b", "c"], ["c", "b", "c"], ["c", "b", "a"]];
        assert_eq!(runs.map(&mut run), [None, None, Some(1), Some(1), None]);
    }

    #[test]
    fn a_histogram_that_comes_again_goes_as_a_whole() {
        let family = Family::histogram("h", "").build().unwrap();
        let mut recorder = Recorder::new(vec![family.clone()], false);
        let snapshot = recorder.record(None, |scrape| {
            for (buckets, label) in [([(1.0, 1)], "a"), ([(1.0, 2)], "b"), ([(2.0, 3)], "a")] {
                let value = HistogramValue { buckets: &buckets, sum: 1.0, count: 3 };
                scrape.emit_histogram_pairs(&family, &[("l", label)], &value);
            }
            Ok(())
        });
        let mut snapshot = snapshot.unwrap();
        let found = Deduplicator::default().run(&mut snapshot).unwrap();
        assert_eq!((found.dropped, found.first.as_str()), (4, "h{l=\"a\"}"));
        assert_eq!(snapshot.samples(), 8);
    }

    #[test]
    fn memory_is_given_back_after_a_peak() {
        let mut recorder = Recorder::new(vec![DISK.desc().into()], false);
        let mut deduplicator = Deduplicator::default();
        let mut run = |series: u32| {
            let snapshot = recorder.record(None, |scrape| {
                (0..series).rev().for_each(|i| scrape.emit(&DISK, [i], 1));
                Ok(())
            });
            assert_eq!(deduplicator.run(&mut snapshot.unwrap()), None);
            deduplicator.places.capacity()
        };
        assert!(run(100_000) >= 100_000);
        // One series is never searched for.
        assert!(run(1) < 100);
    }

    #[test]
    fn many_series_in_no_order_over_many_chunks() {
        let device = |i: u32| (i % 20_011 * 7919) % 20_011;
        check(
            |s| (0..20_011).for_each(|i| s.emit(&DISK, [device(i)], i)),
            &(0..20_011).map(f64::from).collect::<Vec<_>>(),
            None,
        );
        check(
            |s| (0..20_012).for_each(|i| s.emit(&DISK, [device(i)], i)),
            &(0..20_011).map(f64::from).collect::<Vec<_>>(),
            Some((1, "disk{device=\"0\",c=\"1\"}")),
        );
        // Each comes again, those at the edges of chunks too.
        check(
            |s| (0..40_022).for_each(|i| s.emit(&DISK, [device(i)], i)),
            &(0..20_011).map(f64::from).collect::<Vec<_>>(),
            Some((20_011, "disk{device=\"0\",c=\"1\"}")),
        );
    }
}
