//! Sections "ABNF", "Escaping", "Numbers", "Timestamps" and "Exemplars": what lines are made of.

use exporter_parse::parse_openmetrics;

use crate::{Rule, check};

#[test]
fn escapes() {
    let rules: [Rule; 2] = [
        (
            "escaped-char: `\\n`, `\\\"`, `\\\\`, and a backslash before any other character",
            &["# HELP a \\n\\\"\\\\ C:\\dir \\é \\ \na{b=\"\\n\\\"\\\\ C:\\dir \\é \\ \"} 1\n"],
            &[
                ("a{b=\"\\\"} 1\n", "line 1, column 11: expected `\"` behind a label value"),
                ("a{b=\"\\\n", "line 1, column 6: an escape that is none in a label value"),
                ("# HELP a \\\n", "line 1, column 10: an escape that is none in a help text"),
            ],
        ),
        (
            "normal-char: no double quote without a backslash",
            &["# HELP a say \\\"x\\\"\n"],
            &[
                (
                    "# HELP a say \"x\"\n",
                    "line 1, column 14: a double quote in a help text has a backslash before it",
                ),
                (
                    "a{b=\"x\"y\"} 1\n",
                    "line 1, column 8: expected `,` or `}` behind a label, found `y`",
                ),
            ],
        ),
    ];
    check(&rules);
    let page = parse_openmetrics(
        "# HELP a \\n \\\" \\\\n \\\\ C:\\dir \\a\na{b=\"\\n \\\" \\\\n \\\\ C:\\dir \\a\"} 1\n# EOF\n",
    );
    let family = &page.unwrap().families[0];
    let expected = "\n \" \\n \\ C:\\dir \\a";
    assert_eq!(family.help.as_deref(), Some(expected));
    assert_eq!(family.samples[0].label("b"), Some(expected));
}

#[test]
fn numbers() {
    const NOT: &str = "is not a number";
    check(&[
        (
            "realnumber: digits with a point or without, a sign, an exponent",
            &[
                "a 0\n",
                "a 0042\n",
                "a +1\n",
                "a -1\n",
                "a 1.\n",
                "a .5\n",
                "a -.5\n",
                "a 1.5\n",
                "a 1e5\n",
                "a 1E5\n",
                "a 1.e5\n",
                "a .5e-07\n",
                "a 1.89e+7\n",
                "a -0\n",
                "a 1341298465647914\n",
                "a 123456789012345678901234567890\n",
                "a 1.7976931348623157e308\n",
                "a 1e-400\n",
            ],
            &[
                ("a .\n", NOT),
                ("a e5\n", NOT),
                ("a 1e\n", NOT),
                ("a 1e+\n", NOT),
                ("a 1e1.5\n", NOT),
                ("a --1\n", NOT),
                ("a + 1\n", NOT),
                ("a 1,5\n", NOT),
                ("a 1_000\n", NOT),
                ("a 0x1F\n", NOT),
                ("a 0x1p-2\n", NOT),
                ("a 0b1\n", NOT),
                ("a 1f\n", NOT),
                ("a 1.5.5\n", NOT),
                ("a one\n", NOT),
                ("a 1i\n", NOT),
                ("a \"1\"\n", NOT),
                ("a true\n", NOT),
                ("a ١\n", NOT),
            ],
        ),
        (
            "number: infinity with a sign or without and NaN without one, in letters of any case",
            &[
                "a inf\n",
                "a +Inf\n",
                "a -INF\n",
                "a Infinity\n",
                "a -infinity\n",
                "a NaN\n",
                "a nan\n",
                "a NAN\n",
            ],
            &[
                ("a +NaN\n", "NaN has no sign"),
                ("a -nan\n", "NaN has no sign"),
                ("a infin\n", NOT),
                ("a ∞\n", NOT),
                ("a na\n", NOT),
            ],
        ),
        (
            "Numbers: within the range of a 64-bit floating point number",
            &["a 1e308\n"],
            &[
                ("a 1e309\n", "line 1, column 3: the value `1e309` is beyond the range"),
                ("a -1e999\n", "is beyond the range"),
            ],
        ),
        (
            "timestamp: a real number of seconds, negative ones as well",
            &[
                "a 1 0\n",
                "a 1 -1.5\n",
                "a 1 1604676851.123456789\n",
                "a 1 1.5e9\n",
                "a 1 +1\n",
                "a 1 007\n",
            ],
            &[
                ("a 1 NaN\n", "line 1, column 5: the time stamp is NaN; write seconds"),
                ("a 1 +Inf\n", "line 1, column 5: the time stamp is inf; write seconds"),
                ("a 1 now\n", NOT),
                ("a 1 1_000\n", NOT),
                ("a 1 0x1\n", NOT),
                ("a 1 2026-01-01T00:00:00Z\n", NOT),
                ("a 1 1e999\n", "is beyond the range"),
            ],
        ),
    ]);
}

#[test]
fn exemplars() {
    let total = "# TYPE a counter\na_total 1";
    for valid in [
        "{} 1",
        "{b=\"c\"} 1",
        "{b=\"c\",d=\"\"} -Inf",
        "{b=\" # \"} 1 2",
        "{} 1e5 -0.5",
        "{b=\"\\d\"} NaN",
    ] {
        let page = format!("{total} # {valid}\n# EOF\n");
        parse_openmetrics(&page).unwrap_or_else(|error| panic!("{error}\n{page}"));
        parse_openmetrics(&page.replace(" # {", " 17.5 # {")).unwrap();
    }
    for (invalid, expected) in [
        (" # 1", "line 2, column 13: expected `{` before the labels of an exemplar, found `1`"),
        (" # {}", "line 2, column 15: expected ` ` before the value of an exemplar, found the end"),
        (" # {} ", "line 2, column 16: expected the value of an exemplar, found the end"),
        (" # {}1", "line 2, column 15: expected ` ` before the value of an exemplar, found `1`"),
        (" # {} x", "line 2, column 16: the value of an exemplar `x` is not a number"),
        (" # {} 1 2 3", "line 2, column 19: expected the end of the line, found ` `"),
        (" # {} 1 NaN", "line 2, column 18: the time stamp is NaN"),
        (" # {} 1 # {} 1", "line 2, column 17: expected the end of the line, found ` `"),
        (" # {b=\"c\",} 1", "line 2, column 20: expected a label behind a comma"),
        (" # {b=\"c\",b=\"d\"} 1", "line 2, column 20: the label `b` comes a second time"),
        (" # {\"x\"} 1", "line 2, column 13: an exemplar has labels only, and no name"),
        (" #{} 1", "line 2, column 11: the time stamp `#{}` is not a number"),
        ("# {} 1", "line 2, column 9: the value `1#` is not a number"),
        (" #  {} 1", "line 2, column 13: expected `{` before the labels of an exemplar, found ` `"),
        ("  # {} 1", "line 2, column 11: expected the time stamp, found ` `"),
        (" # ", "line 2, column 13: expected `{` before the labels of an exemplar, found the end"),
        (" #", "line 2, column 11: the time stamp `#` is not a number"),
    ] {
        let page = format!("{total}{invalid}\n# EOF\n");
        let error = parse_openmetrics(&page).expect_err(&page).to_string();
        assert!(error.contains(expected), "{error}, not {expected}\n{page}");
    }
}

#[test]
fn exemplars_have_at_most_128_characters_of_labels_whatever_they_take_in_bytes() {
    let page = |count: usize| {
        let value = "é".repeat(count - 4);
        format!("# TYPE a counter\na_total 1 # {{bc=\"{value}\",d=\"\\n\"}} 1\n# EOF\n")
    };
    parse_openmetrics(&page(128)).unwrap();
    assert_eq!(
        parse_openmetrics(&page(129)).unwrap_err().to_string(),
        "line 2, column 13: the labels of an exemplar may have 128 characters, not 129"
    );
}
