//! What is read in text format, and what is not: as client_golang's reader, which node_exporter reads text files with, or a
//! Prometheus server does it.

use exporter_parse::{parse_text, parse_text_ungrouped};

/// Pages that both readers read, or one of them.
const READ: [&str; 45] = [
    "",
    "\n \t\n",
    "  ",
    // Blanks, also at the end of a line, which only the server reads.
    "a\t{ b\t=\t\"1\" } \t1\t5\n",
    "  a 1\n",
    "a 1 \t\n",
    "a 1 5 \n",
    "a{}1\n",
    "a+1\n",
    // Labels.
    "a{b=\"1\",} 1\n",
    "a{ } 1\n",
    "a{b=\"1\" , c=\"2\" , } 1\n",
    "a{_b=\"é \0 \\\\ \\\" \\n\"} 1\n",
    // Numbers.
    "a 1e5\n",
    "a 1E5\n",
    "a .5\n",
    "a 5.\n",
    "a Inf\n",
    "a +infinity\n",
    "a nan\n",
    "a 1 +5\n",
    "a 1 -5\n",
    // Metadata without a text or kind.
    "# TYPE a\na 1\n",
    "# TYPE a \na 1\n",
    "# TYPE\n",
    "# TYPE \n",
    "# HELP\n",
    "# HELP a\n# HELP a \n# HELP a x\n",
    // Kinds in letters of any case, and blanks around them.
    "#TYPE a Gauge\na 1\n",
    "# TYPE a  gauge\na 1\n",
    "# TYPE a\tUNTYPED\na 1\n",
    // A backslash in a help text, which only the server reads.
    "# HELP a C:\\dir\n",
    "# HELP a x\\\n",
    // Comments.
    "#\n",
    "# \n",
    "#x\n",
    "# UNIT a s\n# EOF\n# type a nonsense\n",
    // Lines apart from each other, in any order.
    "a 1\n# HELP a x\n",
    "a_count 1\n# TYPE a summary\na_sum 1\n",
    "a_count 1\n# TYPE a summary\na_count{b=\"c\"} 1\n",
    "# TYPE a summary\n# HELP a_count x\na_count 1\n",
    // Values of any sign.
    "# TYPE a counter\na -1\n",
    "# TYPE a counter\na NaN\n",
    "# TYPE a summary\na{quantile=\"0.5\"} -1\n",
    "# TYPE a_total counter\na_total 1\n",
];

/// Pages that client_golang's reader refuses.
const REFUSED: [&str; 51] = [
    // Lines.
    "a 1",
    "a 1\n#",
    "# HELP a x",
    "a 1\r\n",
    "# TYPE a gauge\r\n",
    "\u{feff}a 1\n",
    // Names.
    "1a 1\n",
    "a.b 1\n",
    "{} 1\n",
    "{b=\"1\"} 1\n",
    "# HELP 7 x\n",
    "# TYPE 'a' gauge\n",
    "# TYPE a-b gauge\n",
    // Labels.
    "a{,} 1\n",
    "a{b=\"1\",,} 1\n",
    "a{b=\"1\" c=\"2\"} 1\n",
    "a{b=\"1\",b=\"2\"} 1\n",
    "a{__name__=\"1\"} 1\n",
    "a{b:c=\"1\"} 1\n",
    "a{0=\"1\"} 1\n",
    "a{b='1'} 1\n",
    "a{b=\"1\n\"} 1\n",
    "a{b=\"C:\\dir\"} 1\n",
    "a{b=\"\\\"} 1\n",
    // Numbers.
    "a\n",
    "a \n",
    "a one\n",
    "a 1e999\n",
    "a +nan\n",
    "a 0x10\n",
    "a 0x1p-2\n",
    "a 1_0\n",
    "a 1 1.5\n",
    "a 1 2 3\n",
    "a 1 99999999999999999999\n",
    "a 1 # {} 1\n",
    // Kinds.
    "# TYPE a info\na 1\n",
    "# TYPE a gaugehistogram\na 1\n",
    "# TYPE a unknown\na 1\n",
    "# TYPE a gauge \na 1\n",
    "# TYPE a gauge x\n",
    "#TYPE a nonsense\n",
    "# TYPE a gauge\n# TYPE a gauge\n",
    "# TYPE a summary\n# TYPE a_count gauge\n",
    "# HELP a x\n# HELP a y\n",
    "# TYPE a summary\n# HELP a x\n# HELP a_sum y\n",
    "a 1\n# TYPE a gauge\n",
    // What has to be a number in a label.
    "# TYPE a summary\na{quantile=\"x\"} 1\n",
    "# TYPE a summary\na{quantile=\"0x1p-2\"} 1\n",
    "# TYPE a histogram\na_bucket{le=\"x\"} 1\n",
    "# TYPE a histogram\na_bucket{le=\"1e999\"} 1\n",
];

/// Pages that both readers read, but drop lines of, or leave it to others to refuse them.
const AMBIGUOUS: [&str; 7] = [
    "a 1\na 2\n",
    "a{b=\"\"} 1\na 1\n",
    "# TYPE a summary\na 1\n",
    "# TYPE a summary\na{quantile=\"2\"} 1\n",
    "# TYPE a histogram\na 1\n",
    "# TYPE a histogram\na_bucket 1\n",
    "# TYPE a histogram\na_bucket{le=\"NaN\"} 1\n",
];

#[test]
fn what_prometheus_reads_is_read() {
    for page in READ {
        parse_text_ungrouped(page).unwrap_or_else(|error| panic!("{error}\n{page}"));
    }
}

#[test]
fn what_prometheus_refuses_and_what_would_lose_a_sample_is_refused() {
    for page in REFUSED.into_iter().chain(AMBIGUOUS) {
        assert!(parse_text_ungrouped(page).is_err() && parse_text(page).is_err(), "{page}");
    }
}

#[test]
fn contradictions_of_buckets_are_for_the_reader_of_a_file_to_find() {
    for page in [
        "# TYPE a histogram\na_bucket{le=\"1\"} 3\na_bucket{le=\"2\"} 1\na_bucket{le=\"+Inf\"} 3\n",
        "# TYPE a histogram\na_bucket{le=\"2\"} 1\na_bucket{le=\"1\"} 1\na_bucket{le=\"+Inf\"} 1\n",
        "# TYPE a histogram\na_bucket{le=\"1\"} 1\n",
        "# TYPE a histogram\na_bucket{le=\"+Inf\"} 1\na_count 2\n",
    ] {
        parse_text_ungrouped(page).unwrap_or_else(|error| panic!("{error}\n{page}"));
        assert!(parse_text(page).is_err(), "{page}");
    }
}

#[test]
fn a_name_belongs_to_the_family_of_it_that_was_first() {
    let page = "a_count 1\n# TYPE a summary\na_count{b=\"c\"} 2\na_sum 3\n";
    let page = parse_text_ungrouped(page).unwrap();
    let names: Vec<_> = page.families.iter().map(|f| (f.name.as_str(), f.samples.len())).collect();
    assert_eq!(names, [("a_count", 2), ("a", 1)]);
}
