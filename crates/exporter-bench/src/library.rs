//! What the libraries themselves cost, without a web server and in this process: making the values of a scrape and writing
//! the page; and compressing one.

use std::error::Error;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use exporter_deflate::Deflater;
use exporter_exposition::{Encoder, Format, Page, Piece};
use exporter_sdk::{Counter, Family, Gauge, Recorder, Snapshot};
use flate2::{Compress, Compression, FlushCompress};

use crate::peers::Bulk;
use crate::report::median;
use crate::server;

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

static MY_COUNTER: Counter<2> =
    Counter::new("my_counter", "counter_help_tag").labels(&["l3", "l4"]);
static MY_GAUGE: Gauge<2> = Gauge::new("my_gauge", "gauge_help_tag")
    .labels(&["l1", "l2"])
    .const_labels(&[("static_example", "I am static value")]);

/// The peers that run in this process.
const PEERS: [&str; 4] = ["prometheus", "prometheus-client", "measured", "metrics"];

/// Seconds that `work` takes: the median of `rounds`, after one to warm up.
fn seconds(rounds: usize, mut work: impl FnMut()) -> f64 {
    work();
    let times: Vec<f64> = (0..rounds)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed().as_secs_f64()
        })
        .collect();
    median(&times)
}

/// Prints nanoseconds per series, of pages of each of these sizes.
pub(crate) fn run(series: &[usize], rounds: usize) -> Outcome {
    println!("\nThe libraries alone, in nanoseconds per series:\n");
    let heads: String = series.iter().map(|series| format!(" {series} |")).collect();
    println!("| |{heads}\n|---|{}", "---:|".repeat(series.len()));
    let columns = series.iter().map(|&series| ours(series, rounds)).collect::<Outcome<Vec<_>>>()?;
    let works = ["collecting", "text", "OpenMetrics", "text with gzip by lines"];
    for (row, work) in works.iter().enumerate() {
        line(&format!("this exporter, {work}"), columns.iter().map(|column| column[row]));
    }
    for peer in PEERS {
        let render = |&series: &usize| -> Outcome<f64> {
            let render = server::renderer(peer, series)?;
            Ok(each(seconds(rounds, || drop(black_box(render()))), series))
        };
        let costs = series.iter().map(render).collect::<Outcome<Vec<_>>>()?;
        line(&format!("{peer}, collecting and text"), costs.into_iter());
    }
    Ok(())
}

fn line(name: &str, costs: impl Iterator<Item = f64>) {
    let costs: String = costs.map(|cost| format!(" {cost:.0} |")).collect();
    println!("| {name} |{costs}");
}

fn ours(series: usize, rounds: usize) -> Outcome<[f64; 4]> {
    let bulk = Bulk::new(series);
    let families = vec![Family::from(MY_COUNTER.desc()), Family::from(MY_GAUGE.desc())];
    let mut recorder = Recorder::new(families, false);
    let mut last = Some(Arc::new(Snapshot::default()));
    let collecting = seconds(rounds, || {
        let spare = last.take().and_then(Arc::into_inner);
        let snapshot = recorder.record(spare, |scrape| {
            bulk.counters(|l3, l4, value| scrape.emit(&MY_COUNTER, [l3, l4], value));
            bulk.gauges(|l1, l2, value| scrape.emit(&MY_GAUGE, [l1, l2], value));
            Ok(())
        });
        last = snapshot.ok().map(Arc::new);
    });
    let snapshot = last.ok_or("these runs do not fail")?;
    let mut piece = Piece::new(512 * 1024);
    let mut encode = |format, deflater: &mut Option<(Deflater, Vec<u8>)>| {
        seconds(rounds, || {
            let mut encoder = Encoder::new(Page::new(vec![Arc::clone(&snapshot)]), format);
            loop {
                let more = encoder.fill(&mut piece);
                if let Some((deflater, packed)) = deflater {
                    deflater.write(piece.as_ref(), !more, packed);
                    black_box(&*packed);
                    packed.clear();
                }
                if !more {
                    break;
                }
            }
            if let Some((deflater, _)) = deflater {
                deflater.reset();
            }
        })
    };
    let text = encode(Format::Text, &mut None);
    let openmetrics = encode(Format::OpenMetrics100, &mut None);
    let packed = encode(Format::Text, &mut Some((Deflater::default(), Vec::new())));
    Ok([collecting, text, openmetrics, packed].map(|seconds| each(seconds, series)))
}

/// Nanoseconds per series.
#[expect(clippy::cast_precision_loss, reason = "no page has 2^53 series")]
fn each(seconds: f64, series: usize) -> f64 {
    seconds * 1e9 / series as f64
}

/// Prints what it costs to compress `page` in each way.
pub(crate) fn compressors(page: &[u8], rounds: usize) -> Outcome {
    println!("\nThe compressors alone, for this page of {} bytes:\n", page.len());
    println!("| | time | bytes |\n|---|---:|---:|");
    let mut packed = Vec::with_capacity(page.len() + 1024);
    let mut deflater = Deflater::default();
    let time = seconds(rounds * 20, || {
        packed.clear();
        deflater.reset();
        deflater.write(page, true, &mut packed);
    });
    println!("| lines | {:.0} us | {} |", time * 1e6, packed.len());
    for level in [1, 2, 6] {
        let mut zlib = Compress::new_gzip(Compression::new(level), 15);
        let mut outcome = Ok(());
        let time = seconds(rounds * 20, || {
            packed.clear();
            zlib.reset();
            if let Err(error) = zlib.compress_vec(page, &mut packed, FlushCompress::Finish) {
                outcome = Err(error);
            }
        });
        outcome?;
        println!("| zlib-rs, level {level} | {:.0} us | {} |", time * 1e6, packed.len());
    }
    Ok(())
}
