//! Pages of other shapes than `bulk`'s, for the compressors: what suits a compressor that compares neighbouring lines, and
//! what does not.

use std::fmt::Write as _;

use rand::rngs::SmallRng;
use rand::seq::SliceRandom as _;
use rand::{RngExt as _, SeedableRng as _};

/// Names and pages.
pub(crate) fn all() -> [(&'static str, String); 5] {
    // The same at every run.
    let mut rng = SmallRng::seed_from_u64(1);
    [
        ("histograms", histograms(&mut rng)),
        ("sessions in no order", shuffled(&mut rng)),
        ("labels of few values each, in any combination", categories(&mut rng)),
        ("labels that are sentences", sentences(&mut rng)),
        ("20 series", page(20, |i| format!("my_gauge{{l1=\"{i}\",l2=\"node-{i}\"}} {i}\n"))),
    ]
}

fn page(lines: usize, line: impl FnMut(usize) -> String) -> String {
    (0..lines).map(line).collect()
}

fn pick<'a>(rng: &mut SmallRng, of: &[&'a str]) -> &'a str {
    of[rng.random_range(0..of.len())]
}

fn histograms(rng: &mut SmallRng) -> String {
    page(500, |i| {
        let (mut count, mut lines) = (0, String::new());
        for le in ["0.005", "0.01", "0.05", "0.1", "0.5", "1", "5", "10", "+Inf"] {
            count += rng.random_range(0..1000);
            // Writing to a string does not fail.
            let _ = writeln!(lines, "h_bucket{{handler=\"/h{i}\",le=\"{le}\"}} {count}");
        }
        let sum = rng.random::<f64>() * 1e3;
        lines + &format!("h_sum{{handler=\"/h{i}\"}} {sum}\nh_count{{handler=\"/h{i}\"}} {count}\n")
    })
}

fn shuffled(rng: &mut SmallRng) -> String {
    let mut sessions: Vec<usize> = (0..10_000).collect();
    sessions.shuffle(rng);
    let value = |rng: &mut SmallRng| rng.random::<f64>() * 1e6;
    page(sessions.len(), |i| {
        let (session, value) = (sessions[i], value(rng));
        format!("my_gauge{{l1=\"session-{session}\",l2=\"node-{}\"}} {value}\n", session % 97)
    })
}

fn categories(rng: &mut SmallRng) -> String {
    let paths = ["/api/v1/users", "/api/v1/orders", "/api/v2/search", "/healthz", "/login"];
    let pods = ["web-7f9c6d-x2x9", "checkout-55d-abcd", "cart-9d8c7f-qqqq", "auth-1a2b3c-zzzz"];
    page(10_000, |_| {
        let (path, pod) = (pick(rng, &paths), pick(rng, &pods));
        let (node, value) = (rng.random_range(0..40), rng.random_range(0..100_000));
        format!(
            "http_requests_total{{path=\"{path}\",pod=\"{pod}\",node=\"ip-10-0-{node}\"}} {value}\n"
        )
    })
}

fn sentences(rng: &mut SmallRng) -> String {
    let words = [
        "connection",
        "refused",
        "timeout",
        "by",
        "peer",
        "while",
        "reading",
        "from",
        "upstream",
        "request",
        "failed",
        "with",
        "unexpected",
        "end",
        "handshake",
        "certificate",
        "expired",
    ];
    page(5_000, |i| {
        let text: Vec<&str> = (0..8).map(|_| pick(rng, &words)).collect();
        format!("errors_total{{message=\"{}\",id=\"{i}\"}} {}\n", text.join(" "), i % 50)
    })
}
