//! Section "Metric Types": all but the histograms.

use crate::check;

#[test]
fn gauges_and_unknown() {
    check(&[
        (
            "Gauge, Unknown: one value, which may be any",
            &[
                "# TYPE a gauge\na NaN\n",
                "# TYPE a gauge\na -Inf\n",
                "a -1.5\n",
                "# TYPE a unknown\na +Inf\n",
            ],
            &[("# TYPE a gauge\na 1\na 1\n", "line 3, column 1: the series was in line 2 already")],
        ),
        (
            "MetricFamily: without metrics",
            &["# TYPE a gauge\n# TYPE b histogram\n# TYPE c counter\n"],
            &[],
        ),
    ]);
}

#[test]
fn counters() {
    check(&[
        (
            "Counter: the total is a number from 0 on",
            &[
                "# TYPE a counter\na_total 0\n",
                "# TYPE a counter\na_total 1.5\n",
                "# TYPE a counter\na_total +Inf\n",
            ],
            &[
                (
                    "# TYPE a counter\na_total -1\n",
                    "line 2, column 1: `a_total` is -1; it cannot be less than 0",
                ),
                (
                    "# TYPE a counter\na_total NaN\n",
                    "line 2, column 1: `a_total` is NaN; it cannot be less than 0",
                ),
                (
                    "# TYPE a counter\na_total -Inf\n",
                    "line 2, column 1: `a_total` is -inf; it cannot be less than 0",
                ),
            ],
        ),
        (
            "Counter: each point has a total",
            &[
                "# TYPE a counter\na_created 1\na_total 1\n",
                "# TYPE a counter\na_total 1 1\na_created 0 1\na_total 2 2\na_created 0 2\n",
            ],
            &[
                (
                    "# TYPE a counter\na_created 1\n",
                    "line 2, column 1: `a_created` needs a sample `a_total` beside it",
                ),
                (
                    "# TYPE a counter\na_total 1 1\na_created 1 2\n",
                    "line 3, column 1: `a_created` needs a sample `a_total` beside it",
                ),
                (
                    "# TYPE a counter\na_total{b=\"1\"} 1\na_created{b=\"2\"} 1\n",
                    "line 3, column 1: `a_created` needs a sample `a_total` beside it",
                ),
            ],
        ),
        (
            "Counter, Histogram, Summary: Created is a time in seconds",
            &["# TYPE a counter\na_total 1\na_created -1.5\n"],
            &[
                (
                    "# TYPE a counter\na_total 1\na_created NaN\n",
                    "line 3, column 1: `a_created` is NaN; it is a time in seconds",
                ),
                (
                    "# TYPE a summary\na_created +Inf\n",
                    "line 2, column 1: `a_created` is inf; it is a time in seconds",
                ),
            ],
        ),
    ]);
}

#[test]
fn state_sets_and_infos() {
    check(&[
        (
            "StateSet: a sample for each state, with the name of the family as a label, and 0 or 1",
            &[
                "# TYPE a stateset\na{a=\"x\"} 1\na{a=\"y\"} 0\na{a=\"\"} 1.0\n",
                "# TYPE a stateset\na{b=\"1\",a=\"x\"} 1\na{b=\"1\",a=\"y\"} 1\n",
            ],
            &[
                ("# TYPE a stateset\na 1\n", "line 2, column 1: a state needs the label `a`"),
                (
                    "# TYPE a stateset\na{b=\"x\"} 1\n",
                    "line 2, column 1: a state needs the label `a`",
                ),
                (
                    "# TYPE a stateset\na{a=\"x\"} 2\n",
                    "line 2, column 1: `a` is 2; a state is 0 or 1",
                ),
                (
                    "# TYPE a stateset\na{a=\"x\"} 0.5\n",
                    "line 2, column 1: `a` is 0.5; a state is 0 or 1",
                ),
                (
                    "# TYPE a stateset\na{a=\"x\"} -1\n",
                    "line 2, column 1: `a` is -1; a state is 0 or 1",
                ),
                (
                    "# TYPE a stateset\na{a=\"x\"} NaN\n",
                    "line 2, column 1: `a` is NaN; a state is 0 or 1",
                ),
            ],
        ),
        (
            "Info: the value is 1",
            &[
                "# TYPE a info\na_info{b=\"c\"} 1\na_info{b=\"d\"} 1.0\n",
                "# TYPE a info\na_info 1e0\n",
            ],
            &[
                (
                    "# TYPE a info\na_info 2\n",
                    "line 2, column 1: `a_info` is 2; the value of an info is 1",
                ),
                (
                    "# TYPE a info\na_info 0\n",
                    "line 2, column 1: `a_info` is 0; the value of an info is 1",
                ),
                (
                    "# TYPE a info\na_info NaN\n",
                    "line 2, column 1: `a_info` is NaN; the value of an info is 1",
                ),
            ],
        ),
    ]);
}

#[test]
fn summaries() {
    check(&[
        (
            "Summary: count, sum, created and quantiles, or some of them",
            &[
                "# TYPE a summary\na_count 1\n",
                "# TYPE a summary\na_sum 1\n",
                "# TYPE a summary\na{quantile=\"0.5\"} 1\n",
                "# TYPE a summary\na{quantile=\"0.9\"} 1\na_created 1\na_sum 0.5\na{quantile=\"0.5\"} 0\na_count 2.0\n",
            ],
            &[(
                "# TYPE a summary\na{b=\"0.5\"} 1\n",
                "line 2, column 1: `a` needs the label `quantile`",
            )],
        ),
        (
            "Summary: count and sum are numbers from 0 on, the count a whole one",
            &["# TYPE a summary\na_count 0\na_sum 0.5\n"],
            &[
                (
                    "# TYPE a summary\na_count -1\n",
                    "line 2, column 1: `a_count` is -1; it cannot be less than 0",
                ),
                (
                    "# TYPE a summary\na_count NaN\n",
                    "line 2, column 1: `a_count` is NaN; it cannot be less than 0",
                ),
                (
                    "# TYPE a summary\na_count 1.5\n",
                    "line 2, column 1: `a_count` is 1.5; it is a whole number",
                ),
                (
                    "# TYPE a summary\na_sum -1\n",
                    "line 2, column 1: `a_sum` is -1; it cannot be less than 0",
                ),
                (
                    "# TYPE a summary\na_sum NaN\n",
                    "line 2, column 1: `a_sum` is NaN; it cannot be less than 0",
                ),
            ],
        ),
    ]);
}

#[test]
fn quantiles() {
    check(&[
        (
            "Summary: quantiles are from 0 to 1, in any spelling but each once",
            &[
                "# TYPE a summary\na{quantile=\"0\"} 1\na{quantile=\"0.50\"} 1\na{quantile=\"9e-1\"} 1\na{quantile=\"1.0\"} 1\n",
            ],
            &[
                (
                    "# TYPE a summary\na{quantile=\"1.1\"} 1\n",
                    "line 2, column 1: the quantile 1.1 is not between 0 and 1",
                ),
                (
                    "# TYPE a summary\na{quantile=\"-0.1\"} 1\n",
                    "line 2, column 1: the quantile -0.1 is not between 0 and 1",
                ),
                (
                    "# TYPE a summary\na{quantile=\"+Inf\"} 1\n",
                    "line 2, column 1: the quantile inf is not between 0 and 1",
                ),
                (
                    "# TYPE a summary\na{quantile=\"NaN\"} 1\n",
                    "line 2, column 1: the label `quantile` is `NaN`, which is not a number",
                ),
                (
                    "# TYPE a summary\na{quantile=\"\"} 1\n",
                    "line 2, column 1: the label `quantile` is ``, which is not a number",
                ),
                (
                    "# TYPE a summary\na{quantile=\"0_5\"} 1\n",
                    "line 2, column 1: the label `quantile` is `0_5`, which is not a number",
                ),
                (
                    "# TYPE a summary\na{quantile=\"0.5\"} 1\na{quantile=\"0.50\"} 1\n",
                    "line 3, column 1: the quantile 0.5 comes a second time",
                ),
                (
                    "# TYPE a summary\na{quantile=\"0.5\"} 1\na{quantile=\"0.5\"} 1\n",
                    "line 3, column 1: the series was in line 2 already",
                ),
            ],
        ),
        (
            "Summary: the value of a quantile is not negative; without events, it is NaN",
            &[
                "# TYPE a summary\na{quantile=\"0.5\"} NaN\na{quantile=\"0.9\"} +Inf\na{quantile=\"1.0\"} 0\n",
            ],
            &[
                (
                    "# TYPE a summary\na{quantile=\"0.5\"} -1\n",
                    "line 2, column 1: `a` is -1; a quantile cannot be less than 0",
                ),
                (
                    "# TYPE a summary\na{quantile=\"0.5\"} -Inf\n",
                    "line 2, column 1: `a` is -inf; a quantile cannot be less than 0",
                ),
            ],
        ),
        (
            "Summary: the metric itself has no label `quantile`",
            &["# TYPE a summary\na_count{le=\"1\"} 1\n"],
            &[(
                "# TYPE a summary\na_count{quantile=\"0.5\"} 1\n",
                "line 2, column 1: `a_count` has the label `quantile`, which only quantiles have",
            )],
        ),
    ]);
}
