//! Pages that are right, and what they say.

use exporter_parse::{
    Exposition, Kind, is_openmetrics, parse_openmetrics, parse_text, parse_text_ungrouped,
};
use proptest::prelude::*;

fn text(page: &str) -> Exposition {
    parse_text(page).unwrap_or_else(|error| panic!("{error}\n{page}"))
}

fn openmetrics(page: &str) -> Exposition {
    parse_openmetrics(page).unwrap_or_else(|error| panic!("{error}\n{page}"))
}

/// The samples of a page, one per line: `name{label=value} value @seconds`.
fn shown(page: &Exposition) -> String {
    let samples = page.families.iter().flat_map(|family| &family.samples);
    let lines = samples.map(|sample| {
        let labels = sample.labels.iter().map(|(name, value)| format!("{name}={value:?}"));
        let labels = labels.collect::<Vec<_>>().join(",");
        let time = sample.timestamp.map(|time| format!(" @{time}")).unwrap_or_default();
        format!("{}{{{labels}}} {}{time}\n", sample.name, sample.value)
    });
    lines.collect()
}

#[test]
fn the_text_format_is_generous_with_blanks_and_comments() {
    let page = text(
        "\n# any comment\n#\n# TYPE\n# HELP \n# TYPE down\n# HELP down \n  # HELP  up   Whether\\nit \\\\ is up.\n#TYPE\tup\tGauge\n\tup  1\n \t\n\
         up{ job = \"a\" , instance=\"b\" , } 2 1500\ndown { } +Inf -1\n",
    );
    assert_eq!(
        shown(&page),
        "up{} 1\nup{job=\"a\",instance=\"b\"} 2 @1.5\n".to_owned() + "down{} inf @-0.001\n"
    );
}

#[test]
fn the_text_format_says_what_it_says() {
    let page = text(
        "# HELP h Sizes.\n# TYPE h histogram\nh_bucket{le=\"0.5\"} 1\nh_bucket{le=\"+Inf\"} 3\nh_sum 4.5\nh_count 3\n\
         # TYPE s summary\ns{quantile=\"0.5\"} NaN\ns_sum 1e3\ns_count 2\nalone 0x\n".replace("alone 0x\n", "alone -.5\n").as_str(),
    );
    let kinds: Vec<_> =
        page.families.iter().map(|f| (f.name.as_str(), f.kind, f.samples.len())).collect();
    assert_eq!(
        kinds,
        [("h", Kind::Histogram, 4), ("s", Kind::Summary, 3), ("alone", Kind::Unknown, 1)]
    );
    assert_eq!(page.families[0].help.as_deref(), Some("Sizes."));
    assert_eq!(page.families[1].help, None);
    assert_eq!(page.families[0].samples[1].label("le"), Some("+Inf"));
    assert_eq!((page.families[2].samples[0].value, page.families[2].samples[0].line), (-0.5, 11));
}

#[test]
fn label_values_may_be_anything() {
    let page = text("x{a=\"\\\\ \\\" \\n \u{1F600} } , #\",b=\"\"} 1\n");
    assert_eq!(page.families[0].samples[0].label("a"), Some("\\ \" \n \u{1F600} } , #"));
    let page =
        text("{\"my.metric\",\"my.label\"=\"x\"} 1\n# TYPE \"my.other\" gauge\n{\"my.other\"} 2\n");
    assert_eq!(shown(&page), "my.metric{my.label=\"x\"} 1\nmy.other{} 2\n");
}

#[test]
fn lines_may_stand_apart_where_that_is_tolerated() {
    let page = "a 1\nb 1\na{x=\"1\"} 2\n";
    assert!(parse_text(page).is_err());
    assert_eq!(parse_text_ungrouped(page).unwrap().families.len(), 2);
}

#[test]
fn every_kind_of_openmetrics_is_read() {
    let page = openmetrics(concat!(
        "# TYPE c counter\n# HELP c Some \\\"help\\\" \\n.\nc_total 17 1.5 # {id=\"a\"} 0.5 1.25\nc_created 1.0 1.5\n",
        "# TYPE g_seconds gauge\n# UNIT g_seconds seconds\ng_seconds{a=\"b\"} -1 1\ng_seconds{a=\"b\"} -2 2.5\n",
        "# TYPE h histogram\nh_bucket{le=\"1.0\"} 1 # {} 0.5\nh_bucket{le=\"+Inf\"} 2\nh_count 2\nh_sum 3.5\nh_created 1\n",
        "# TYPE gh gaugehistogram\ngh_bucket{le=\"1.0\"} 4\ngh_bucket{le=\"+Inf\"} 4\ngh_gcount 4\ngh_gsum 3\n",
        "# TYPE s summary\ns{quantile=\"0.99\"} NaN\ns_count 1\ns_sum 2\n",
        "# TYPE i info\ni_info{version=\"1\"} 1\n",
        "# TYPE state stateset\nstate{state=\"a\"} 1\nstate{state=\"b\"} 0\n",
        "# TYPE u unknown\nu 1\nnothing_known 2\n# EOF\n",
    ));
    assert_eq!(page.families.len(), 9);
    let sample = &page.families[0].samples[0];
    assert_eq!((sample.value, sample.timestamp), (17.0, Some(1.5)));
    let exemplar = sample.exemplar.as_ref().unwrap();
    assert_eq!((exemplar.value, exemplar.timestamp), (0.5, Some(1.25)));
    assert_eq!(page.families[0].help.as_deref(), Some("Some \"help\" \n."));
    assert_eq!(page.families[1].unit.as_deref(), Some("seconds"));
    assert!(
        is_openmetrics("a 1\n# EOF\n")
            && is_openmetrics("# EOF")
            && !is_openmetrics("# EOF\na 1\n")
    );
    assert!(openmetrics("# EOF").families.is_empty());
}

/// A label value, a help text: anything.
fn anything() -> impl Strategy<Value = String> {
    proptest::collection::vec(
        prop_oneof![Just('\\'), Just('"'), Just('\n'), Just('{'), any::<char>()],
        0..12,
    )
    .prop_map(|chars| chars.into_iter().collect())
}

fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

proptest! {
    #[test]
    fn whatever_is_printed_reads_back(
        values in proptest::collection::vec((anything(), any::<f64>()), 1..20),
        help in anything(),
    ) {
        // A text has no blanks before it, and an empty one is none.
        let help = help.trim_start_matches([' ', '\t']);
        let help_line = help.replace('\\', "\\\\").replace('\n', "\\n");
        let lines = values.iter().enumerate().map(|(i, (label, value))| {
            format!("m{{i=\"{i}\",l=\"{}\"}} {value}\n", escape(label))
        });
        let lines: String = lines.collect();
        for page in [
            text(&format!("# HELP m {help_line}\n# TYPE m gauge\n{lines}")),
            openmetrics(&format!("# TYPE m gauge\n# HELP m {}\n{lines}# EOF\n", escape(help))),
        ] {
            let family = &page.families[0];
            prop_assert_eq!(family.help.as_deref(), Some(help).filter(|help| !help.is_empty()));
            prop_assert_eq!(family.samples.len(), values.len());
            for (sample, (label, value)) in family.samples.iter().zip(&values) {
                prop_assert_eq!(sample.label("l"), Some(label.as_str()));
                prop_assert!(sample.value == *value || (sample.value.is_nan() && value.is_nan()));
            }
        }
    }

    #[test]
    fn nothing_makes_it_panic(page in "[ -~\n\t\\\\\"{}#=,é]{0,200}") {
        let _ = (parse_text(&page), parse_text_ungrouped(&page), parse_openmetrics(&page));
    }

    #[test]
    fn nothing_near_a_page_makes_it_panic(at in 0usize..150, c in any::<char>()) {
        let page = "# HELP h A.\n# TYPE h histogram\nh_bucket{le=\"1.0\",a=\"b\\n\"} 1 # {x=\"y\"} 0.5 1\nh_bucket{le=\"+Inf\",a=\"b\\n\"} 1\nh_count{a=\"b\\n\"} 1\n# EOF\n";
        let mut chars: Vec<char> = page.chars().collect();
        let at = at.min(chars.len() - 1);
        chars[at] = c;
        let page: String = chars.into_iter().collect();
        let _ = (parse_text(&page), parse_openmetrics(&page));
    }
}
