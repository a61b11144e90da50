//! Sections "Histogram", "GaugeHistogram" and "Canonical Numbers".

use exporter_parse::parse_openmetrics;

use crate::check;

/// Checks pages that hold for histograms and gauge histograms alike. `SUM` and `COUNT` stand for their endings.
fn both(rule: &str, valid: &[&str], invalid: &[(&str, &str)]) {
    for (kind, sum, count) in
        [("histogram", "_sum", "_count"), ("gaugehistogram", "_gsum", "_gcount")]
    {
        let page = |lines: &str| {
            format!("# TYPE a {kind}\n{lines}# EOF\n").replace("SUM", sum).replace("COUNT", count)
        };
        for lines in valid {
            crate::check_valid(rule, &page(lines));
        }
        for (lines, error) in invalid {
            let error = error.replace("SUM", sum).replace("COUNT", count);
            crate::check_invalid(rule, &page(lines), &error);
        }
    }
}

#[test]
fn buckets() {
    both(
        "Histogram: one bucket +Inf, others or not, and a bound for each",
        &["a_bucket{le=\"+Inf\"} 1\n", "a_bucket{le=\"0.5\"} 0\na_bucket{le=\"+Inf\"} 0\n"],
        &[
            ("a_bucket{le=\"1.0\"} 1\n", "line 2, column 1: `a` lacks its bucket with le=\"+Inf\""),
            ("aCOUNT 1\naSUM 1\n", "line 2, column 1: `a` lacks its bucket with le=\"+Inf\""),
            ("aSUM 1\n", "line 2, column 1: `a` lacks its bucket with le=\"+Inf\""),
            ("a_bucket 1\n", "line 2, column 1: `a_bucket` needs the label `le`"),
            ("a_bucket{b=\"1\"} 1\n", "line 2, column 1: `a_bucket` needs the label `le`"),
            (
                "a_bucket{b=\"1\",le=\"+Inf\"} 1\na_bucket{b=\"2\",le=\"1.0\"} 1\n",
                "line 3, column 1: `a` lacks its bucket with le=\"+Inf\"",
            ),
            (
                "a_bucket{le=\"+Inf\"} 1 1\na_bucket{le=\"1.0\"} 1 2\n",
                "line 3, column 1: `a` lacks its bucket with le=\"+Inf\"",
            ),
        ],
    );
    both(
        "Histogram: bounds are numbers and rise",
        &[
            "a_bucket{le=\"-1.0\"} 0\na_bucket{le=\"0.0\"} 0\na_bucket{le=\"1e-05\"} 0\na_bucket{le=\"10.0\"} 1\na_bucket{le=\"1e+23\"} 1\na_bucket{le=\"+Inf\"} 1\n",
        ],
        &[
            (
                "a_bucket{le=\"2.0\"} 1\na_bucket{le=\"1.0\"} 1\na_bucket{le=\"+Inf\"} 1\n",
                "line 3, column 1: the bucket 1 must stand before the bucket 2",
            ),
            (
                "a_bucket{le=\"+Inf\"} 1\na_bucket{le=\"1.0\"} 1\n",
                "line 3, column 1: the bucket 1 must stand before the bucket inf",
            ),
            (
                "a_bucket{le=\"10.0\"} 1\na_bucket{le=\"9.0\"} 1\na_bucket{le=\"+Inf\"} 1\n",
                "line 3, column 1: the bucket 9 must stand before the bucket 10",
            ),
            (
                "a_bucket{le=\"1\"} 1\na_bucket{le=\"1.0\"} 1\na_bucket{le=\"+Inf\"} 1\n",
                "line 3, column 1: the bucket 1 must stand before the bucket 1",
            ),
            (
                "a_bucket{le=\"1.0\"} 1\na_bucket{le=\"1.0\"} 1\na_bucket{le=\"+Inf\"} 1\n",
                "line 3, column 1: the series was in line 2 already",
            ),
            (
                "a_bucket{le=\"NaN\"} 1\na_bucket{le=\"+Inf\"} 1\n",
                "line 2, column 1: the label `le` is `NaN`, which is not a number",
            ),
            (
                "a_bucket{le=\"\"} 1\na_bucket{le=\"+Inf\"} 1\n",
                "line 2, column 1: the label `le` is ``, which is not a number",
            ),
            (
                "a_bucket{le=\" 1\"} 1\na_bucket{le=\"+Inf\"} 1\n",
                "line 2, column 1: the label `le` is ` 1`, which is not a number",
            ),
            (
                "a_bucket{le=\"1_0\"} 1\na_bucket{le=\"+Inf\"} 1\n",
                "line 2, column 1: the label `le` is `1_0`, which is not a number",
            ),
            (
                "a_bucket{le=\"0x1\"} 1\na_bucket{le=\"+Inf\"} 1\n",
                "line 2, column 1: the label `le` is `0x1`, which is not a number",
            ),
        ],
    );
}

#[test]
fn counts_of_buckets() {
    both(
        "Histogram: buckets are cumulative",
        &["a_bucket{le=\"1.0\"} 1\na_bucket{le=\"2.0\"} 1\na_bucket{le=\"+Inf\"} 3\n"],
        &[
            (
                "a_bucket{le=\"1.0\"} 2\na_bucket{le=\"2.0\"} 1\na_bucket{le=\"+Inf\"} 3\n",
                "line 3, column 1: the bucket 2 has 1, less than the 2 of the bucket 1 within it",
            ),
            (
                "a_bucket{le=\"1.0\"} 2\na_bucket{le=\"+Inf\"} 1\n",
                "line 3, column 1: the bucket inf has 1, less than the 2 of the bucket 1 within it",
            ),
        ],
    );
    both(
        "Histogram: counts of buckets are whole numbers from 0 on",
        &["a_bucket{le=\"+Inf\"} 3.0\n", "a_bucket{le=\"+Inf\"} 1e3\n"],
        &[
            (
                "a_bucket{le=\"+Inf\"} -1\n",
                "line 2, column 1: `a_bucket` is -1; it cannot be less than 0",
            ),
            (
                "a_bucket{le=\"+Inf\"} NaN\n",
                "line 2, column 1: `a_bucket` is NaN; it cannot be less than 0",
            ),
            (
                "a_bucket{le=\"+Inf\"} 0.5\n",
                "line 2, column 1: `a_bucket` is 0.5; it is a whole number",
            ),
            (
                "a_bucket{le=\"+Inf\"} +Inf\n",
                "line 2, column 1: `a_bucket` is inf; it is a whole number",
            ),
            (
                "a_bucket{le=\"+Inf\"} 1\naCOUNT 1.5\naSUM 1\n",
                "line 3, column 1: `aCOUNT` is 1.5; it is a whole number",
            ),
        ],
    );
}

#[test]
fn bounds_are_canonical_where_that_is_a_must() {
    // Of the canonical numbers, only that of infinity must be spelled as it is; readers must not refuse others.
    for bound in ["1", "1.0", "1e0", "01", "+1", "1.", "10", "1.1e-4", "0.00011", "100000", "1e6"] {
        let page = format!(
            "# TYPE a histogram\na_bucket{{le=\"{bound}\"}} 1\na_bucket{{le=\"+Inf\"}} 1\n# EOF\n"
        );
        parse_openmetrics(&page).unwrap_or_else(|error| panic!("{error}\n{page}"));
    }
    for bound in ["Inf", "inf", "+inf", "+INF", "INF", "Infinity", "+Infinity"] {
        for kind in ["histogram", "gaugehistogram"] {
            let page = format!("# TYPE a {kind}\na_bucket{{le=\"{bound}\"}} 1\n# EOF\n");
            let error = parse_openmetrics(&page).expect_err(&page).to_string();
            assert_eq!(
                error,
                format!("line 2, column 1: the label `le` is `{bound}`; write `+Inf`")
            );
        }
    }
}

#[test]
fn counts_and_sums() {
    both(
        "Histogram: a count if there is a sum, and only then; it is the bucket +Inf",
        &[
            "a_bucket{le=\"+Inf\"} 2\naCOUNT 2\naSUM 0.5\n",
            "aSUM 0.5\na_bucket{le=\"+Inf\"} 2\naCOUNT 2.0\n",
            "a_bucket{le=\"+Inf\"} 2 1\naCOUNT 2 1\naSUM 1 1\na_bucket{le=\"+Inf\"} 3 2\naCOUNT 3 2\naSUM 1 2\n",
        ],
        &[
            (
                "a_bucket{le=\"+Inf\"} 2\naSUM 0.5\n",
                "line 3, column 1: `aSUM` needs `aCOUNT` beside it",
            ),
            (
                "a_bucket{le=\"+Inf\"} 2\naCOUNT 2\n",
                "line 3, column 1: `aCOUNT` needs `aSUM` beside it",
            ),
            (
                "a_bucket{le=\"+Inf\"} 2\naCOUNT 3\naSUM 0.5\n",
                "line 3, column 1: the count is 3, but the bucket +Inf has 2",
            ),
            (
                "a_bucket{le=\"+Inf\"} 2 1\naCOUNT 2 1\naSUM 1 1\na_bucket{le=\"+Inf\"} 3 2\naCOUNT 2 2\naSUM 1 2\n",
                "line 6, column 1: the count is 2, but the bucket +Inf has 3",
            ),
            (
                "a_bucket{b=\"1\",le=\"+Inf\"} 2\naCOUNT{b=\"1\"} 2\naSUM{b=\"1\"} 1\na_bucket{b=\"2\",le=\"+Inf\"} 3\naSUM{b=\"2\"} 1\n",
                "line 6, column 1: `aSUM` needs `aCOUNT` beside it",
            ),
        ],
    );
    both(
        "Histogram: the metric itself has no label `le`",
        &["a_bucket{quantile=\"1\",le=\"+Inf\"} 1\n"],
        &[(
            "a_bucket{le=\"+Inf\"} 1\naCOUNT{le=\"+Inf\"} 1\naSUM 1\n",
            "line 3, column 1: `aCOUNT` has the label `le`, which only buckets have",
        )],
    );
    let below = "a_bucket{le=\"-1.0\"} 1\na_bucket{le=\"+Inf\"} 1\n";
    both("Histogram: buckets below 0", &[below], &[]);
    check(&[
        (
            "Histogram: the sum is a number from 0 on, and not there beside buckets below 0",
            &[
                "# TYPE a histogram\na_bucket{le=\"+Inf\"} 1\na_count 1\na_sum 0\n",
                "# TYPE a histogram\na_bucket{le=\"-0.0\"} 1\na_bucket{le=\"+Inf\"} 1\na_count 1\na_sum 0\n",
            ],
            &[
                (
                    "# TYPE a histogram\na_bucket{le=\"+Inf\"} 1\na_count 1\na_sum -1\n",
                    "line 4, column 1: `a_sum` is -1; it cannot be less than 0",
                ),
                (
                    "# TYPE a histogram\na_bucket{le=\"+Inf\"} 1\na_count 1\na_sum NaN\n",
                    "line 4, column 1: `a_sum` is NaN; it cannot be less than 0",
                ),
                (
                    "# TYPE a histogram\na_bucket{le=\"-1.0\"} 1\na_bucket{le=\"+Inf\"} 1\na_count 1\na_sum 1\n",
                    "line 5, column 1: a histogram with a bucket below 0 has no `a_sum`, and no `a_count`",
                ),
                (
                    "# TYPE a histogram\na_bucket{le=\"-1.0\"} 1\na_bucket{le=\"+Inf\"} 1\na_count 1\n",
                    "line 4, column 1: a histogram with a bucket below 0 has no `a_sum`, and no `a_count`",
                ),
                (
                    "# TYPE a histogram\na_bucket{le=\"-Inf\"} 1\na_bucket{le=\"+Inf\"} 1\na_sum 1\n",
                    "line 4, column 1: a histogram with a bucket below 0",
                ),
            ],
        ),
        (
            "GaugeHistogram: the sum is not NaN, and negative only where a bucket is",
            &[
                "# TYPE a gaugehistogram\na_bucket{le=\"-1.0\"} 1\na_bucket{le=\"+Inf\"} 1\na_gcount 1\na_gsum -2.5\n",
                "# TYPE a gaugehistogram\na_bucket{le=\"+Inf\"} 1\na_gcount 1\na_gsum 2.5\n",
            ],
            &[
                (
                    "# TYPE a gaugehistogram\na_bucket{le=\"1.0\"} 1\na_bucket{le=\"+Inf\"} 1\na_gcount 1\na_gsum -2.5\n",
                    "line 5, column 1: `a_gsum` is -2.5; it cannot be less than 0 where no bucket is",
                ),
                (
                    "# TYPE a gaugehistogram\na_bucket{le=\"-1.0\"} 1\na_bucket{le=\"+Inf\"} 1\na_gcount 1\na_gsum NaN\n",
                    "line 5, column 1: `a_gsum` is NaN; a sum is a number",
                ),
                (
                    "# TYPE a gaugehistogram\na_bucket{le=\"+Inf\"} 1\na_gcount 1\na_gsum NaN\n",
                    "line 4, column 1: `a_gsum` is NaN; a sum is a number",
                ),
            ],
        ),
    ]);
}
