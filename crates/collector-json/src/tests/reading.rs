//! What values that people write become.

use exporter_testkit::Page;
use proptest::prelude::*;

use super::*;
use crate::config::MetricConfig;
use crate::reading::Reading;

/// What the texts become under these keys, in their order.
#[track_caller]
fn check(keys: &str, expected: &[(&str, f64)]) {
    let texts: Vec<&str> = expected.iter().map(|(text, _)| *text).collect();
    let page = scrape(&serde_json::to_string(&texts).unwrap(), keys);
    for (at, (text, value)) in expected.iter().enumerate() {
        assert_eq!(page.gauge("m", &[("at", &at.to_string())]), *value, "{text}");
    }
}

#[track_caller]
fn scrape(document: &str, keys: &str) -> Page {
    start(&Server::of(document), &metric(keys)).scrape()
}

fn metric(keys: &str) -> String {
    format!("metrics: [{{name: m, help: h, path: '$[*]', labels: {{at: key()}}, {keys}}}]")
}

/// What the message of a text under these keys says after the place of the value.
#[track_caller]
fn failure(text: &str, keys: &str) -> String {
    let server = Server::of(&serde_json::to_string(&[text]).unwrap());
    let found = start(&server, &metric(keys)).failure();
    let place = format!("{}/: metrics[0] `m`: value `$` at $[0]: ", server.url());
    found.strip_prefix(&place).unwrap_or_else(|| panic!("{found}")).to_owned()
}

#[test]
fn times_become_unix_seconds() {
    check(
        "format: time",
        &[
            ("2026-11-27T18:00:00Z", 1_795_802_400.0),
            (" 2026-11-27t18:00:00.25z ", 1_795_802_400.25),
            ("2026-11-27T19:30:00+01:30", 1_795_802_400.0),
            ("2026-11-27 18:00:00.000+0000", 1_795_802_400.0),
            ("2026-11-27T19:00:00+01:00[Europe/Berlin]", 1_795_802_400.0),
            ("2026-11-27T18:00:00", 1_795_802_400.0),
            ("2026-11-27 18:00", 1_795_802_400.0),
            ("2026-11-27", 1_795_737_600.0),
            ("Fri, 27 Nov 2026 18:00:00 GMT", 1_795_802_400.0),
            ("27 Nov 2026 10:00:00 -0800", 1_795_802_400.0),
            ("1795802400", 1_795_802_400.0),
            ("1795802400.123", 1_795_802_400.123),
            ("1969-12-31T23:59:58.5Z", -1.5),
            ("0001-01-01T00:00:00Z", -62_135_596_800.0),
        ],
    );
    check(
        "format: time, time_zone: Europe/Berlin",
        &[
            ("2026-11-27T19:00:00", 1_795_802_400.0),
            ("2026-07-01", 1_782_856_800.0),
            ("2026-11-27T18:00:00Z", 1_795_802_400.0),
        ],
    );
    let page = scrape(
        "[1795802400000, \"1795802400500\", \"2026-11-27T18:00:00Z\"]",
        "format: time, factor: 0.001",
    );
    assert_eq!(page.gauge("m", &[("at", "0")]), 1_795_802_400.0);
    assert_eq!(page.gauge("m", &[("at", "1")]), 1_795_802_400.5);
    assert_eq!(page.gauge("m", &[("at", "2")]), 1_795_802_400.0);
}

#[test]
fn times_have_a_layout_of_the_operator() {
    check(
        "format: time, layout: '%d.%m.%Y %H:%M', time_zone: Europe/Berlin",
        &[("27.11.2026 19:00", 1_795_802_400.0), ("01.07.2026 00:00", 1_782_856_800.0)],
    );
    check(
        "format: time, layout: '%Y%m%d', mapping: {never: 0}",
        &[("20261127", 1_795_737_600.0), ("never", 0.0)],
    );
    check(
        "format: time, layout: '%Y-%m-%d %H:%M:%S%.f %z UTC'",
        &[("2026-11-27 18:00:00.5 +0000 UTC", 1_795_802_400.5)],
    );
    check(
        "format: time, layout: 'at %s', time_zone: Europe/Berlin",
        &[("at 1795802400", 1_795_802_400.0)],
    );
    check(
        "format: time, layout: '%H:%M %Q %F'",
        &[("19:00 Europe/Berlin 2026-11-27", 1_795_802_400.0)],
    );
    assert_eq!(
        scrape("[20261127]", "format: time, layout: '%Y%m%d'").gauge("m", &[("at", "0")]),
        1_795_737_600.0
    );
}

#[test]
fn durations_become_seconds() {
    check(
        "format: duration",
        &[
            ("1h30m", 5400.0),
            ("1h1m0.5s", 3660.5),
            ("300ms", 0.3),
            ("1.5s", 1.5),
            ("17µs", 0.000_017),
            ("42us", 0.000_042),
            ("7ns", 7e-9),
            ("-1m30s", -90.0),
            ("PT1H30M", 5400.0),
            ("P1DT0.5S", 86_400.5),
            ("-PT5S", -5.0),
            ("2 days", 172_800.0),
            ("1 day, 2:03:04", 93_784.0),
            ("1w2d", 777_600.0),
            ("01:30:00", 5400.0),
            ("120:00:01.25", 432_001.25),
            ("2 hours 1 minute", 7260.0),
            ("1,5 s", 1.5),
            ("90", 90.0),
            ("0s", 0.0),
        ],
    );
    let page = scrape("[1500, \"2s\"]", "format: duration, factor: 0.001");
    assert_eq!(page.gauge("m", &[("at", "0")]), 1.5);
    assert_eq!(page.gauge("m", &[("at", "1")]), 2.0);
}

#[test]
fn sizes_become_bytes() {
    check(
        "format: size",
        &[
            ("512Mi", 536_870_912.0),
            ("512 MiB", 536_870_912.0),
            ("1.5 GiB", 1_610_612_736.0),
            ("0.5Ti", 549_755_813_888.0),
            ("12kB", 12_000.0),
            ("12K", 12_000.0),
            ("12 KB", 12_000.0),
            ("12KiB", 12_288.0),
            ("1.5 GB", 1_500_000_000.0),
            ("3mb", 3_000_000.0),
            ("2E", 2e18),
            ("16Ei", 18_446_744_073_709_551_616.0),
            ("-1 Ki", -1024.0),
            ("512", 512.0),
            ("512 B", 512.0),
            ("512 bytes", 512.0),
            ("1 byte", 1.0),
            ("4 kbytes", 4000.0),
        ],
    );
    check(
        "format: size, decimal: comma",
        &[("1,5 GiB", 1_610_612_736.0), ("1.024 kB", 1_024_000.0)],
    );
    let page = scrape("[512, \"512Mi\", \"3\"]", "format: size, factor: 1024");
    assert_eq!(page.gauge("m", &[("at", "0")]), 524_288.0);
    assert_eq!(page.gauge("m", &[("at", "1")]), 536_870_912.0);
    assert_eq!(page.gauge("m", &[("at", "2")]), 3072.0);
}

#[test]
fn percentages_become_ratios() {
    check(
        "format: percentage",
        &[
            ("85%", 0.85),
            ("85 %", 0.85),
            ("-0.5%", -0.005),
            ("100%", 1.0),
            ("7", 0.07),
            ("250%", 2.5),
        ],
    );
    check("format: percentage, decimal: comma", &[("85,5 %", 0.855), ("1.200%", 12.0)]);
    assert_eq!(scrape("[85]", "format: percentage").gauge("m", &[("at", "0")]), 0.85);
}

#[test]
fn numbers_have_a_decimal_mark_and_groups() {
    check(
        "decimal: comma",
        &[
            ("21,5", 21.5),
            ("1.234,5", 1234.5),
            ("1 234,5", 1234.5),
            ("1 234 567", 1_234_567.0),
            ("1\u{a0}234\u{a0}567,25", 1_234_567.25),
            ("1\u{202f}234,5", 1234.5),
            ("-1.234.567", -1_234_567.0),
            ("\u{2212}3,5", -3.5),
            ("+17", 17.0),
            ("1.234", 1234.0),
        ],
    );
    check(
        "decimal: point",
        &[
            ("1,234,567.5", 1_234_567.5),
            ("1'234.50", 1234.5),
            ("12,34,567", 1_234_567.0),
            ("1_000", 1000.0),
            ("21.5", 21.5),
        ],
    );
    for (keys, texts) in [
        (
            "decimal: comma",
            &[
                "21.5",
                "1.234.56",
                "1,2,3",
                "1.234 567",
                "1.2345",
                ",5",
                "5,",
                "",
                "-",
                "1..234",
                "12,5 kg",
            ][..],
        ),
        ("decimal: point", &["21,5", "1,23", "1234,567", ",123"]),
    ] {
        for text in texts {
            assert!(failure(text, keys).starts_with("expected a number with a decimal "), "{text}");
        }
    }
}

#[test]
fn factors_are_exact_where_they_can_be() {
    let page = start(
        &Server::of("[12.5, 17, 9007199254740993, 3000, \"17\", true]"),
        &metric("factor: 0.001"),
    )
    .text();
    for (at, value) in
        ["0.0125", "0.017", "9007199254740.992", "3", "0.017", "0.001"].iter().enumerate()
    {
        assert!(page.contains(&format!("m{{at=\"{at}\"}} {value}\n")), "{page}");
    }
    let page = start(&Server::of("[9007199254740993, -1, 1.5]"), &metric("factor: 1024")).text();
    assert!(page.contains("m{at=\"0\"} 9223372036854776832\n"), "{page}");
    assert!(page.contains("m{at=\"1\"} -1024\n") && page.contains("m{at=\"2\"} 1536\n"), "{page}");
    assert_eq!(scrape("[4]", "factor: 2.5").gauge("m", &[("at", "0")]), 10.0);
    assert_eq!(scrape("[4]", "factor: -1").gauge("m", &[("at", "0")]), -4.0);
}

#[test]
fn what_cannot_be_read_is_told_with_what_would_be_right() {
    for (text, keys, expected) in [
        (
            "85%",
            "factor: 1",
            "expected a number, found the text \"85%\"; `format: percentage` reads it as 0.85",
        ),
        (
            "5m",
            "factor: 1",
            "expected a number, found the text \"5m\"; `format: duration` reads it as 300, `format: size` reads it as 5000000",
        ),
        (
            "21,5",
            "factor: 1",
            "expected a number, found the text \"21,5\"; `decimal: comma` reads it as 21.5",
        ),
        (
            "2026-11-27",
            "format: size",
            "expected a size such as \"512MiB\" or \"1.5 GB\", found the text \"2026-11-27\"; `format: time` reads it as 1795737600",
        ),
        (
            "much",
            "format: percentage",
            "expected a percentage such as \"85%\", found the text \"much\"; a `mapping` can give it one",
        ),
        (
            "1 month",
            "format: duration",
            "expected a duration such as \"1h30m\" or \"01:30:00\", found the text \"1 month\" (years and months differ in length; days, weeks and hours do not); a `mapping` can give it one",
        ),
    ] {
        assert_eq!(failure(text, keys), expected);
    }
    let found = failure("27.11.2026", "format: time");
    assert!(
        found.starts_with(
            "expected a time such as \"2026-11-27T18:00:00Z\", found the text \"27.11.2026\" ("
        ),
        "{found}"
    );
    assert!(found.ends_with("; a `layout` can say how it is written"), "{found}");
    let found = failure("2026-02-30", "format: time");
    assert!(found.contains("30"), "{found}");
    let found = failure("30.02.2026", "format: time, layout: '%d.%m.%Y'");
    assert!(
        found.starts_with(
            "expected a time written as \"%d.%m.%Y\", found the text \"30.02.2026\" ("
        ),
        "{found}"
    );
    for keys in ["format: time", "format: duration", "format: size", "format: percentage"] {
        let server = Server::of("[true]");
        let found = start(&server, &metric(keys)).failure();
        assert!(found.ends_with(", found a boolean"), "{found}");
    }
}

/// How `keys` have a text read.
fn read(keys: &str, text: &str) -> f64 {
    let metric = format!("{{\"name\": \"m\", \"help\": \"h\", {keys}}}");
    let config: MetricConfig = serde_json::from_str(&metric).unwrap();
    Reading::new(&config).unwrap().text(text).unwrap().as_f64()
}

fn with_groups(number: i64, separator: &str) -> String {
    let digits = number.unsigned_abs().to_string();
    let groups: Vec<&str> = digits
        .as_bytes()
        .rchunks(3)
        .rev()
        .map(|group| std::str::from_utf8(group).unwrap())
        .collect();
    format!("{}{}", if number < 0 { "-" } else { "" }, groups.join(separator))
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(number: i64, fraction in 0_u32..1_000_000, nanos in 0_u32..1_000_000_000) {
        let exact: f64 = format!("{number}.{fraction:06}").parse().unwrap();
        for (decimal, mark, separators) in [("comma", ',', [".", " ", "\u{202f}", ""]), ("point", '.', [",", "'", "_", ""])] {
            for separator in separators {
                let text = format!("{}{mark}{fraction:06}", with_groups(number, separator));
                prop_assert_eq!(read(&format!("\"decimal\": \"{decimal}\""), &text), exact, "{}", text);
            }
        }
        let seconds = number.rem_euclid(200_000_000_000);
        let exact: f64 = format!("{seconds}.{nanos:09}").parse().unwrap();
        let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        let go = format!("{hours}h{minutes}m{rest}.{nanos:09}s");
        let iso = format!("PT{hours}H{minutes}M{rest}.{nanos:09}S");
        for text in [go, iso] {
            prop_assert_eq!(read("\"format\": \"duration\"", &text), exact, "{}", text);
        }
        let time = jiff::Timestamp::new(seconds, i32::try_from(nanos).unwrap()).unwrap();
        prop_assert_eq!(read("\"format\": \"time\"", &time.to_string()), exact);
    }

    #[test]
    fn no_text_ends_the_collector(text in ".{0,40}", digits in "[-+0-9 .,:%a-zTZ]{0,24}") {
        for text in [text, digits] {
            for keys in ["\"format\": \"time\"", "\"format\": \"duration\"", "\"format\": \"size\"", "\"decimal\": \"comma\""] {
                let metric = format!("{{\"name\": \"m\", \"help\": \"h\", {keys}}}");
                let config: MetricConfig = serde_json::from_str(&metric).unwrap();
                let _ = Reading::new(&config).unwrap().text(&text);
                crate::reading::alternatives(&text);
            }
        }
    }
}
