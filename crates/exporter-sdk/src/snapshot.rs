//! The outcome of one run of one collector, in no exposition format: families with their samples. Pages are made of
//! snapshots; whoever serves a format walks them.

use crate::arena::{Arena, Cursor, Sample};
use crate::family::Family;
use crate::pen::Pen;
use crate::value::Value;

/// The samples of one run, by family.
#[derive(Debug, Default)]
pub struct Snapshot {
    pub(crate) families: Vec<FamilySamples>,
}

impl Snapshot {
    /// The families of the collector, those without samples included.
    pub fn families(&self) -> &[FamilySamples] {
        &self.families
    }

    /// How many samples there are in all families.
    pub fn samples(&self) -> usize {
        self.families.iter().map(FamilySamples::len).sum()
    }

    /// Bytes of memory held for samples.
    pub fn capacity(&self) -> usize {
        self.families.iter().map(|family| family.arena.capacity()).sum()
    }

    /// Empties the snapshot for another run that describes `families`, and keeps its memory.
    pub(crate) fn reset(&mut self, families: &[Family]) {
        self.families.truncate(families.len());
        for family in &mut self.families {
            family.arena.clear();
            family.len = 0;
        }
        for family in &families[self.families.len()..] {
            self.families.push(FamilySamples::new(family.clone()));
        }
    }
}

/// The samples of one family in one run, in the order in which they were emitted.
#[derive(Debug)]
pub struct FamilySamples {
    family: Family,
    arena: Arena,
    len: usize,
}

impl FamilySamples {
    pub(crate) fn new(family: Family) -> Self {
        Self { family, arena: Arena::default(), len: 0 }
    }

    /// The family.
    pub fn family(&self) -> &Family {
        &self.family
    }

    /// How many samples there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no sample.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The sample at `cursor`, which is moved behind it; `None` at the end.
    #[inline]
    pub fn read(&self, cursor: &mut Cursor) -> Option<Sample<'_>> {
        self.arena.read(cursor)
    }

    /// The samples.
    pub fn iter(&self) -> impl Iterator<Item = Sample<'_>> {
        let mut cursor = Cursor::default();
        std::iter::from_fn(move || self.read(&mut cursor))
    }

    #[inline]
    pub(crate) fn push(&mut self, value: Value, block: impl Fn(&mut Pen<'_>)) {
        self.arena.push(value, block);
        self.len += 1;
    }
}
