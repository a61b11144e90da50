//! The outcome of one run of one collector, in no exposition format: families with their samples. Pages are made of
//! snapshots; whoever serves a format walks them.

use crate::arena::{Arena, Cursor, Place, Record};
use crate::family::Family;
use crate::labels::Layout;
use crate::limits::Meter;
use crate::omission::{Omission, Omissions};
use crate::part::{self, Part};
use crate::pen::{Block, Fragment, Pen};
use crate::value::Value;

/// The samples of one run, by family.
#[derive(Debug, Default)]
pub struct Snapshot {
    pub(crate) families: Vec<FamilySamples>,
    pub(crate) omissions: Omissions,
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

    /// What the run could not read, in the order in which the collector found it: the first 100.
    pub fn omissions(&self) -> &[Omission] {
        self.omissions.as_slice()
    }

    /// How many parts of the source the run could not read.
    pub fn omitted(&self) -> usize {
        self.omissions.count()
    }

    /// Bytes of memory held for samples.
    pub fn capacity(&self) -> usize {
        self.families.iter().map(|family| family.arena.capacity()).sum()
    }

    /// Empties the snapshot for another run that describes `families`, and keeps its memory.
    pub(crate) fn reset(&mut self, families: &[Family], layouts: &[Layout]) {
        self.omissions.clear();
        self.families.truncate(families.len());
        for family in &mut self.families {
            family.arena.clear();
            family.len = 0;
            family.stamped = false;
        }
        let missing = families.iter().zip(layouts).skip(self.families.len());
        self.families
            .extend(missing.map(|(family, layout)| FamilySamples::new(family.clone(), layout)));
    }
}

/// The samples of one family in one run, in the order in which they were emitted.
#[derive(Debug)]
pub struct FamilySamples {
    family: Family,
    /// What every sample has behind its last label value.
    tail: Fragment<64>,
    pub(crate) arena: Arena,
    len: usize,
    /// Whether there are samples with time stamps.
    stamped: bool,
}

impl FamilySamples {
    pub(crate) fn new(family: Family, layout: &Layout) -> Self {
        // Where a sample is several lines, a label of its own can stand last: those record all of their block.
        let has_parts = family.kind().has_parts();
        let tail = if has_parts { Fragment::new(b"") } else { layout.common_tail() };
        Self { family, tail, arena: Arena::default(), len: 0, stamped: false }
    }

    /// The family.
    pub fn family(&self) -> &Family {
        &self.family
    }

    /// How many samples there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are samples with [time stamps](Sample::timestamp).
    pub fn is_stamped(&self) -> bool {
        self.stamped
    }

    /// Whether every value [can be a counter's](Value::is_count). It looks at all of them: only one format asks, and noting
    /// it for each sample would cost everyone.
    pub fn is_counted(&self) -> bool {
        self.iter().all(|sample| sample.value().is_count())
    }

    /// Whether there is no sample.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Calls `each` with the samples from `cursor` on, for as long as it returns true; the sample for which it does not is the
    /// next one to be read. Returns whether there are no more.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "measured: what `each` needs stays in registers")]
    pub fn read_while(
        &self,
        cursor: &mut Cursor,
        mut each: impl FnMut(Sample<'_>) -> bool,
    ) -> bool {
        let tail = &self.tail;
        self.arena.read_while(cursor, |record, value| each(Sample { record, value, tail }))
    }

    /// The samples.
    pub fn iter(&self) -> impl Iterator<Item = Sample<'_>> {
        let mut cursor = Cursor::default();
        std::iter::from_fn(move || {
            let (record, value) = self.arena.read(&mut cursor)?;
            Some(Sample { record, value, tail: &self.tail })
        })
    }

    /// The [labels](Sample::labels) of the sample at `place`.
    pub(crate) fn labels_at(&self, place: Place) -> Option<String> {
        let record = self.arena.record(place)?;
        Some(Sample { record, value: Value::Uint(0), tail: &self.tail }.labels())
    }

    /// Drops the samples at `places`, which stand in ascending order.
    pub(crate) fn drop_samples(&mut self, places: &[Place]) {
        self.arena.drop_records(places);
        self.len -= places.len();
    }

    /// Appends a sample that is one number, taken at `stamp` where that is known.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "measured: a loop that emits is a tenth faster")]
    pub(crate) fn push(
        &mut self,
        meter: &mut Meter,
        stamp: Option<i64>,
        value: Value,
        block: impl Block,
    ) {
        match stamp {
            None => self.arena.push(meter, part::WHOLE, value, block),
            Some(stamp) => self.push_stamped(meter, stamp, Part::Whole, value, &block),
        }
        self.len += 1;
    }

    /// Appends one line of a sample that has several. `block` is what stands before the bound, or the value.
    pub(crate) fn push_part(
        &mut self,
        meter: &mut Meter,
        stamp: Option<i64>,
        part: Part,
        value: Value,
        block: &[u8],
    ) {
        let whole = |pen: &mut Pen<'_>| {
            pen.put(block);
            if let Some(bound) = part.bound() {
                pen.put(&bound.to_le_bytes());
            }
        };
        match stamp {
            None => self.arena.push(meter, part.tag(), value, whole),
            Some(stamp) => self.push_stamped(meter, stamp, part, value, &whole),
        }
        self.len += 1;
    }

    #[cold]
    fn push_stamped(
        &mut self,
        meter: &mut Meter,
        stamp: i64,
        part: Part,
        value: Value,
        block: &impl Block,
    ) {
        self.stamped = true;
        self.arena.push(meter, part.tag() | part::STAMPED, value, |pen: &mut Pen<'_>| {
            block.write(pen);
            pen.put(&stamp.to_le_bytes());
        });
    }
}

/// One sample as it was recorded.
#[derive(Clone, Copy, Debug)]
pub struct Sample<'a> {
    record: Record<'a>,
    value: Value,
    tail: &'a Fragment<64>,
}

impl Sample<'_> {
    /// The value.
    #[inline]
    pub fn value(&self) -> Value {
        self.value
    }

    /// Which line of its family it is. Families whose kind [has no parts](crate::Kind::has_parts) need not ask.
    #[inline]
    pub fn part(&self) -> Part {
        Part::read(self.record.part(), self.record.block())
    }

    /// When the value was true, in milliseconds since the epoch, where the collector said so.
    pub fn timestamp(&self) -> Option<i64> {
        self.record.stamp()
    }

    /// The labels as both text formats write them, `a="x",b="y"`, their values escaped; empty where there are none.
    /// `le` and `quantile` are left out: they are numbers, and stand in [`part`](Self::part).
    pub fn labels(&self) -> String {
        if let Some((block, name)) = self.bounded_block() {
            let labels = &block[..block.len() - name.len()];
            let labels = labels.strip_prefix(b"{").unwrap_or(labels);
            return String::from_utf8_lossy(labels.strip_suffix(b",").unwrap_or(labels)).into();
        }
        let mut room = vec![0; self.record.length() + self.tail.len()];
        self.write_block_to_bound(&mut Pen::new(&mut room));
        room.truncate(self.record.block().len() + self.tail.len());
        let labels = room.strip_prefix(b"{").and_then(|block| block.strip_suffix(b"} "));
        String::from_utf8_lossy(labels.unwrap_or_default()).into_owned()
    }

    /// Of a bucket or quantile, the block up to its bound, and the end of that: `le="` or `quantile="`.
    fn bounded_block(&self) -> Option<(&[u8], &'static str)> {
        let opening = part::opening(self.record.part())?;
        let block = self.record.block();
        Some((&block[..block.len() - part::BOUND], opening))
    }

    /// Writes what stands between the metric's name and the bound of a bucket or quantile, `{a="x",le="`; of all other
    /// lines, all that stands between name and value. The encoder spells the bound, because the formats differ
    /// in that.
    #[doc(hidden)]
    pub fn write_block_to_bound(&self, pen: &mut Pen<'_>) {
        if let Some((block, _)) = self.bounded_block() {
            pen.put(block);
        } else {
            pen.put(self.record.block());
            pen.put_fragment(self.tail);
        }
    }

    /// Writes what stands between the metric's name and the value on a line of both text formats: `{a="x",b="y"} `, or a
    /// space where there are no labels. Not for families that [have time stamps](FamilySamples::is_stamped).
    #[doc(hidden)]
    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "measured: it keeps the place of the pen in a register"
    )]
    pub fn write_block(&self, pen: &mut Pen<'_>) {
        pen.put_prefix(self.record.chunk, self.record.length());
        pen.put_fragment(self.tail);
    }
}
