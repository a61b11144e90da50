//! Pages with a mistake, and what is said of it.

use exporter_parse::{parse_openmetrics, parse_text};

fn text(page: &str, expected: &str) {
    let error = parse_text(page).expect_err(page).to_string();
    assert_eq!(error, expected, "{page}");
}

fn openmetrics(page: &str, expected: &str) {
    let error = parse_openmetrics(page).expect_err(page).to_string();
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
    text("# TYPE a\n", "line 1, column 9: expected a type, found the end of the line");
    text(
        "# TYPE a number\n",
        "line 1, column 10: `number` is no type; write counter, gauge, histogram, summary or untyped",
    );
    text(
        "# TYPE a info\n",
        "line 1, column 10: `info` is no type; write counter, gauge, histogram, summary or untyped",
    );
    text("# TYPE a gauge x\n", "line 1, column 16: expected nothing behind a type, found `x`");
    text(
        "# TYPE a-b gauge\n",
        "line 1, column 9: expected a blank behind the name of a metric, found `-`",
    );
    text("# TYPE\n", "line 1, column 7: expected the name of a metric, found the end of the line");
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

#[test]
fn openmetrics_is_strict_about_its_form() {
    openmetrics("", "line 1, column 1: the page does not end with the line `# EOF`");
    openmetrics("a 1\n", "line 1, column 4: the page does not end with the line `# EOF`");
    openmetrics(
        "a 1\n# EOF \n",
        "line 2, column 3: expected HELP, TYPE, UNIT or EOF behind `# `, found `E`",
    );
    openmetrics("a 1\n# EOF\n\n", "line 3, column 1: there is a line behind `# EOF`");
    openmetrics("a 1\n# EOF\na 2\n", "line 3, column 1: there is a line behind `# EOF`");
    openmetrics("\n# EOF\n", "line 1, column 1: there is an empty line; OpenMetrics has none");
    openmetrics(" a 1\n# EOF\n", "line 1, column 1: expected the name of a metric, found ` `");
    openmetrics("a  1\n# EOF\n", "line 1, column 3: expected the value, found ` `");
    openmetrics(
        "a 1 \n# EOF\n",
        "line 1, column 5: expected the time stamp, found the end of the line",
    );
    openmetrics("a\t1\n# EOF\n", "line 1, column 2: expected ` ` before the value, found `\\t`");
    openmetrics(
        "a{b=\"c\", d=\"e\"} 1\n# EOF\n",
        "line 1, column 9: expected a label name, found ` `",
    );
    openmetrics("a{ b=\"c\"} 1\n# EOF\n", "line 1, column 3: expected a label name, found ` `");
    openmetrics(
        "a{b =\"c\"} 1\n# EOF\n",
        "line 1, column 4: expected `=` behind a label name, found ` `",
    );
    openmetrics(
        "# a comment\n# EOF\n",
        "line 1, column 3: expected HELP, TYPE, UNIT or EOF behind `# `, found `a`",
    );
    openmetrics("#TYPE a gauge\n# EOF\n", "line 1, column 2: expected ` ` behind `#`, found `T`");
    openmetrics(
        "# TYPE  a gauge\n# EOF\n",
        "line 1, column 8: expected the name of a metric, found ` `",
    );
    openmetrics(
        "# TYPE a untyped\n# EOF\n",
        "line 1, column 10: `untyped` is no type; write counter, gauge, histogram, gaugehistogram, summary, info, stateset or unknown",
    );
    openmetrics(
        "# TYPE a gauge \n# EOF\n",
        "line 1, column 10: `gauge ` is no type; write counter, gauge, histogram, gaugehistogram, summary, info, stateset or unknown",
    );
    openmetrics(
        "# TYPE a\n# EOF\n",
        "line 1, column 9: expected ` ` behind the name of a metric, found the end of the line",
    );
    openmetrics(
        "# HELP a \\x\n# EOF\n",
        "line 1, column 10: an escape that is none in a help text; write \\\\, \\\" or \\n",
    );
    openmetrics(
        "# UNIT a seconds\n# EOF\n",
        "line 1, column 10: `a` has the unit `seconds`, so its name must end in `_seconds`",
    );
    openmetrics("# HELP a x\n# HELP a x\n# EOF\n", "line 2, column 8: `a` has a HELP line already");
    openmetrics(
        "# UNIT a_s s\n# UNIT a_s s\n# EOF\n",
        "line 2, column 8: `a_s` has a UNIT line already",
    );
    openmetrics(
        "# TYPE a gauge\n# TYPE a gauge\n# EOF\n",
        "line 2, column 8: `a` has a TYPE line already",
    );
    openmetrics(
        "a 1\n# HELP a x\n# EOF\n",
        "line 2, column 8: the HELP line of `a` must stand before its samples, the first of which is in line 1",
    );
    openmetrics(
        "a 1\nb 1\na{x=\"y\"} 1\n# EOF\n",
        "line 3, column 1: the lines of `a` must stand together; others end in line 1",
    );
}

#[test]
fn openmetrics_is_strict_about_kinds() {
    let of = |kind: &str, line: &str, expected: &str| {
        openmetrics(
            &format!("# TYPE a {kind}\n{line}\n# EOF\n"),
            &format!("line 2, column 1: {expected}"),
        );
    };
    of("counter", "a 1", "`a` has the type counter, so its samples are `a_total`, `a_created`");
    of("counter", "a_total -1", "`a_total` is -1; it cannot be less than 0");
    of("counter", "a_total NaN", "`a_total` is NaN; it cannot be less than 0");
    of(
        "histogram",
        "a 1",
        "`a` has the type histogram, so its samples are `a_bucket`, `a_count`, `a_sum`, `a_created`",
    );
    of("histogram", "a_bucket{le=\"+Inf\"} -1", "`a_bucket` is -1; it cannot be less than 0");
    of("histogram", "a_bucket{le=\"1\"} 1", "`a` lacks its bucket with le=\"+Inf\"");
    of(
        "gaugehistogram",
        "a 1",
        "`a` has the type gaugehistogram, so its samples are `a_bucket`, `a_gcount`, `a_gsum`",
    );
    of("summary", "a 1", "`a` needs the label `quantile`");
    of("summary", "a_count -1", "`a_count` is -1; it cannot be less than 0");
    of("info", "a 1", "`a` has the type info, so its samples are `a_info`");
    of("info", "a_info 2", "`a_info` is 2; the value of an info is 1");
    of("stateset", "a{a=\"b\"} 2", "`a` is 2; a state is 0 or 1");
    of("stateset", "a{b=\"b\"} 1", "a state needs the label `a`");
    of("gauge", "a 1 # {} 1", "only buckets and the totals of counters have exemplars");
    let counter = |line: &str, expected: &str| {
        openmetrics(&format!("# TYPE a counter\n{line}\n# EOF\n"), expected);
    };
    counter(
        "a_total 1 # 1",
        "line 2, column 13: expected `{` before the labels of an exemplar, found `1`",
    );
    counter("a_total 1 # {\"x\"} 1", "line 2, column 13: an exemplar has labels only, and no name");
    counter(
        "a_total 1 # {}",
        "line 2, column 15: expected ` ` before the value of an exemplar, found the end of the line",
    );
    counter(
        "a_total 1 # {} x",
        "line 2, column 16: the value of an exemplar `x` is not a number; write a decimal number, +Inf, -Inf or NaN",
    );
    counter("a_total 1 # {} 1 2 3", "line 2, column 19: expected the end of the line, found ` `");
    counter("a_total 1 NaN", "line 2, column 11: the time stamp is NaN; write seconds");
    counter(
        "a_total 1 2\na_total 1 2",
        "line 3, column 1: the time of this series is not after that of line 2",
    );
    counter("a_total 1\na_total 1 2", "line 3, column 1: the series was in line 2 already");
    let long = format!("a_total 1 # {{x=\"{}\"}} 1", "y".repeat(128));
    counter(&long, "line 2, column 13: the labels of an exemplar may have 128 characters, not 129");
}
