//! Sections "Label", "LabelSet", "Metric", "MetricPoint", "Exemplars".

use crate::check;

#[test]
fn labels() {
    check(&[
        (
            "LabelSet: the name of a label is unique",
            &["a{b=\"1\",c=\"1\"} 1\n"],
            &[
                ("a{b=\"1\",b=\"2\"} 1\n", "line 1, column 9: the label `b` comes a second time"),
                (
                    "a{b=\"1\",c=\"1\",b=\"1\"} 1\n",
                    "line 1, column 15: the label `b` comes a second time",
                ),
                ("a{b=\"\",b=\"1\"} 1\n", "line 1, column 8: the label `b` comes a second time"),
            ],
        ),
        (
            "Label: names are free but for the one of the metric's name",
            &["a{_b=\"1\",__c=\"1\",le=\"1\",quantile=\"1\",a=\"1\"} 1\n"],
            &[(
                "a{__name__=\"b\"} 1\n",
                "line 1, column 3: the label `__name__` is reserved for the name of the metric",
            )],
        ),
        (
            "Metric: its labels are unique within the family; an empty label is none, and their order means nothing",
            &["a{b=\"1\"} 1\na{b=\"2\"} 1\na 1\n", "a{b=\"1\"} 1\na{c=\"1\"} 1\n"],
            &[
                ("a 1\na 2\n", "line 2, column 1: the series was in line 1 already"),
                (
                    "a{b=\"1\"} 1\na{b=\"1\"} 1\n",
                    "line 2, column 1: the series was in line 1 already",
                ),
                (
                    "a{b=\"1\",c=\"2\"} 1\na{c=\"2\",b=\"1\"} 1\n",
                    "line 2, column 1: the series was in line 1 already",
                ),
                ("a{b=\"\"} 1\na 1\n", "line 2, column 1: the series was in line 1 already"),
                (
                    "# TYPE a info\na_info{b=\"1\"} 1\na_info{b=\"1\"} 1\n",
                    "line 3, column 1: the series was in line 2 already",
                ),
                (
                    "# TYPE a stateset\na{a=\"x\"} 1\na{a=\"y\"} 0\na{a=\"x\"} 0\n",
                    "line 4, column 1: the series was in line 2 already",
                ),
            ],
        ),
    ]);
}

#[test]
fn points() {
    check(&[
        (
            "Metric: the times of its points do not fall",
            &[
                "a 1 1\na 2 2\na 3 2.5\n",
                "a 1 -2\na 2 -1\n",
                "a 1 10\na 2 10\na 3 10\n",
                "a{b=\"1\"} 1 5\na{b=\"2\"} 1 4\n",
                "a 1 1604676851.123456788\na 1 1604676851.123456789\n",
            ],
            &[
                (
                    "a 1 2\na 2 1\n",
                    "line 2, column 1: the time of this metric goes back: it was 2 in line 1",
                ),
                (
                    "a 1 -1\na 2 -1.5\n",
                    "line 2, column 1: the time of this metric goes back: it was -1 in line 1",
                ),
                (
                    "a 1 1\na 2 2\na 3 1.5\n",
                    "line 3, column 1: the time of this metric goes back: it was 2 in line 2",
                ),
                (
                    "# TYPE a counter\na_total 1 2\na_created 1 1\n",
                    "line 3, column 1: the time of this metric goes back",
                ),
            ],
        ),
        (
            "Metric: all samples of it have a time, or none",
            &["a{b=\"1\"} 1\na{b=\"2\"} 1 5\n", "# TYPE a counter\na_total 1 5\na_created 1 5\n"],
            &[
                (
                    "a 1\na 2 1\n",
                    "line 2, column 1: the metric has a time stamp here, but none in line 1; write all or none",
                ),
                (
                    "a 1 1\na 2\n",
                    "line 2, column 1: the metric has no time stamp here, but in line 1; write all or none",
                ),
                (
                    "# TYPE a counter\na_total 1 1\na_created 1\n",
                    "line 3, column 1: the metric has no time stamp here, but in line 2",
                ),
                (
                    "# TYPE a histogram\na_bucket{le=\"1.0\"} 1\na_bucket{le=\"+Inf\"} 1 5\n",
                    "line 3, column 1: the metric has a time stamp here, but none in line 2",
                ),
            ],
        ),
    ]);
}

#[test]
fn interleaved() {
    check(&[
        (
            "Metric: metrics are not interleaved",
            &[
                "# TYPE a summary\na_count{b=\"1\"} 1\na_sum{b=\"1\"} 1\na_count{b=\"2\"} 1\na_sum{b=\"2\"} 1\n",
                "# TYPE a summary\na_count{b=\"1\"} 1 1\na_count{b=\"1\"} 1 2\na_count{b=\"2\"} 1 1\na_count{b=\"2\"} 1 2\n",
                "# TYPE a stateset\na{b=\"1\",a=\"x\"} 1\na{b=\"1\",a=\"y\"} 0\na{b=\"2\",a=\"x\"} 1\na{b=\"2\",a=\"y\"} 0\n",
                "# TYPE a info\na_info{b=\"1\",c=\"1\"} 1\na_info{b=\"2\",c=\"1\"} 1\na_info{b=\"1\",c=\"2\"} 1\n",
            ],
            &[
                (
                    "# TYPE a summary\na_count{b=\"1\"} 1\na_count{b=\"2\"} 1\na_sum{b=\"1\"} 1\na_sum{b=\"2\"} 1\n",
                    "line 4, column 1: the samples of one metric of `a` must stand together; others with these labels end in line 2",
                ),
                (
                    "# TYPE a counter\na_total{b=\"1\"} 1\na_total{b=\"2\"} 1\na_created{b=\"1\"} 1\n",
                    "line 4, column 1: the samples of one metric",
                ),
                (
                    "# TYPE a gauge\na{b=\"1\"} 1 1\na{b=\"2\"} 1 1\na{b=\"1\"} 1 2\n",
                    "line 4, column 1: the samples of one metric",
                ),
                (
                    "# TYPE a stateset\na{b=\"1\",a=\"x\"} 1\na{b=\"2\",a=\"x\"} 1\na{b=\"1\",a=\"y\"} 0\n",
                    "line 4, column 1: the samples of one metric",
                ),
                (
                    "# TYPE a summary\na{b=\"1\",quantile=\"0.5\"} 1\na{b=\"2\",quantile=\"0.5\"} 1\na{b=\"1\",quantile=\"0.9\"} 1\n",
                    "line 4, column 1: the samples of one metric",
                ),
                (
                    "# TYPE a histogram\na_bucket{b=\"1\",le=\"+Inf\"} 1\na_bucket{b=\"2\",le=\"+Inf\"} 1\na_count{b=\"1\"} 1\na_sum{b=\"1\"} 1\n",
                    "line 4, column 1: the samples of one metric",
                ),
            ],
        ),
        (
            "MetricPoint: points are not interleaved",
            &["# TYPE a summary\na_count 0 123\na_sum 0 123\na_count 0 456\na_sum 0 456\n"],
            &[
                (
                    "# TYPE a summary\na_count 0 123\na_count 0 456\na_sum 0 123\na_sum 0 456\n",
                    "line 4, column 1: the time of this metric goes back: it was 456 in line 3",
                ),
                (
                    "# TYPE a stateset\na{a=\"x\"} 0 1\na{a=\"x\"} 0 2\na{a=\"y\"} 0 1\na{a=\"y\"} 0 2\n",
                    "line 4, column 1: the time of this metric goes back",
                ),
            ],
        ),
    ]);
}

#[test]
fn exemplars() {
    const ONLY: &str = "only buckets and the totals of counters have exemplars";
    check(&[
        (
            "Exemplars: on totals of counters and on buckets",
            &[
                "# TYPE a counter\na_total 1 # {} 1\n",
                "# TYPE a histogram\na_bucket{le=\"1.0\"} 1 # {} 1\na_bucket{le=\"+Inf\"} 1 # {} 5\n",
                "# TYPE a gaugehistogram\na_bucket{le=\"+Inf\"} 1 1 # {} 5 5\n",
            ],
            &[
                ("# TYPE a counter\na_total 1\na_created 1 # {} 1\n", ONLY),
                ("# TYPE a gauge\na 1 # {} 1\n", ONLY),
                ("# TYPE a_total gauge\na_total 1 # {} 1\n", ONLY),
                ("a_total 1 # {} 1\n", ONLY),
                ("a_bucket 1 # {} 1\n", ONLY),
                ("# TYPE a info\na_info 1 # {} 1\n", ONLY),
                ("# TYPE a stateset\na{a=\"b\"} 1 # {} 1\n", ONLY),
                ("# TYPE a summary\na{quantile=\"0.5\"} 1 # {} 1\n", ONLY),
                ("# TYPE a summary\na_count 1 # {} 1\n", ONLY),
                ("# TYPE a histogram\na_bucket{le=\"+Inf\"} 1\na_count 1 # {} 1\na_sum 1\n", ONLY),
                ("# TYPE a histogram\na_bucket{le=\"+Inf\"} 1\na_count 1\na_sum 1 # {} 1\n", ONLY),
                (
                    "# TYPE a gaugehistogram\na_bucket{le=\"+Inf\"} 1\na_gcount 1 # {} 1\na_gsum 1\n",
                    ONLY,
                ),
            ],
        ),
        (
            "Histogram: the exemplar of a bucket is within it",
            &[
                "# TYPE a histogram\na_bucket{le=\"1.0\"} 1 # {} -5\na_bucket{le=\"2.0\"} 2 # {} 0.5\na_bucket{le=\"+Inf\"} 2 # {} NaN\n",
            ],
            &[
                (
                    "# TYPE a histogram\na_bucket{le=\"1.0\"} 1 # {} 1.5\na_bucket{le=\"+Inf\"} 1\n",
                    "line 2, column 1: the exemplar 1.5 is not within its bucket, up to 1",
                ),
                (
                    "# TYPE a gaugehistogram\na_bucket{le=\"1.0\"} 1 # {} NaN\na_bucket{le=\"+Inf\"} 1\n",
                    "line 2, column 1: the exemplar NaN is not within its bucket, up to 1",
                ),
            ],
        ),
    ]);
}
