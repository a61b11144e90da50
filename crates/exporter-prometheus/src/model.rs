//! Reading a value in either data model of the `prometheus` crate.
//!
//! With the feature `protobuf` a gauge has the method `value`, without it `get_value`, and no name is there in both. The
//! traits below give each model the method it lacks; the one it has is its own, and that wins.

use prometheus::proto::{Counter, Gauge};

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
            impl GetValue for $model {
                fn get_value(&self) -> f64 {
                    self.value()
                }
            }

            impl PlainValue for $model {
                fn value(&self) -> f64 {
                    self.get_value()
                }
            }

            pub(crate) fn $reader(metric: &$model) -> f64 {
                metric.get_value()
            }
        )+
    };
}

both_models!(Counter => counter_value, Gauge => gauge_value);
