//! The series for the crate measured: states that are made as the page is written, which is less than its vectors do.

use std::io;

use measured::label::{LabelGroup, LabelGroupVisitor, LabelName};
use measured::metric::MetricEncoding;
use measured::metric::counter::CounterState;
use measured::metric::gauge::FloatGaugeState;
use measured::metric::group::Encoding;
use measured::metric::name::MetricName;
use measured::text::TextEncoder;

use super::Bulk;

struct Labels<'a, const N: usize>([(&'static LabelName, &'a str); N]);

impl<const N: usize> LabelGroup for Labels<'_, N> {
    fn visit_values(&self, visitor: &mut impl LabelGroupVisitor) {
        for (name, value) in &self.0 {
            visitor.write_value(name, value);
        }
    }
}

pub(crate) fn render(bulk: &Bulk, page: &mut Vec<u8>) -> io::Result<()> {
    let mut encoder = TextEncoder::new(page);
    counters(bulk, &mut encoder)?;
    gauges(bulk, &mut encoder)
}

fn counters(bulk: &Bulk, encoder: &mut TextEncoder<&mut Vec<u8>>) -> io::Result<()> {
    let name = MetricName::from_str("my_counter");
    let (l3, l4) = (LabelName::from_str("l3"), LabelName::from_str("l4"));
    encoder.write_help(name, "counter_help_tag")?;
    CounterState::write_type(name, encoder)?;
    let mut outcome = Ok(());
    bulk.counters(|session, node, value| {
        let labels = Labels([(l3, session), (l4, node)]);
        if let Err(error) = CounterState::new(value).collect_into(&(), labels, name, encoder) {
            outcome = Err(error);
        }
    });
    outcome
}

fn gauges(bulk: &Bulk, encoder: &mut TextEncoder<&mut Vec<u8>>) -> io::Result<()> {
    let name = MetricName::from_str("my_gauge");
    let (l1, l2) = (LabelName::from_str("l1"), LabelName::from_str("l2"));
    let fixed = LabelName::from_str("static_example");
    encoder.write_help(name, "gauge_help_tag")?;
    FloatGaugeState::write_type(name, encoder)?;
    let mut outcome = Ok(());
    bulk.gauges(|session, node, value| {
        let labels = Labels([(l1, session), (l2, node), (fixed, "I am static value")]);
        if let Err(error) = FloatGaugeState::new(value).collect_into(&(), labels, name, encoder) {
            outcome = Err(error);
        }
    });
    outcome
}
