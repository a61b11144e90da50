//! Label values, and how a sample's labels are rendered.
//!
//! The labels of a sample are written once, into the form that both text formats share: `a="x",b="y"`. Everything
//! between the values (`a="`, `",b="`, the constant labels) is known when the family is, so it is prepared there as
//! fragments ([`Layout`]) and a sample only copies fragments and escapes values.

#![expect(clippy::inline_always, reason = "measured: it keeps the place of the pen in a register")]

use std::borrow::Cow;
use std::rc::Rc;
use std::slice;
use std::sync::Arc;

use crate::pen::{self, Block, Fragment, Pen};

/// What can be the value of a label: strings, integers, `bool`, `char`, enums made by [`label_enum!`](crate::label_enum),
/// and references to them.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a label value",
    label = "not a label value",
    note = "label values are strings, integers, bool, char, and enums made by `label_enum!`; format anything else into a string first"
)]
pub trait LabelValue {
    /// Writes the value.
    fn write(&self, out: &mut LabelWriter<'_, '_>);
}

/// Where a [`LabelValue`] writes itself.
#[derive(Debug)]
pub struct LabelWriter<'a, 'room> {
    pen: &'a mut Pen<'room>,
}

impl LabelWriter<'_, '_> {
    /// Appends text; whatever the exposition formats need escaped is escaped here.
    #[inline(always)]
    pub fn push_str(&mut self, value: &str) {
        self.pen.put_escaped(value);
    }

    /// Appends an integer in decimal.
    #[inline]
    pub fn push_integer(&mut self, value: impl itoa::Integer) {
        self.pen.put(itoa::Buffer::new().format(value).as_bytes());
    }
}

impl LabelValue for str {
    #[inline(always)]
    fn write(&self, out: &mut LabelWriter<'_, '_>) {
        out.push_str(self);
    }
}

impl LabelValue for bool {
    fn write(&self, out: &mut LabelWriter<'_, '_>) {
        out.push_str(if *self { "true" } else { "false" });
    }
}

impl LabelValue for char {
    fn write(&self, out: &mut LabelWriter<'_, '_>) {
        out.push_str(self.encode_utf8(&mut [0; 4]));
    }
}

macro_rules! forwarded {
    ($([$($generics:tt)*] $type:ty),+ $(,)?) => {
        $(impl<$($generics)*> LabelValue for $type {
            #[inline(always)]
            fn write(&self, out: &mut LabelWriter<'_, '_>) {
                (**self).write(out);
            }
        })+
    };
}

forwarded! {
    [T: LabelValue + ?Sized] &T,
    [T: LabelValue + ?Sized] Box<T>,
    [T: LabelValue + ?Sized] Rc<T>,
    [T: LabelValue + ?Sized] Arc<T>,
    [T: LabelValue + ToOwned + ?Sized] Cow<'_, T>,
    [] String,
}

macro_rules! integers {
    ($($type:ty),+) => {
        $(impl LabelValue for $type {
            #[inline]
            fn write(&self, out: &mut LabelWriter<'_, '_>) {
                out.push_integer(*self);
            }
        })+
    };
}

integers!(i8, i16, i32, i64, i128, isize, u8, u16, u32, u64, u128, usize);

/// Makes an enum whose variants are the values of a label.
///
/// ```
/// exporter_sdk::label_enum! {
///     /// What a CPU did.
///     pub enum Mode {
///         User = "user",
///         IoWait = "iowait",
///     }
/// }
/// assert_eq!(Mode::IoWait.as_str(), "iowait");
/// ```
#[macro_export]
macro_rules! label_enum {
    ($(#[$meta:meta])* $vis:vis enum $name:ident {
        $($(#[$variant_meta:meta])* $variant:ident = $value:literal),+ $(,)?
    }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        $vis enum $name {
            $(#[doc = $value] $(#[$variant_meta])* $variant,)+
        }

        impl $name {
            /// Every value, in the order of declaration.
            $vis const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The label value.
            $vis const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $value,)+
                }
            }
        }

        impl $crate::LabelValue for $name {
            fn write(&self, out: &mut $crate::LabelWriter<'_, '_>) {
                out.push_str(self.as_str());
            }
        }
    };
}

/// The values of a sample's `N` labels: `()` for none, `[a, b]` where they are of one type, `(a, b)` where they are not. It
/// cannot be implemented for other types: a value that was left out would make a line that nobody can read.
#[diagnostic::on_unimplemented(
    message = "this metric has {N} labels, and `{Self}` is not {N} label values",
    label = "not {N} label values",
    note = "write `()` for no labels, `[a, b]` for values of one type, `(a, b)` for values of several; label values are strings, integers, bool, char, and enums made by `label_enum!`"
)]
pub trait Labels<const N: usize> {
    /// Writes the values in the order in which the metric names its labels.
    fn write(&self, out: &mut LabelsWriter<'_, '_>);
}

impl Labels<0> for () {
    #[inline]
    fn write(&self, _: &mut LabelsWriter<'_, '_>) {}
}

impl<T: LabelValue, const N: usize> Labels<N> for [T; N] {
    #[inline(always)]
    fn write(&self, out: &mut LabelsWriter<'_, '_>) {
        for value in self {
            out.push(value);
        }
    }
}

macro_rules! tuples {
    ($($count:literal: $($type:ident $index:tt),+;)+) => {
        $(impl<$($type: LabelValue),+> Labels<$count> for ($($type,)+) {
            #[inline(always)]
            fn write(&self, out: &mut LabelsWriter<'_, '_>) {
                $(out.push(&self.$index);)+
            }
        })+
    };
}

tuples! {
    1: A 0;
    2: A 0, B 1;
    3: A 0, B 1, C 2;
    4: A 0, B 1, C 2, D 3;
    5: A 0, B 1, C 2, D 3, E 4;
    6: A 0, B 1, C 2, D 3, E 4, F 5;
    7: A 0, B 1, C 2, D 3, E 4, F 5, G 6;
    8: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7;
    9: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8;
    10: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9;
    11: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10;
    12: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11;
}

/// Where [`Labels`] write themselves: each value lands behind its label's name.
#[derive(Debug)]
pub struct LabelsWriter<'pen, 'room> {
    pen: &'pen mut Pen<'room>,
    fragments: slice::Iter<'pen, Fragment<32>>,
}

impl<'pen, 'room> LabelsWriter<'pen, 'room> {
    #[inline(always)]
    pub(crate) fn new(pen: &'pen mut Pen<'room>, layout: &'pen Layout) -> Self {
        Self { pen, fragments: layout.fragments.iter() }
    }

    /// Appends the value of the next label. There are as many as the family has labels; more are left out.
    #[inline(always)]
    pub fn push(&mut self, value: &(impl LabelValue + ?Sized)) {
        if let Some(fragment) = self.fragments.next() {
            self.pen.put_fragment(fragment);
            value.write(&mut LabelWriter { pen: self.pen });
        }
    }
}

/// Everything that stands between the metric's name and the value on the lines of a family, but for the label values:
/// `{a="`, `",b="`, and the tail `",const="1"} `. Without any label, the tail is a space.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    fragments: Vec<Fragment<32>>,
    tail: Fragment<64>,
}

impl Layout {
    pub(crate) fn new<'a>(
        labels: impl Iterator<Item = &'a str>,
        const_labels: impl Iterator<Item = (&'a str, &'a str)>,
    ) -> Self {
        let fragment = |(i, label): (usize, &str)| {
            let before = if i == 0 { "{" } else { "\"," };
            Fragment::new(format!("{before}{label}=\"").as_bytes())
        };
        let fragments: Vec<Fragment<32>> = labels.enumerate().map(fragment).collect();
        let mut tail = if fragments.is_empty() { Vec::new() } else { vec![b'"'] };
        for (name, value) in const_labels {
            push_pair(&mut tail, name, value);
        }
        tail.extend_from_slice(if tail.is_empty() { b" " } else { b"} " });
        Self { fragments, tail: Fragment::new(&tail) }
    }

    /// What all samples have in common behind their last label value, and so need not record. Nothing where samples have
    /// no label values, or bring the names of their labels: those record all of their block.
    pub(crate) fn common_tail(&self) -> Fragment<64> {
        if self.fragments.is_empty() { Fragment::new(b"") } else { self.tail.clone() }
    }

    /// The whole block of a sample: `{a="x",c="1"} `.
    pub(crate) fn render<const N: usize>(&self, labels: &impl Labels<N>) -> Vec<u8> {
        let mut block = self.render_own(labels);
        if N > 0 {
            self.tail.append_to(&mut block);
        }
        block
    }

    /// What of the block of a sample is its own, as it is recorded: without the [common tail](Self::common_tail).
    pub(crate) fn render_own<const N: usize>(&self, labels: &impl Labels<N>) -> Vec<u8> {
        let mut room = vec![0; 256];
        loop {
            let size = room.len();
            let mut pen = Pen::new(&mut room);
            OwnBlock { layout: self, labels }.write(&mut pen);
            if let Some(written) = pen.written() {
                room.truncate(written);
                return room;
            }
            room = vec![0; size * 2];
        }
    }

    /// Writes the block of a sample without label values.
    #[inline(always)]
    pub(crate) fn write_constant(&self, pen: &mut Pen<'_>) {
        pen.put_fragment(&self.tail);
    }
}

/// What of the block of a sample is its own, as it is recorded.
pub(crate) struct OwnBlock<'a, L, const N: usize> {
    pub(crate) layout: &'a Layout,
    pub(crate) labels: &'a L,
}

impl<L: Labels<N>, const N: usize> Block for OwnBlock<'_, L, N> {
    #[inline(always)]
    fn write(&self, pen: &mut Pen<'_>) {
        if N == 0 {
            self.layout.write_constant(pen);
        } else {
            self.labels.write(&mut LabelsWriter::new(pen, self.layout));
        }
    }
}

/// Appends `name="value"` to an unfinished block.
pub(crate) fn push_pair(block: &mut Vec<u8>, name: &str, value: &str) {
    block.push(if block.is_empty() { b'{' } else { b',' });
    block.extend_from_slice(name.as_bytes());
    block.extend_from_slice(b"=\"");
    pen::escape(value.as_bytes(), |bytes| block.extend_from_slice(bytes));
    block.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<const N: usize>(
        names: [&str; N],
        consts: &[(&str, &str)],
        labels: &impl Labels<N>,
        expected: &str,
    ) {
        let layout = Layout::new(names.into_iter(), consts.iter().copied());
        let mut room = [0; 300];
        let mut pen = Pen::new(&mut room);
        labels.write(&mut LabelsWriter::new(&mut pen, &layout));
        pen.put_fragment(&layout.tail);
        let end = pen.written().unwrap();
        assert_eq!(str::from_utf8(&room[..end]).unwrap(), expected);
    }

    #[test]
    fn no_labels_is_a_space() {
        check([], &[], &(), " ");
        check([], &[("c", "1"), ("d", "2")], &(), r#"{c="1",d="2"} "#);
    }

    #[test]
    fn values_of_one_type_and_of_several() {
        check(["a"], &[], &["x"], r#"{a="x"} "#);
        check(["a", "b"], &[], &[1, 2], r#"{a="1",b="2"} "#);
        let owned = String::from("s");
        check(["a", "b", "c"], &[], &(&owned, 'c', true), r#"{a="s",b="c",c="true"} "#);
        check(["a", "b"], &[("z", "9")], &(-1_i64, Cow::Borrowed("")), r#"{a="-1",b="",z="9"} "#);
    }

    #[test]
    fn what_the_format_needs_escaped_is_escaped_in_short_and_long_values() {
        check(["a"], &[("k", "\"")], &["\\ \" \n é"], r#"{a="\\ \" \n é",k="\""} "#);
        let long = format!("{}\"{}", "x".repeat(40), "y\n");
        check(["a"], &[], &[long], &format!(r#"{{a="{}\"y\n"}} "#, "x".repeat(40)));
    }
}
