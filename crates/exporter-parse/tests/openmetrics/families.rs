//! Sections "MetricFamily", "MetricFamily metadata", "Suffixes" and "Unit".

use exporter_parse::{Kind, parse_openmetrics};

use crate::check;

#[test]
fn metadata() {
    check(&[
        (
            "MetricFamily metadata: one line of each keyword, in any order, before the samples",
            &[
                "# UNIT a_s s\n# HELP a_s x\n# TYPE a_s gauge\na_s 1\n",
                "# TYPE a_s gauge\n# UNIT a_s s\n# HELP a_s x\na_s 1\n",
                "# HELP a x\n",
                "# TYPE a gauge\n",
            ],
            &[
                ("# HELP a x\n# HELP a x\n", "line 2, column 8: `a` has a HELP line already"),
                ("# HELP a \n# HELP a x\n", "line 2, column 8: `a` has a HELP line already"),
                (
                    "# TYPE a gauge\n# TYPE a gauge\n",
                    "line 2, column 8: `a` has a TYPE line already",
                ),
                (
                    "# TYPE a unknown\n# TYPE a counter\n",
                    "line 2, column 8: `a` has a TYPE line already",
                ),
                ("# UNIT a_s s\n# UNIT a_s s\n", "line 2, column 8: `a_s` has a UNIT line already"),
                (
                    "a 1\n# HELP a x\n",
                    "line 2, column 8: the HELP line of `a` must stand before its samples, the first of which is in line 1",
                ),
                (
                    "a 1\n# TYPE a gauge\n",
                    "line 2, column 8: the TYPE line of `a` must stand before its samples",
                ),
                (
                    "a_s 1\n# UNIT a_s s\n",
                    "line 2, column 8: the UNIT line of `a_s` must stand before its samples",
                ),
                (
                    "# TYPE a counter\na_total 1\n# HELP a x\n",
                    "line 3, column 8: the HELP line of `a` must stand before its samples",
                ),
            ],
        ),
        (
            "MetricSet: the name of a family is unique",
            &["# TYPE a gauge\n# TYPE b gauge\n"],
            &[
                (
                    "# TYPE a gauge\n# TYPE b gauge\n# TYPE a gauge\n",
                    "line 3, column 8: the lines of `a` must stand together; others end in line 1",
                ),
                (
                    "# HELP a x\n# HELP b x\n# TYPE a gauge\n",
                    "line 3, column 8: the lines of `a` must stand together",
                ),
                (
                    "# TYPE a info\n# TYPE b gauge\n# TYPE a counter\n",
                    "line 3, column 8: the lines of `a` must stand together",
                ),
            ],
        ),
        (
            "MetricFamily: families are not interleaved",
            &["# TYPE a counter\na_total 1\n# TYPE b counter\nb_total 1\nc 1\nd 1\n"],
            &[
                (
                    "a 1\nb 1\na{c=\"d\"} 1\n",
                    "line 3, column 1: the lines of `a` must stand together; others end in line 1",
                ),
                (
                    "# TYPE a gauge\nb 1\na 1\n",
                    "line 3, column 1: the lines of `a` must stand together; others end in line 1",
                ),
                (
                    "# TYPE a counter\n# TYPE b gauge\na_total 1\nb 1\n",
                    "line 3, column 1: the lines of `a` must stand together",
                ),
                (
                    "# HELP a x\na 1\n# HELP b x\nb 1\na{c=\"d\"} 1\n",
                    "line 5, column 1: the lines of `a` must stand together",
                ),
            ],
        ),
    ]);
    let page = parse_openmetrics("# HELP a \n# UNIT a \na 1\n# EOF\n").unwrap();
    let family = &page.families[0];
    assert_eq!((family.kind, &family.help, &family.unit), (Kind::Unknown, &None, &None));
}

#[test]
fn units() {
    check(&[
        (
            "Unit: `_` and the unit are the end of the family's name",
            &[
                "# TYPE a_seconds counter\n# UNIT a_seconds seconds\na_seconds_total 1\n",
                "# TYPE a_seconds counter\n",
                "# UNIT a_b_c b_c\n",
            ],
            &[
                (
                    "# UNIT a seconds\n",
                    "line 1, column 10: `a` has the unit `seconds`, so its name must end in `_seconds`",
                ),
                (
                    "# UNIT aseconds seconds\n",
                    "line 1, column 17: `aseconds` has the unit `seconds`",
                ),
                (
                    "# UNIT seconds seconds\n",
                    "`seconds` has the unit `seconds`, so its name must end in `_seconds`",
                ),
                ("# UNIT a_seconds bytes\n", "so its name must end in `_bytes`"),
                ("# UNIT a_seconds_total seconds\n", "so its name must end in `_seconds`"),
            ],
        ),
        (
            "Info, StateSet: no unit but an empty one",
            &["# TYPE a info\n# UNIT a \n", "# UNIT a \n# TYPE a stateset\n"],
            &[
                (
                    "# TYPE a_s info\n# UNIT a_s s\n",
                    "line 2, column 8: `a_s` has the type info, which has no unit",
                ),
                (
                    "# UNIT a_s s\n# TYPE a_s info\n",
                    "line 2, column 8: `a_s` has the type info, which has no unit",
                ),
                (
                    "# TYPE a_s stateset\n# UNIT a_s s\na_s{a_s=\"x\"} 1\n",
                    "line 2, column 8: `a_s` has the type stateset, which has no unit",
                ),
                (
                    "# UNIT a_s s\n# HELP a_s x\n# TYPE a_s stateset\n",
                    "line 3, column 8: `a_s` has the type stateset, which has no unit",
                ),
            ],
        ),
    ]);
}

/// Each kind with the endings of its samples.
const SUFFIXES: [(&str, &[&str]); 8] = [
    ("counter", &["_total", "_created"]),
    ("summary", &["_count", "_sum", "_created"]),
    ("histogram", &["_count", "_sum", "_bucket", "_created"]),
    ("gaugehistogram", &["_gcount", "_gsum", "_bucket"]),
    ("info", &["_info"]),
    ("gauge", &[]),
    ("stateset", &[]),
    ("unknown", &[]),
];

#[test]
fn suffixes() {
    let all = ["_total", "_created", "_count", "_sum", "_bucket", "_gcount", "_gsum", "_info"];
    for (kind, own) in SUFFIXES {
        for suffix in all {
            for other in ["gauge", "unknown", "counter", "info"] {
                let [first, second] =
                    [format!("# TYPE a {kind}\n"), format!("# TYPE a{suffix} {other}\n")];
                for page in [format!("{first}{second}# EOF\n"), format!("{second}{first}# EOF\n")] {
                    let result = parse_openmetrics(&page);
                    assert_eq!(result.is_err(), own.contains(&suffix), "{page}{result:?}");
                }
            }
        }
    }
    check(&[(
        "Suffixes: no name may be that of samples of two families",
        &[
            "# TYPE a counter\n# TYPE ab gauge\n# TYPE a_b counter\n# TYPE a_count gauge\n",
            "a_total 1\na_created 1\na 1\n",
        ],
        &[
            (
                "# TYPE a counter\na_total 1\n# TYPE a_created gauge\n",
                "line 3, column 1: the gauge `a_created` and the counter `a` of line 1 may both have samples `a_created`; name one of them otherwise",
            ),
            (
                "# TYPE a_created gauge\na_created 1\n# TYPE a counter\na_total 1\n",
                "line 3, column 1: the counter `a` and the gauge `a_created` of line 1 may both have samples `a_created`",
            ),
            (
                "a_sum 1\n# TYPE a summary\n",
                "line 2, column 1: the summary `a` and the unknown `a_sum` of line 1 may both have samples `a_sum`",
            ),
            (
                "# TYPE a counter\n# HELP a_total x\n",
                "line 2, column 1: the unknown `a_total` and the counter `a` of line 1",
            ),
        ],
    )]);
}

#[test]
fn endings_of_samples() {
    check(&[
        (
            "Gauge: no suffix",
            &["# TYPE a gauge\na 1\n", "# TYPE a_total gauge\na_total 1\n"],
            &[("# TYPE a gauge\na_total 1\n# TYPE a counter\n", "line 3, column 8")],
        ),
        (
            "Counter: `_total` and `_created`",
            &[
                "# TYPE a counter\na_total 1\na_created 1\n",
                "# TYPE a_total counter\na_total_total 1\n",
            ],
            &[
                (
                    "# TYPE a counter\na 1\n",
                    "line 2, column 1: `a` has the type counter, so its samples are `a_total`, `a_created`",
                ),
                (
                    "# TYPE a_total counter\na_total 1\n",
                    "line 2, column 1: `a_total` has the type counter, so its samples are `a_total_total`",
                ),
            ],
        ),
        (
            "StateSet: no suffix",
            &["# TYPE a stateset\na{a=\"b\"} 1\n"],
            &[(
                "# TYPE a_info stateset\na_info 1\n",
                "line 2, column 1: a state needs the label `a_info`",
            )],
        ),
        (
            "Info: `_info`",
            &["# TYPE a info\na_info 1\n"],
            &[
                (
                    "# TYPE a info\na 1\n",
                    "line 2, column 1: `a` has the type info, so its samples are `a_info`",
                ),
                (
                    "# TYPE a_info info\na_info 1\n",
                    "line 2, column 1: `a_info` has the type info, so its samples are `a_info_info`",
                ),
            ],
        ),
        (
            "Summary: none, `_count`, `_sum` and `_created`",
            &["# TYPE a summary\na{quantile=\"0.5\"} 1\na_count 1\na_sum 1\na_created 1\n"],
            &[("# TYPE a summary\na 1\n", "line 2, column 1: `a` needs the label `quantile`")],
        ),
        (
            "Histogram: `_bucket`, `_count`, `_sum` and `_created`",
            &["# TYPE a histogram\na_bucket{le=\"+Inf\"} 1\na_count 1\na_sum 1\na_created 1\n"],
            &[(
                "# TYPE a histogram\na 1\n",
                "so its samples are `a_bucket`, `a_count`, `a_sum`, `a_created`",
            )],
        ),
        (
            "GaugeHistogram: `_bucket`, `_gcount` and `_gsum`",
            &["# TYPE a gaugehistogram\na_bucket{le=\"+Inf\"} 1\na_gcount 1\na_gsum 1\n"],
            &[(
                "# TYPE a gaugehistogram\na 1\n",
                "so its samples are `a_bucket`, `a_gcount`, `a_gsum`",
            )],
        ),
        (
            "Unknown: no suffix",
            &["# TYPE a unknown\na 1\n", "a 1\n"],
            &[(
                "# TYPE a unknown\na_total 1\na 1\n",
                "line 3, column 1: the lines of `a` must stand together",
            )],
        ),
    ]);
}
