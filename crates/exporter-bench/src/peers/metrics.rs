//! The series for metrics-exporter-prometheus. It keeps what it serves, so each scrape sets every value and renders.

use std::io;

use metrics::{Counter, Gauge, Key, Label, Level, Metadata, Recorder};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

use super::Bulk;

pub(crate) struct Metrics {
    bulk: Bulk,
    handle: PrometheusHandle,
    gauges: Vec<Gauge>,
    counters: Vec<Counter>,
}

impl Metrics {
    pub(crate) fn new(bulk: Bulk) -> Self {
        let recorder = PrometheusBuilder::new().build_recorder();
        recorder.describe_gauge("my_gauge".into(), None, "gauge_help_tag".into());
        recorder.describe_counter("my_counter".into(), None, "counter_help_tag".into());
        let metadata = Metadata::new("bench", Level::INFO, None);
        let label = |name: &'static str, value: &str| Label::new(name, value.to_owned());
        let (mut gauges, mut counters) = (Vec::new(), Vec::new());
        bulk.gauges(|l1, l2, _| {
            let fixed = Label::new("static_example", "I am static value");
            let key = Key::from_parts("my_gauge", vec![label("l1", l1), label("l2", l2), fixed]);
            gauges.push(recorder.register_gauge(&key, &metadata));
        });
        bulk.counters(|l3, l4, _| {
            let key = Key::from_parts("my_counter", vec![label("l3", l3), label("l4", l4)]);
            counters.push(recorder.register_counter(&key, &metadata));
        });
        Self { bulk, handle: recorder.handle(), gauges, counters }
    }

    pub(crate) fn render(&self, page: &mut Vec<u8>) -> io::Result<()> {
        let mut gauges = self.gauges.iter();
        self.bulk
            .gauges(|_, _, value| gauges.next().into_iter().for_each(|gauge| gauge.set(value)));
        let mut counters = self.counters.iter();
        self.bulk.counters(|_, _, value| {
            counters.next().into_iter().for_each(|counter| counter.absolute(value));
        });
        self.handle.render_to_write(page)
    }
}
