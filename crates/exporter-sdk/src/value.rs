//! Sample values. Integers stay integers on their whole way to the page, so a byte counter above 2^53 is exact.

use std::time::Duration;

/// The value of one sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value {
    /// A signed integer.
    Int(i64),
    /// An unsigned integer.
    Uint(u64),
    /// Any other number, NaN and the infinities included.
    Float(f64),
}

impl Value {
    /// The value as Prometheus stores it. Integers beyond 2^53 lose their last digits here, as they do there.
    #[expect(clippy::cast_precision_loss, reason = "the loss is Prometheus' own, and documented")]
    pub fn as_f64(self) -> f64 {
        match self {
            Self::Int(value) => value as f64,
            Self::Uint(value) => value as f64,
            Self::Float(value) => value,
        }
    }

    /// Whether it can be what a counter has counted: it is not below zero, and a number.
    #[inline]
    pub fn is_count(self) -> bool {
        match self {
            Self::Int(value) => value >= 0,
            Self::Uint(_) => true,
            Self::Float(value) => value >= 0.0,
        }
    }
}

/// What can be the value of a sample: integers, floats, `bool` (0 or 1) and [`Duration`] (in seconds, the base unit of
/// time), and references to them.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a sample value",
    label = "not a number",
    note = "sample values are integers, f32, f64, bool (0 or 1) and Duration (in seconds)"
)]
pub trait SampleValue {
    /// Converts into the stored form, without loss.
    fn into_value(self) -> Value;
}

macro_rules! sample_values {
    ($($type:ty => $variant:ident),+ $(,)?) => {
        $(impl SampleValue for $type {
            #[inline]
            fn into_value(self) -> Value {
                Value::$variant(self.into())
            }
        })+
    };
}

sample_values! {
    i8 => Int, i16 => Int, i32 => Int, i64 => Int,
    u8 => Uint, u16 => Uint, u32 => Uint, u64 => Uint,
    f32 => Float, f64 => Float, bool => Uint,
}

impl SampleValue for usize {
    #[inline]
    fn into_value(self) -> Value {
        Value::Uint(self as u64)
    }
}

impl SampleValue for isize {
    #[inline]
    fn into_value(self) -> Value {
        Value::Int(self as i64)
    }
}

impl SampleValue for Duration {
    #[inline]
    fn into_value(self) -> Value {
        Value::Float(self.as_secs_f64())
    }
}

impl SampleValue for Value {
    #[inline]
    fn into_value(self) -> Value {
        self
    }
}

impl<T: SampleValue + Copy> SampleValue for &T {
    #[inline]
    fn into_value(self) -> Value {
        (*self).into_value()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_stay_integers_and_the_rest_becomes_seconds_or_zero_and_one() {
        assert_eq!(u64::MAX.into_value(), Value::Uint(u64::MAX));
        assert_eq!(i64::MIN.into_value(), Value::Int(i64::MIN));
        assert_eq!((&7_usize).into_value(), Value::Uint(7));
        assert_eq!(true.into_value(), Value::Uint(1));
        assert_eq!(0.5_f32.into_value(), Value::Float(0.5));
        assert_eq!(Duration::from_millis(1500).into_value(), Value::Float(1.5));
    }
}
