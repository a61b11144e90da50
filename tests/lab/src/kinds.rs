//! Every kind of family, with values and labels that parsers get wrong.

use std::time::{Duration, SystemTime};

use exporter_sdk::{
    Buckets, Collector, Context, Counter, Desc, Gauge, Histogram, HistogramValue, Info, NoConfig,
    Observations, Result, Scrape, Summary, SummaryValue, Unknown, register,
};

static VALUES: Gauge<1> =
    Gauge::new("lab_values", "Numbers: \"\\\n in their help.").labels(&["which"]);
static LABELS: Gauge<1> = Gauge::new("lab_labels", "Labels.").labels(&["text"]);
static READ_BYTES: Counter = Counter::new("lab_read_bytes_total", "Bytes read.").unit("bytes");
static ODD: Counter = Counter::new("lab_odd", "A counter without its suffix.");
static BUILD: Info<2> =
    Info::new("lab_build_info", "What was built.").labels(&["version", "revision"]);
static REGISTER: Unknown<1> = Unknown::new("lab_register", "A number.").labels(&["address"]);
static LATENCY: Histogram<1> =
    Histogram::new("lab_latency_seconds", "How long it took.").labels(&["method"]).unit("seconds");
static CHANGE: Histogram = Histogram::new("lab_change_celsius", "How the temperature changed.");
static SIZE: Summary<1> =
    Summary::new("lab_size_bytes", "How large it was.").labels(&["of"]).unit("bytes");
static LEVEL: Gauge = Gauge::new("lab_level_meters", "Measured a minute ago.");

/// Numbers that parsers get wrong, by name.
const NUMBERS: [(&str, f64); 9] = [
    ("nan", f64::NAN),
    ("inf", f64::INFINITY),
    ("-inf", f64::NEG_INFINITY),
    ("-0", -0.0),
    ("subnormal", 5e-324),
    ("max", f64::MAX),
    ("tenth", 0.1),
    ("large", 1e21),
    ("small", -1e-7),
];

struct Kinds;

impl Collector for Kinds {
    const NAME: &'static str = "kinds";
    const METRICS: &'static [&'static Desc] = &[
        VALUES.desc(),
        LABELS.desc(),
        READ_BYTES.desc(),
        ODD.desc(),
        BUILD.desc(),
        REGISTER.desc(),
        LATENCY.desc(),
        CHANGE.desc(),
        SIZE.desc(),
        LEVEL.desc(),
    ];
    const DEFAULT_ENABLED: bool = false;
    type Config = NoConfig;

    fn new(_: &NoConfig, _: &Context) -> Result<Self> {
        Ok(Self)
    }

    fn collect(&mut self, scrape: &mut Scrape) -> Result {
        for (which, value) in NUMBERS {
            scrape.emit(&VALUES, [which], value);
        }
        for text in ["", "plain", "\\", "\"", "\n", "\\n", "a\tb", "ä 😀 {},=#", " le=\"1\"} 2"]
        {
            scrape.emit(&LABELS, [text], 1);
        }
        scrape.emit(&READ_BYTES, (), 9_007_199_254_740_993_u64);
        scrape.emit(&ODD, (), u64::MAX);
        scrape.emit_info(&BUILD, ["1.2", "\"main\""]);
        scrape.emit(&REGISTER, [7], -40);
        let mut latency = Observations::new(Buckets::DEFAULT);
        for seconds in [0.003, 0.2, 0.2, 70.0] {
            latency.observe(seconds);
        }
        scrape.emit_histogram(&LATENCY, ["get"], &latency.value());
        let value =
            HistogramValue { buckets: &[(-1.5, 1), (0.0, 2), (1e6, 3)], sum: -2.0, count: 3 };
        scrape.emit_histogram(&CHANGE, (), &value);
        let quantiles = &[(0.0, 1.0), (0.5, f64::NAN), (0.999, 1e6), (1.0, 1e6)];
        scrape.emit_summary(&SIZE, ["reply"], &SummaryValue { quantiles, sum: 1e6, count: 2 });
        scrape.set_timestamp(Some(SystemTime::now() - Duration::from_mins(1)));
        scrape.emit(&LEVEL, (), 1.25);
        Ok(())
    }
}

register!(Kinds);
