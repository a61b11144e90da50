//! Reading a value in either data model of the `prometheus` crate.
//!
//! With the feature `protobuf` a gauge has the method `value`, without it `get_value`, and no name is there in both. The
//! traits below give each model the method it lacks; the one it has is its own, and that wins.

use prometheus::proto::{Counter, Gauge, Metric, Untyped};

#[expect(clippy::allow_attributes, reason = "whether it is used depends on the model")]
#[allow(dead_code, reason = "whether it is used depends on the model")]
trait GetValue {
    fn get_value(&self) -> f64;
}

#[expect(clippy::allow_attributes, reason = "whether it is used depends on the model")]
#[allow(dead_code, reason = "whether it is used depends on the model")]
trait PlainValue {
    fn value(&self) -> f64;
}

macro_rules! both_models {
    ($($model:ty => $reader:ident),+) => {
        $(
            #[expect(clippy::allow_attributes, reason = "whether it is used depends on the model")]
            #[allow(deprecated, reason = "of untyped metrics, and only in one model")]
            impl GetValue for $model {
                fn get_value(&self) -> f64 {
                    self.value()
                }
            }

            #[expect(clippy::allow_attributes, reason = "whether it is used depends on the model")]
            #[allow(deprecated, reason = "of untyped metrics, and only in one model")]
            impl PlainValue for $model {
                fn value(&self) -> f64 {
                    self.get_value()
                }
            }

            #[expect(clippy::allow_attributes, reason = "whether it is used depends on the model")]
            #[allow(deprecated, reason = "of untyped metrics, and only in one model")]
            pub(crate) fn $reader(metric: &$model) -> f64 {
                metric.get_value()
            }
        )+
    };
}

both_models!(Counter => counter_value, Gauge => gauge_value, Untyped => value_of_untyped);

/// Whether a field of a metric has something in it. In the model with `protobuf` that is presence; in the other, where all
/// fields are always there, it is another value than the default one.
pub(crate) fn is_set<T: Default + PartialEq>(field: &T) -> bool {
    *field != T::default()
}

/// What the model with `protobuf` has to say of untyped values: its field is public, but the name of the field is private
/// in the other model, so that nothing that compiles with both can name it.
struct Unreadable;

#[expect(clippy::allow_attributes, reason = "whether it is used depends on the model")]
#[allow(dead_code, reason = "whether it is used depends on the model")]
trait GetUntyped {
    fn get_untyped(&self) -> Unreadable;
}

impl GetUntyped for Metric {
    fn get_untyped(&self) -> Unreadable {
        Unreadable
    }
}

/// What `get_untyped` returns, whichever it is.
trait Reading {
    fn reading(self) -> Option<f64>;
}

impl Reading for Unreadable {
    fn reading(self) -> Option<f64> {
        None
    }
}

impl Reading for &Untyped {
    fn reading(self) -> Option<f64> {
        Some(value_of_untyped(self))
    }
}

/// The value of an untyped metric, where it can be read.
#[expect(clippy::allow_attributes, reason = "whether it is needed depends on the model")]
#[allow(deprecated, reason = "there is no other way")]
pub(crate) fn untyped_value(metric: &Metric) -> Option<f64> {
    metric.get_untyped().reading()
}
