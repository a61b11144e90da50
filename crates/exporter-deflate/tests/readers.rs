//! What other programs read back.

use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};

use exporter_deflate::Deflater;
use flate2::read::MultiGzDecoder;
use libdeflater::Decompressor;
use proptest::prelude::*;

fn packed(pieces: &[&[u8]]) -> Vec<u8> {
    let (mut deflater, mut out) = (Deflater::new(), Vec::new());
    for (at, piece) in pieces.iter().enumerate() {
        deflater.write(piece, at + 1 == pieces.len(), &mut out);
    }
    out
}

/// zlib, and libdeflate, which checks more.
#[track_caller]
fn check(pieces: &[&[u8]]) -> usize {
    let (packed, text) = (packed(pieces), pieces.concat());
    let mut by_zlib = Vec::new();
    MultiGzDecoder::new(packed.as_slice()).read_to_end(&mut by_zlib).unwrap();
    assert!(by_zlib == text, "zlib reads something else");
    let mut by_libdeflate = vec![0; text.len()];
    let size = Decompressor::new().gzip_decompress(&packed, &mut by_libdeflate).unwrap();
    assert!(size == text.len() && by_libdeflate == text, "libdeflate reads something else");
    packed.len()
}

fn page(lines: usize, line: impl Fn(usize) -> String) -> String {
    (0..lines).map(line).collect()
}

/// The same for every run.
fn random(i: usize) -> u64 {
    let mixed = (i as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(17);
    mixed.wrapping_mul(0xd6e8_feb8_6659_fd93) >> 11
}

/// One of `all`.
fn pick<'a>(all: &[&'a str], i: usize) -> &'a str {
    all[usize::try_from(random(i)).unwrap() % all.len()]
}

/// Sessions in no order.
fn shuffled() -> String {
    page(20_000, |i| {
        let session = random(i) % 20_000;
        format!(
            "my_gauge{{l1=\"session-{session}\",l2=\"node-{}\"}} {}\n",
            session % 97,
            random(i + 3)
        )
    })
}

/// Labels of few values each, in any combination.
fn categories() -> String {
    let paths =
        ["/api/v1/users", "/api/v1/orders", "/api/v2/search", "/healthz", "/login", "/app.js"];
    let pods = ["web-7f9c6d-x2x9", "checkout-55d-abcd", "cart-9d8c7f-qqqq", "search-1a2b3c-zzzz"];
    page(20_000, |i| {
        format!(
            "http_requests_total{{path=\"{}\",pod=\"{}\",node=\"ip-10-0-{}.compute.internal\"}} {}\n",
            pick(&paths, 3 * i),
            pick(&pods, 3 * i + 1),
            random(3 * i + 2) % 40,
            random(i) % 100_000
        )
    })
}

/// Labels that are text.
fn sentences() -> String {
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
        let text: Vec<&str> = (0..8).map(|word| pick(&words, 8 * i + word)).collect();
        format!("errors_total{{message=\"{}\",id=\"{i}\"}} {}\n", text.join(" "), random(i) % 50)
    })
}

/// Some pages of all sorts.
fn pages() -> Vec<String> {
    vec![
        String::new(),
        "\n".to_owned(),
        "a".to_owned(),
        "# EOF\n".to_owned(),
        "x".repeat(100_000),
        page(20_000, |i| {
            format!("my_counter{{l3=\"session-{i}\",l4=\"node-{}\"}} 1700000000\n", i % 97)
        }),
        page(20_000, |i| format!("my_gauge{{l1=\"{:x}\"}} 0.{}\n", random(i), random(i + 7))),
        page(300, |i| {
            format!(
                "# HELP metric_{i}_total The number {i} of them.\n# TYPE metric_{i}_total counter\nmetric_{i}_total 0\n"
            )
        }),
        page(2_000, |i| {
            format!(
                "h_bucket{{path=\"/{}\",le=\"{}\"}} {i}\nh_sum{{path=\"/{}\"}} 0.5\n",
                i / 10,
                i % 10,
                i / 10
            )
        }),
        // Quotes within values, lines longer than the window, and none at the end.
        page(1_000, |i| format!("m{{l=\"a\\\\\\\"{i}\\\"\",k=\"\\n\"}} {i}\n")),
        page(20, |i| format!("m{{l=\"{}\",i=\"{i}\"}} 1\n", "long ".repeat(8_000))),
        // Lines that are the same again only behind the window.
        page(9, |i| {
            format!("m{{l=\"{}\",i=\"{i}\"}} 1\n", page(2_100, |i| format!("{:x}", random(i))))
        }),
        shuffled(),
        categories(),
        sentences(),
        page(3, |i| format!("m{{i=\"{i}\"}} 1\n")) + "m{i=\"4",
    ]
}

#[test]
fn zlib_and_libdeflate_read_pages_of_all_sorts() {
    for page in pages() {
        let bytes = page.as_bytes();
        check(&[bytes]);
        let (a, b) = bytes.split_at(bytes.len() / 3);
        check(&[a, b]);
        check(&[a, b""]);
        check(&[b"", a, b"", b]);
    }
}

#[test]
fn resembling_lines_cost_next_to_nothing() {
    let text = &pages()[5];
    let size = check(&[text.as_bytes()]);
    assert!(size * 11 < text.len(), "{size} of {}", text.len());
}

/// How many bytes zlib makes of a page at its first level.
fn by_zlib(page: &str) -> usize {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(page.as_bytes()).unwrap();
    encoder.finish().unwrap().len()
}

#[test]
fn no_sort_of_page_is_larger_than_zlib_would_make_it_in_a_hurry() {
    for page in pages().iter().filter(|page| page.len() > 10_000) {
        let (size, by_zlib) = (check(&[page.as_bytes()]), by_zlib(page));
        assert!(size <= by_zlib, "{size}, not {by_zlib}, of {} bytes: {page:.200}", page.len());
    }
}

#[test]
fn a_page_that_was_left_unfinished_leaves_nothing_behind() {
    let (mut deflater, mut out) = (Deflater::new(), Vec::new());
    deflater.write(b"half\n", false, &mut out);
    deflater.reset();
    out.clear();
    deflater.write(b"whole\n", true, &mut out);
    assert_eq!(out, packed(&[b"whole\n"]));
    deflater.write(b"again\n", true, &mut out);
    assert!(out.ends_with(&packed(&[b"again\n"])));
}

/// What a program of the system makes of compressed bytes.
fn through(program: &str, args: &[&str], bytes: &[u8]) -> Vec<u8> {
    let mut child = Command::new(program)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut stdin, bytes) = (child.stdin.take().unwrap(), bytes.to_vec());
    let writer = std::thread::spawn(move || stdin.write_all(&bytes).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success(), "{program}");
    output.stdout
}

#[test]
fn gzip_and_python_read_them_too() {
    let script =
        "import gzip,sys; sys.stdout.buffer.write(gzip.decompress(sys.stdin.buffer.read()))";
    for page in pages() {
        let packed = packed(&[page.as_bytes()]);
        assert!(through("gzip", &["-dc"], &packed) == page.as_bytes());
        assert!(through("/usr/bin/python3", &["-c", script], &packed) == page.as_bytes());
    }
}

/// Lines that resemble each other more or less.
fn lines() -> impl Strategy<Value = Vec<u8>> {
    let line = prop_oneof![
        "[ab]{1,3}\\{[xy]=\"[a-c\\\\\"]{0,12}\",z=\"[0-9]{0,4}\"\\} [0-9.e+-]{1,12}\n",
        "# (HELP|TYPE) [a-c_]{1,9} [a-z ]{0,30}\n",
        "\\PC{0,20}\n?",
    ];
    prop::collection::vec(line, 0..60).prop_map(|lines| lines.concat().into_bytes())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_lines_in_any_pieces(pieces in prop::collection::vec(lines(), 1..4)) {
        check(&pieces.iter().map(Vec::as_slice).collect::<Vec<_>>());
    }

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..5_000)) {
        check(&[&bytes]);
    }
}
