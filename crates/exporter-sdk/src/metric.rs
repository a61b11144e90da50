//! The typed front of [`Desc`]: one type per kind, with the number of labels in the type, so that the compiler counts the
//! label values of every sample.

use crate::desc::{Desc, Kind};

/// A static metric whose samples are a number with `N` label values. Implemented by the metric types of this crate only.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a metric whose samples are one number",
    label = "not a gauge, counter or unknown",
    note = "a histogram is emitted with `emit_histogram`, a summary with `emit_summary`, an info with `emit_info`"
)]
pub trait Metric<const N: usize>: sealed::Sealed {
    /// The description of the family.
    fn desc(&self) -> &Desc;
}

mod sealed {
    pub trait Sealed {}
}

macro_rules! metric {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name<const N: usize = 0> {
            desc: Desc,
        }

        impl $name<0> {
            /// A metric without labels. A name that is not legal does not compile.
            pub const fn new(name: &'static str, help: &'static str) -> Self {
                Self { desc: Desc::new(Kind::$name, name, help) }
            }

            /// Names the labels whose values each sample gives. Illegal, reserved and repeated names do not compile.
            pub const fn labels<const N: usize>(self, names: &'static [&'static str; N]) -> $name<N> {
                $name { desc: self.desc.with_labels(names) }
            }
        }

        impl<const N: usize> $name<N> {
            /// Adds labels that are the same on every sample, as (name, value), behind those of [`labels`](Self::labels).
            pub const fn const_labels(self, labels: &'static [(&'static str, &'static str)]) -> Self {
                Self { desc: self.desc.with_const_labels(labels) }
            }

            /// Says in which unit the values are, such as `seconds`, for formats that tell it. A name that does not end in it
            /// (but for the `_total` of counters) does not compile.
            pub const fn unit(self, unit: &'static str) -> Self {
                Self { desc: self.desc.with_unit(unit) }
            }

            /// Lets the metric break the rules that lint has for names and help texts, which are those of `promtool check
            /// metrics`, and says why it has to. A metric that breaks none may not have it; an empty reason does not
            /// compile.
            pub const fn lint_exception(self, why: &'static str) -> Self {
                Self { desc: self.desc.with_lint_exception(why) }
            }

            /// The description, for [`Collector::METRICS`](crate::Collector::METRICS).
            pub const fn desc(&self) -> &Desc {
                &self.desc
            }
        }

    };
}

/// Those whose samples are any one number.
macro_rules! numbers {
    ($($name:ident),+) => {
        $(
            impl<const N: usize> sealed::Sealed for $name<N> {}

            impl<const N: usize> Metric<N> for $name<N> {
                fn desc(&self) -> &Desc {
                    &self.desc
                }
            }
        )+
    };
}

numbers!(Gauge, Counter, Unknown);

metric! {
    /// A value that can go up and down: a temperature, a queue's length, a time stamp.
    ///
    /// ```
    /// use exporter_sdk::Gauge;
    ///
    /// static TEMPERATURE: Gauge<2> = Gauge::new("room_temperature_celsius", "Temperature of the air.")
    ///     .labels(&["floor", "room"])
    ///     .const_labels(&[("sensor", "ds18b20")]);
    /// static LOAD: Gauge = Gauge::new("load1", "Load average over one minute.");
    /// ```
    Gauge
}

metric! {
    /// A value that only grows, and starts again from zero when its source restarts. Its name ends in `_total`.
    ///
    /// ```
    /// use exporter_sdk::Counter;
    ///
    /// static BYTES: Counter<1> = Counter::new("sent_bytes_total", "Bytes sent.").labels(&["device"]);
    /// ```
    Counter
}

metric! {
    /// A value of which nothing is known but that it is a number: the source does not say, and nobody else does.
    ///
    /// ```
    /// use exporter_sdk::Unknown;
    ///
    /// static REGISTER: Unknown<1> = Unknown::new("plc_register", "A register, as it is.").labels(&["address"]);
    /// ```
    Unknown
}

metric! {
    /// What does not change while its source runs, such as its version, in labels. Its name ends in `_info`; its samples
    /// are emitted with [`emit_info`](crate::Scrape::emit_info), and their value is 1.
    ///
    /// ```
    /// use exporter_sdk::Info;
    ///
    /// static BUILD: Info<2> = Info::new("app_build_info", "What was built.").labels(&["version", "revision"]);
    /// ```
    Info
}

metric! {
    /// How many observations there were up to each of some bounds, how many in all, and their sum. Its samples are emitted
    /// with [`emit_histogram`](crate::Scrape::emit_histogram); its name is that without `_bucket`, `_sum` and `_count`.
    ///
    /// ```
    /// use exporter_sdk::Histogram;
    ///
    /// static LATENCY: Histogram<1> =
    ///     Histogram::new("request_duration_seconds", "How long requests took.").labels(&["method"]).unit("seconds");
    /// ```
    Histogram
}

metric! {
    /// Some quantiles of what was observed, how many observations there were, and their sum. Its samples are emitted with
    /// [`emit_summary`](crate::Scrape::emit_summary); its name is that without `_sum` and `_count`.
    ///
    /// ```
    /// use exporter_sdk::Summary;
    ///
    /// static SIZE: Summary = Summary::new("reply_size_bytes", "How large replies were.");
    /// ```
    Summary
}
