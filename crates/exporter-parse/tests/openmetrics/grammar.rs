//! Sections "ABNF", "Overall Structure" and "Labels": the lines of a page.

use crate::{check, check_pages};

#[test]
fn exposition() {
    check_pages(&[
        (
            "exposition: families, then EOF, with a line feed or without",
            &["# EOF\n", "# EOF", "a 1\n# EOF\n", "a 1\n# EOF"],
            &[
                ("", "line 1, column 1: the page does not end with the line `# EOF`"),
                ("\n", "line 1, column 1: there is an empty line"),
                ("a 1\n", "line 1, column 4: the page does not end with the line `# EOF`"),
                ("a 1", "line 1, column 4: the page does not end with the line `# EOF`"),
                ("a 1# EOF", "line 1, column 9: the page does not end with the line `# EOF`"),
                ("a 1\n#EOF\n", "line 2, column 2: expected ` ` behind `#`"),
                ("a 1\n# eof\n", "line 2, column 3: expected HELP, TYPE, UNIT or EOF"),
                ("a 1\n# EOF \n", "line 2, column 3: expected HELP, TYPE, UNIT or EOF"),
                ("a 1\n#  EOF\n", "line 2, column 3: expected HELP, TYPE, UNIT or EOF"),
                (" # EOF\n", "line 1, column 1: expected the name of a metric, found ` `"),
            ],
        ),
        (
            "Overall Structure: nothing stands behind EOF",
            &["# EOF\n"],
            &[
                ("# EOF\n\n", "line 2, column 1: there is a line behind `# EOF`"),
                ("# EOF\na 1\n", "line 2, column 1: there is a line behind `# EOF`"),
                ("# EOF\n# EOF\n", "line 2, column 1: there is a line behind `# EOF`"),
                ("# EOF\n ", "line 2, column 1: there is a line behind `# EOF`"),
            ],
        ),
        (
            "Overall Structure: lines end in a line feed, without a carriage return; the grammar has one in strings",
            &["# HELP a x\r\na{b=\"\r\"} 1\n# EOF\n"],
            &[
                (
                    "a 1\r\n# EOF\n",
                    "line 1, column 4: expected the end of the line, found a carriage return",
                ),
                (
                    "# TYPE a gauge\r\n# EOF\n",
                    "line 1, column 15: expected the end of the line, found a carriage return",
                ),
                (
                    "a 1\n# EOF\r\n",
                    "line 2, column 6: expected the end of the line, found a carriage return",
                ),
                ("a 1\r# EOF\n", "line 1, column 3: the value `1\\r#` is not a number"),
            ],
        ),
        (
            "Overall Structure: no byte order mark",
            &["a{b=\"\u{feff}\"} 1\n# EOF\n"],
            &[(
                "\u{feff}a 1\n# EOF\n",
                "line 1, column 1: expected the name of a metric, found `\\u{feff}`",
            )],
        ),
        (
            "Strings: any Unicode character, NUL as well",
            &["# HELP a é\0\u{10ffff}\na{b=\"\0 é \u{1F600}\"} 1\n# EOF\n"],
            &[("a\0 1\n# EOF\n", "line 1, column 2: expected ` ` before the value, found `\\0`")],
        ),
    ]);
}

#[test]
fn metric_descriptors() {
    check(&[(
        "metric-descriptor: `# TYPE`, a name and a type, each behind one space",
        &["# TYPE a gauge\n", "# TYPE :a_:9 unknown\n"],
        &[
            ("#TYPE a gauge\n", "line 1, column 2: expected ` ` behind `#`, found `T`"),
            ("#  TYPE a gauge\n", "line 1, column 3: expected HELP, TYPE, UNIT or EOF"),
            ("#\tTYPE a gauge\n", "line 1, column 2: expected ` ` behind `#`, found `\\t`"),
            ("# TYPE  a gauge\n", "line 1, column 8: expected the name of a metric, found ` `"),
            ("# TYPE\ta gauge\n", "line 1, column 3: expected HELP, TYPE, UNIT or EOF"),
            ("# TYPE a  gauge\n", "line 1, column 10: ` gauge` is no type"),
            (
                "# TYPE a\tgauge\n",
                "line 1, column 9: expected ` ` behind the name of a metric, found `\\t`",
            ),
            ("# TYPE a gauge \n", "line 1, column 10: `gauge ` is no type"),
            ("# TYPE a gauge x\n", "line 1, column 10: `gauge x` is no type"),
            (" # TYPE a gauge\n", "line 1, column 1: expected the name of a metric, found ` `"),
            (
                "# TYPE a\n",
                "line 1, column 9: expected ` ` behind the name of a metric, found the end",
            ),
            ("# TYPE a \n", "line 1, column 10: `` is no type"),
            (
                "# TYPE 9a gauge\n",
                "line 1, column 8: expected the name of a metric, which does not begin with a digit",
            ),
            (
                "# TYPE a-b gauge\n",
                "line 1, column 9: expected ` ` behind the name of a metric, found `-`",
            ),
            (
                "# TYPE a{} gauge\n",
                "line 1, column 9: expected ` ` behind the name of a metric, found `{`",
            ),
        ],
    )]);
}

#[test]
fn words_of_descriptors() {
    const TYPES: &str =
        "write counter, gauge, histogram, gaugehistogram, summary, info, stateset or unknown";
    check(&[
        (
            "metric-type: eight words in lower case",
            &[
                "# TYPE a counter\n# TYPE b gauge\n# TYPE c histogram\n# TYPE d gaugehistogram\n# TYPE e stateset\n# TYPE f info\n# TYPE g summary\n# TYPE h unknown\n",
            ],
            &[
                ("# TYPE a untyped\n", TYPES),
                ("# TYPE a Gauge\n", TYPES),
                ("# TYPE a GAUGE\n", TYPES),
                ("# TYPE a gauge_histogram\n", TYPES),
                ("# TYPE a meter\n", TYPES),
            ],
        ),
        (
            "type, help, unit: keywords in upper case",
            &["# HELP a_s x\n# TYPE a_s gauge\n# UNIT a_s s\n"],
            &[
                (
                    "# type a gauge\n",
                    "line 1, column 3: expected HELP, TYPE, UNIT or EOF behind `# `, found `t`",
                ),
                ("# Help a gauge\n", "line 1, column 3: expected HELP, TYPE, UNIT or EOF"),
                ("# unit a_s s\n", "line 1, column 3: expected HELP, TYPE, UNIT or EOF"),
            ],
        ),
        (
            "MetricFamily metadata: no other line begins with `#`",
            &[],
            &[
                ("#\n", "line 1, column 2: expected ` ` behind `#`, found the end of the line"),
                ("# a comment\n", "line 1, column 3: expected HELP, TYPE, UNIT or EOF"),
                ("# \n", "line 1, column 3: expected HELP, TYPE, UNIT or EOF"),
                ("# HELPER a x\n", "line 1, column 3: expected HELP, TYPE, UNIT or EOF"),
            ],
        ),
        (
            "metric-descriptor: `# HELP`, a name and a text, which may be empty",
            &["# HELP a \n", "# HELP a  x  y \n", "# HELP a #{},=\n"],
            &[
                ("# HELP a\n", "line 1, column 9: expected ` ` behind the name of a metric"),
                ("# HELP\n", "line 1, column 7: expected ` ` behind the keyword"),
                ("# HELP \n", "line 1, column 8: expected the name of a metric"),
            ],
        ),
        (
            "metric-descriptor: `# UNIT`, a name and a unit, which may be empty",
            &["# UNIT a_s s\n", "# UNIT a \n"],
            &[
                ("# UNIT a\n", "line 1, column 9: expected ` ` behind the name of a metric"),
                ("# UNIT a_s s \n", "line 1, column 12: `a_s` has the unit `s `"),
                ("# UNIT a_s  s\n", "line 1, column 12: `a_s` has the unit ` s`"),
            ],
        ),
    ]);
}

#[test]
fn samples() {
    check(&[(
        "sample: name, labels, a space, a number, perhaps a space and a time stamp",
        &["a 1\n", "a{} 1\n", "a{b=\"c\"} 1 2\n"],
        &[
            ("\n", "line 1, column 1: there is an empty line"),
            ("a 1\n\n", "line 2, column 1: there is an empty line"),
            ("a\n", "line 1, column 2: expected ` ` before the value, found the end of the line"),
            ("a \n", "line 1, column 3: expected the value, found the end of the line"),
            ("a  1\n", "line 1, column 3: expected the value, found ` `"),
            ("a\t1\n", "line 1, column 2: expected ` ` before the value, found `\\t`"),
            (" a 1\n", "line 1, column 1: expected the name of a metric, found ` `"),
            ("a 1 \n", "line 1, column 5: expected the time stamp, found the end of the line"),
            ("a 1\t\n", "line 1, column 4: expected the end of the line, found `\\t`"),
            ("a 1 2 \n", "line 1, column 6: expected the end of the line, found ` `"),
            ("a 1 2 3\n", "line 1, column 6: expected the end of the line, found ` `"),
            ("a 1  2\n", "line 1, column 5: expected the time stamp, found ` `"),
            ("a 1\t2\n", "line 1, column 4: expected the end of the line, found `\\t`"),
            ("a{b=\"c\"}1\n", "line 1, column 9: expected ` ` before the value, found `1`"),
            ("a{b=\"c\"}  1\n", "line 1, column 10: expected the value, found ` `"),
            ("a {b=\"c\"} 1\n", "line 1, column 3: the value `{b=\\\"c\\\"}` is not a number"),
        ],
    )]);
}

#[test]
fn names_and_labels() {
    check(&[
        (
            "metricname: a letter, `_` or `:`, and then digits as well",
            &["a 1\n", "_ 1\n", ": 1\n", "aZ_:09 1\n", "NaN 1\n"],
            &[
                (
                    "1a 1\n",
                    "line 1, column 1: expected the name of a metric, which does not begin with a digit",
                ),
                ("é 1\n", "line 1, column 1: expected the name of a metric, found `é`"),
                ("a.b 1\n", "line 1, column 2: expected ` ` before the value, found `.`"),
                ("a-b 1\n", "line 1, column 2: expected ` ` before the value, found `-`"),
                ("{b=\"c\"} 1\n", "line 1, column 1: the braces have no name of a metric"),
                ("{} 1\n", "line 1, column 1: the braces have no name of a metric"),
            ],
        ),
        (
            "labels: with commas between them, none behind the last",
            &["a{b=\"1\",c=\"2\",d=\"3\"} 1\n"],
            &[
                ("a{b=\"1\",} 1\n", "line 1, column 9: expected a label behind a comma, found `}`"),
                ("a{,} 1\n", "line 1, column 3: expected a label name, found `,`"),
                ("a{,b=\"1\"} 1\n", "line 1, column 3: expected a label name, found `,`"),
                ("a{b=\"1\",,c=\"2\"} 1\n", "line 1, column 9: expected a label name, found `,`"),
                (
                    "a{b=\"1\"c=\"2\"} 1\n",
                    "line 1, column 8: expected `,` or `}` behind a label, found `c`",
                ),
                (
                    "a{b=\"1\";c=\"2\"} 1\n",
                    "line 1, column 8: expected `,` or `}` behind a label, found `;`",
                ),
                (
                    "a{b=\"1\" 1\n",
                    "line 1, column 8: expected `,` or `}` behind a label, found ` `",
                ),
                ("a{b=\"1\"", "line 1, column 8: expected `,` or `}` behind a label, found `#`"),
                ("ab=\"1\"} 1\n", "line 1, column 3: expected ` ` before the value, found `=`"),
                ("a{b=\"1\"}} 1\n", "line 1, column 9: expected ` ` before the value, found `}`"),
            ],
        ),
        (
            "labels: no blanks between their parts",
            &["a{b=\" \"} 1\n"],
            &[
                ("a{ b=\"1\"} 1\n", "line 1, column 3: expected a label name, found ` `"),
                (
                    "a{b =\"1\"} 1\n",
                    "line 1, column 4: expected `=` behind a label name, found ` `",
                ),
                (
                    "a{b= \"1\"} 1\n",
                    "line 1, column 5: expected `\"` before a label value, found ` `",
                ),
                (
                    "a{b=\"1\" } 1\n",
                    "line 1, column 8: expected `,` or `}` behind a label, found ` `",
                ),
                ("a{b=\"1\", c=\"2\"} 1\n", "line 1, column 9: expected a label name, found ` `"),
                ("a{ } 1\n", "line 1, column 3: expected a label name, found ` `"),
            ],
        ),
    ]);
}

#[test]
fn label_parts() {
    check(&[
        (
            "label: a name, `=` and a string in double quotes",
            &["a{b=\"\"} 1\n"],
            &[
                ("a{b} 1\n", "line 1, column 4: expected `=` behind a label name, found `}`"),
                ("a{b=} 1\n", "line 1, column 5: expected `\"` before a label value, found `}`"),
                ("a{b=1} 1\n", "line 1, column 5: expected `\"` before a label value, found `1`"),
                (
                    "a{b='1'} 1\n",
                    "line 1, column 5: expected `\"` before a label value, found `\\'`",
                ),
                (
                    "a{b=\"1} 1\n",
                    "line 1, column 10: expected `\"` behind a label value, found the end of the line",
                ),
                (
                    "a{b=\"1\n\"} 1\n",
                    "line 1, column 7: expected `\"` behind a label value, found the end of the line",
                ),
                ("a{=\"1\"} 1\n", "line 1, column 3: expected a label name, found `=`"),
                ("a{\"\"=\"1\"} 1\n", "line 1, column 3: a label name is empty"),
            ],
        ),
        (
            "label-name: a letter or `_`, and then digits as well; no colon",
            &["a{b=\"\",_c=\"\",D9=\"\"} 1\n"],
            &[
                (
                    "a{9=\"\"} 1\n",
                    "line 1, column 3: expected a label name, which does not begin with a digit",
                ),
                (
                    "a{b:c=\"\"} 1\n",
                    "line 1, column 4: expected `=` behind a label name, found `:`",
                ),
                ("a{:=\"\"} 1\n", "line 1, column 3: expected a label name, found `:`"),
                (
                    "a{b-c=\"\"} 1\n",
                    "line 1, column 4: expected `=` behind a label name, found `-`",
                ),
                ("a{é=\"\"} 1\n", "line 1, column 3: expected a label name, found `é`"),
            ],
        ),
    ]);
}
