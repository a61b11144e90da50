//! Collectors called where the request is answered, on the web server's own thread: what remains of the exporter without
//! isolation, evidence and checks.

use std::error::Error;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use collector_counter as _;
use collector_gauge as _;
use exporter_exposition::{Encoder, Format, Page, Piece};
use exporter_sdk::{
    AnyCollector, Collector, Context, Desc, Gauge, NoConfig, Origin, Recorder, Registration,
    Result, Run, Scrape, Snapshot,
};

static RUNS: Gauge<1> = Gauge::new("trivial_runs", "How often it ran.").labels(&["i"]);

/// As little as a collector can do.
struct Trivial(u64);

impl Collector for Trivial {
    const NAME: &'static str = "trivial";
    const METRICS: &'static [&'static Desc] = &[RUNS.desc()];
    type Config = NoConfig;

    fn new(_: &NoConfig, _: &Context) -> Result<Self> {
        Ok(Self(0))
    }

    fn collect(&mut self, scrape: &mut Scrape<'_>) -> Result {
        self.0 += 1;
        scrape.emit(&RUNS, [self.0], self.0);
        Ok(())
    }
}

struct Inline {
    collector: Box<dyn Run>,
    recorder: Recorder,
    last: Arc<Snapshot>,
}

impl Inline {
    fn new(registration: &Registration) -> Result<Self, Box<dyn Error>> {
        let config = &mut serde_json::json!({});
        let mut config = <dyn erased_serde::Deserializer<'_>>::erase(&*config);
        let built = (registration.build)(&mut config, &Context::new(registration.name))?;
        let AnyCollector::Blocking(collector) = built else { return Err("not blocking".into()) };
        let recorder = Recorder::new(collector.describe(), false);
        Ok(Self { collector, recorder, last: Arc::default() })
    }

    fn run(&mut self) -> Arc<Snapshot> {
        let spare = Arc::into_inner(std::mem::take(&mut self.last));
        let snapshot = self.recorder.record(spare, |scrape| self.collector.run(scrape));
        self.last = Arc::new(snapshot.expect("the collectors of the benchmark do not fail"));
        Arc::clone(&self.last)
    }
}

/// The reference exporter's two collectors, or `trivial` trivial ones.
pub(crate) fn render(
    trivial: usize,
) -> Result<impl Fn() -> Bytes + Send + Sync + 'static, Box<dyn Error>> {
    let origin = Origin {
        package: "exporter-bench",
        version: None,
        description: "",
        file: file!(),
        line: line!(),
    };
    let one = Registration::of::<Trivial, _>(origin);
    let collectors: Result<Vec<Inline>, _> = if trivial == 0 {
        Registration::linked().map(Inline::new).collect()
    } else {
        (0..trivial).map(|_| Inline::new(&one)).collect()
    };
    let collectors = Mutex::new(collectors?);
    Ok(move || {
        let mut collectors = collectors.lock().expect("no one panics with it");
        let page = Page::new(collectors.iter_mut().map(Inline::run).collect());
        let mut piece = Piece::new(64 * 1024);
        let more = Encoder::new(page, Format::Text).fill(&mut piece);
        assert!(!more, "these pages are small");
        Bytes::from_owner(piece)
    })
}
