//! Label values, and how a sample's labels are rendered.
//!
//! The labels of a sample are written once, into the form that both text formats share: `a="x",b="y"`. Everything
//! between the values (`a="`, `",b="`, the constant labels) is known when the family is, so it is prepared there as
//! fragments ([`Layout`]) and a sample only copies fragments and escapes values.

use std::borrow::Cow;
use std::rc::Rc;
use std::sync::Arc;

/// What can be the value of a label: strings, integers, `bool`, `char`, enums made by [`label_enum!`](crate::label_enum),
/// and references to them.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a label value",
    label = "not a label value",
    note = "label values are strings, integers, bool, char, and enums made by `label_enum!`; format anything else into a string first"
)]
pub trait LabelValue {
    /// Writes the value.
    fn write(&self, out: &mut LabelWriter<'_>);
}

/// Where a [`LabelValue`] writes itself.
#[derive(Debug)]
pub struct LabelWriter<'a> {
    out: &'a mut Vec<u8>,
}

impl LabelWriter<'_> {
    /// Appends text; whatever the exposition formats need escaped is escaped here.
    #[inline]
    pub fn push_str(&mut self, value: &str) {
        escape_into(self.out, value);
    }

    /// Appends an integer in decimal.
    #[inline]
    pub fn push_integer(&mut self, value: impl itoa::Integer) {
        self.out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
    }
}

/// Escapes a label value as both text formats do: backslash, double quote and line feed.
fn escape_into(out: &mut Vec<u8>, value: &str) {
    let mut rest = value.as_bytes();
    while let Some(at) = first_special(rest) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(match rest[at] {
            b'\\' => b"\\\\",
            b'"' => b"\\\"",
            _ => b"\\n",
        });
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
}

#[inline]
fn first_special(bytes: &[u8]) -> Option<usize> {
    // Most label values are a few bytes, for which setting up a vector search costs more than looking.
    if bytes.len() < 16 {
        bytes.iter().position(|&b| b == b'\\' || b == b'"' || b == b'\n')
    } else {
        memchr::memchr3(b'\\', b'"', b'\n', bytes)
    }
}

impl LabelValue for str {
    #[inline]
    fn write(&self, out: &mut LabelWriter<'_>) {
        out.push_str(self);
    }
}

impl LabelValue for bool {
    fn write(&self, out: &mut LabelWriter<'_>) {
        out.push_str(if *self { "true" } else { "false" });
    }
}

impl LabelValue for char {
    fn write(&self, out: &mut LabelWriter<'_>) {
        out.push_str(self.encode_utf8(&mut [0; 4]));
    }
}

macro_rules! forwarded {
    ($([$($generics:tt)*] $type:ty),+ $(,)?) => {
        $(impl<$($generics)*> LabelValue for $type {
            #[inline]
            fn write(&self, out: &mut LabelWriter<'_>) {
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
            fn write(&self, out: &mut LabelWriter<'_>) {
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
            fn write(&self, out: &mut $crate::LabelWriter<'_>) {
                out.push_str(self.as_str());
            }
        }
    };
}

/// The values of a sample's `N` labels: `()` for none, `[a, b]` where they are of one type, `(a, b)` where they are not.
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
    #[inline]
    fn write(&self, out: &mut LabelsWriter<'_, '_>) {
        for value in self {
            out.push(value);
        }
    }
}

macro_rules! tuples {
    ($($count:literal: $($type:ident $index:tt),+;)+) => {
        $(impl<$($type: LabelValue),+> Labels<$count> for ($($type,)+) {
            #[inline]
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
pub struct LabelsWriter<'out, 'family> {
    out: &'out mut Vec<u8>,
    layout: &'family Layout,
    next: usize,
}

impl<'out, 'family> LabelsWriter<'out, 'family> {
    pub(crate) fn new(out: &'out mut Vec<u8>, layout: &'family Layout) -> Self {
        Self { out, layout, next: 0 }
    }

    /// Appends the value of the next label.
    #[inline]
    pub fn push(&mut self, value: &(impl LabelValue + ?Sized)) {
        self.out.extend_from_slice(self.layout.fragment(self.next));
        self.next += 1;
        value.write(&mut LabelWriter { out: self.out });
    }

    /// Ends the labels: what stands behind the last value, constant labels included.
    #[inline]
    pub(crate) fn finish(self) {
        self.out.extend_from_slice(self.layout.tail());
    }
}

/// Everything of a family's label block but the values: `a="`, `",b="`, and the tail `",const="1"`.
#[derive(Debug)]
pub(crate) struct Layout {
    bytes: Vec<u8>,
    /// Where each fragment ends; the tail is what comes after the last one.
    ends: Vec<usize>,
}

impl Layout {
    pub(crate) fn new<'a>(
        labels: impl Iterator<Item = &'a str>,
        const_labels: impl Iterator<Item = (&'a str, &'a str)>,
    ) -> Self {
        let (mut bytes, mut ends) = (Vec::new(), Vec::new());
        for label in labels {
            bytes.extend_from_slice(if ends.is_empty() { b"" } else { b"\"," });
            bytes.extend_from_slice(label.as_bytes());
            bytes.extend_from_slice(b"=\"");
            ends.push(bytes.len());
        }
        if !ends.is_empty() {
            bytes.push(b'"');
        }
        for (name, value) in const_labels {
            push_pair(&mut bytes, name, value);
        }
        Self { bytes, ends }
    }

    #[inline]
    fn fragment(&self, index: usize) -> &[u8] {
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.bytes[start..self.ends[index]]
    }

    #[inline]
    pub(crate) fn tail(&self) -> &[u8] {
        &self.bytes[self.ends.last().copied().unwrap_or(0)..]
    }
}

/// Appends `name="value"` to a label block, with a comma where the block has begun.
pub(crate) fn push_pair(block: &mut Vec<u8>, name: &str, value: &str) {
    if !block.is_empty() {
        block.push(b',');
    }
    block.extend_from_slice(name.as_bytes());
    block.extend_from_slice(b"=\"");
    escape_into(block, value);
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
        let mut out = Vec::new();
        let mut writer = LabelsWriter::new(&mut out, &layout);
        labels.write(&mut writer);
        writer.finish();
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn no_labels_is_an_empty_block() {
        check([], &[], &(), "");
        check([], &[("c", "1"), ("d", "2")], &(), r#"c="1",d="2""#);
    }

    #[test]
    fn values_of_one_type_and_of_several() {
        check(["a"], &[], &["x"], r#"a="x""#);
        check(["a", "b"], &[], &[1, 2], r#"a="1",b="2""#);
        let owned = String::from("s");
        check(["a", "b", "c"], &[], &(&owned, 'c', true), r#"a="s",b="c",c="true""#);
        check(["a", "b"], &[("z", "9")], &(-1_i64, Cow::Borrowed("")), r#"a="-1",b="",z="9""#);
    }

    #[test]
    fn what_the_format_needs_escaped_is_escaped_in_short_and_long_values() {
        check(["a"], &[("k", "\"")], &["\\ \" \n é"], r#"a="\\ \" \n é",k="\"""#);
        let long = format!("{}\"{}", "x".repeat(40), "y\n");
        check(["a"], &[], &[long], &format!(r#"a="{}\"y\n""#, "x".repeat(40)));
    }
}
