//! Pages in text format with a mistake, and what is said of it.

use exporter_parse::parse_text;

fn text(page: &str, expected: &str) {
    let error = parse_text(page).expect_err(page).to_string();
    assert_eq!(error, expected, "{page}");
}

#[test]
fn names_and_labels() {
    text(
        "1x 1\n",
        "line 1, column 1: expected the name of a metric, which does not begin with a digit, found `1`",
    );
    text("é 1\n", "line 1, column 1: expected the name of a metric, found `é`");
    text(
        "a-b 1\n",
        "line 1, column 2: the value `-b` is not a number; write a decimal number, +Inf, -Inf or NaN",
    );
    text("a{b:c=\"\"} 1\n", "line 1, column 4: expected `=` behind a label name, found `:`");
    text(
        "a{0=\"\"} 1\n",
        "line 1, column 3: expected a label name, which does not begin with a digit, found `0`",
    );
    text("a{=\"\"} 1\n", "line 1, column 3: expected a label name, found `=`");
    text("a{b} 1\n", "line 1, column 4: expected `=` behind a label name, found `}`");
    text("a{b=c} 1\n", "line 1, column 5: expected `\"` before a label value, found `c`");
    text(
        "a{b=\"c} 1\n",
        "line 1, column 10: expected `\"` behind a label value, found the end of the line",
    );
    text(
        "a{b=\"\\x\"} 1\n",
        "line 1, column 6: an escape that is none in a label value; write \\\\, \\\" or \\n",
    );
    text(
        "a{b=\"\\",
        "line 1, column 6: an escape that is none in a label value; write \\\\, \\\" or \\n",
    );
    text(
        "a{b=\"c\" d=\"e\"} 1\n",
        "line 1, column 9: expected `,` or `}` behind a label, found `d`",
    );
    text("a{,} 1\n", "line 1, column 3: expected a label name, found `,`");
    text("a{b=\"c\",,} 1\n", "line 1, column 9: expected a label name, found `,`");
    text("a{b=\"c\",b=\"d\"} 1\n", "line 1, column 9: the label `b` comes a second time");
    text("a{b=\"c\" 1\n", "line 1, column 9: expected `,` or `}` behind a label, found `1`");
    text(
        "{b=\"c\"} 1\n",
        "line 1, column 1: the braces have no name of a metric; write it first, in quotes",
    );
    text("a{\"b\"} 1\n", "line 1, column 3: the metric has a name already");
    text("{\"\"} 1\n", "line 1, column 2: a label name is empty");
    text("{\"a\",\"b\"} 1\n", "line 1, column 6: the metric has a name already");
}

#[test]
fn values_and_time_stamps() {
    text("a\n", "line 1, column 2: expected the value, found the end of the line");
    text("a \n", "line 1, column 3: expected the value, found the end of the line");
    text("a{}\n", "line 1, column 4: expected the value, found the end of the line");
    text(
        "a one\n",
        "line 1, column 3: the value `one` is not a number; write a decimal number, +Inf, -Inf or NaN",
    );
    text(
        "a 0x1p-2\n",
        "line 1, column 3: the value `0x1p-2` is not a number; write a decimal number, +Inf, -Inf or NaN",
    );
    text(
        "a 1_000\n",
        "line 1, column 3: the value `1_000` is not a number; write a decimal number, +Inf, -Inf or NaN",
    );
    text(
        "a 1,5\n",
        "line 1, column 3: the value `1,5` is not a number; write a decimal number, +Inf, -Inf or NaN",
    );
    text(
        "a 1 now\n",
        "line 1, column 5: the time stamp `now` is not a whole number of milliseconds",
    );
    text(
        "a 1 1.5\n",
        "line 1, column 5: the time stamp `1.5` is not a whole number of milliseconds",
    );
    text(
        "a 1 99999999999999999999\n",
        "line 1, column 5: the time stamp `99999999999999999999` is not a whole number of milliseconds",
    );
    text("a 1 2 3\n", "line 1, column 7: expected nothing behind a time stamp, found `3`");
    text(
        "a 1\r\n",
        "line 1, column 3: the value `1\\r` is not a number; write a decimal number, +Inf, -Inf or NaN",
    );
    text(
        "a{b=\"c\"}\r\n",
        "line 1, column 9: the value `\\r` is not a number; write a decimal number, +Inf, -Inf or NaN",
    );
    text("a 1", "line 1, column 4: the last line has no line feed at its end");
    text("a 1\n# x", "line 2, column 4: the last line has no line feed at its end");
    text("a 1\na 2\n", "line 2, column 1: the series was in line 1 already");
    text(
        "a{x=\"1\",y=\"2\"} 1\na{y=\"2\",x=\"1\",z=\"\"} 2\n",
        "line 2, column 1: the series was in line 1 already",
    );
}

#[test]
fn metadata_of_the_text_format() {
    text(
        "# TYPE a number\n",
        "line 1, column 10: `number` is no type; write counter, gauge, histogram, summary or untyped",
    );
    text(
        "# TYPE a info\n",
        "line 1, column 10: `info` is no type; write counter, gauge, histogram, summary or untyped",
    );
    for kind in ["gauge x", "gauge ", "gauge\t", "gauge\r"] {
        text(
            &format!("# TYPE a {kind}\n"),
            &format!(
                "line 1, column 10: `{}` is no type; write counter, gauge, histogram, summary or untyped",
                kind.escape_debug()
            ),
        );
    }
    text(
        "# TYPE a-b gauge\n",
        "line 1, column 9: expected a blank behind the name of a metric, found `-`",
    );
    text("# TYPE 'a' gauge\n", "line 1, column 8: expected the name of a metric, found `\\'`");
    text(
        "# TYPE a summary\n# TYPE a_count gauge\n",
        "line 2, column 8: `a` has a TYPE line already",
    );
    text(
        "# HELP 7 x\n",
        "line 1, column 8: expected the name of a metric, which does not begin with a digit, found `7`",
    );
    text("# TYPE a gauge\n# TYPE a gauge\n", "line 2, column 8: `a` has a TYPE line already");
    text("# HELP a x\n# HELP a y\n", "line 2, column 8: `a` has a HELP line already");
    text(
        "a 1\n# TYPE a gauge\n",
        "line 2, column 8: the TYPE line of `a` must stand before its samples, the first of which is in line 1",
    );
    text(
        "a 1\nb 1\na{x=\"1\"} 1\n",
        "line 3, column 1: the lines of `a` must stand together; others end in line 1",
    );
    text(
        "# TYPE a gauge\nb 1\na 1\n",
        "line 3, column 1: the lines of `a` must stand together; others end in line 1",
    );
}

#[test]
fn histograms_and_summaries() {
    let histogram =
        |lines: &str, expected: &str| text(&format!("# TYPE h histogram\n{lines}"), expected);
    histogram(
        "h 1\n",
        "line 2, column 1: `h` has the type histogram, so its samples are h_bucket and so on",
    );
    histogram("h_bucket 1\n", "line 2, column 1: `h_bucket` needs the label `le`");
    histogram(
        "h_bucket{le=\"x\"} 1\n",
        "line 2, column 1: the label `le` is `x`, which is not a number",
    );
    histogram(
        "h_bucket{le=\"NaN\"} 1\n",
        "line 2, column 1: the label `le` is `NaN`, which is not a number",
    );
    histogram(
        "h_bucket{le=\"1\"} 1\nh_count 1\n",
        "line 2, column 1: `h` lacks its bucket with le=\"+Inf\"",
    );
    histogram(
        "h_bucket{le=\"+Inf\"} 1\nh_count 2\n",
        "line 3, column 1: the count is 2, but the bucket +Inf has 1",
    );
    histogram(
        "h_bucket{le=\"2\"} 1\nh_bucket{le=\"1\"} 1\n",
        "line 3, column 1: the bucket 1 must stand before the bucket 2",
    );
    histogram(
        "h_bucket{le=\"1\"} 1\nh_bucket{le=\"1.0\"} 1\n",
        "line 3, column 1: the bucket 1 must stand before the bucket 1",
    );
    histogram(
        "h_bucket{le=\"1\"} 2\nh_bucket{le=\"+Inf\"} 1\n",
        "line 3, column 1: the bucket inf has 1, less than the 2 of the bucket 1 within it",
    );
    text("# TYPE s summary\ns 1\n", "line 2, column 1: `s` needs the label `quantile`");
    text(
        "# TYPE s summary\ns{quantile=\"2\"} 1\n",
        "line 2, column 1: the quantile 2 is not between 0 and 1",
    );
    text(
        "# TYPE s summary\ns{quantile=\"-0.1\"} 1\n",
        "line 2, column 1: the quantile -0.1 is not between 0 and 1",
    );
}
