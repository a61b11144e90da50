//! The OpenMetrics 1.0 specification, rule by rule: of each, pages that follow it, and pages that do not, with what is said of
//! them. Rules are named by the section that they are in.

mod families;
mod grammar;
mod histograms;
mod metrics;
mod tokens;
mod types;

use exporter_parse::parse_openmetrics;

/// A rule with pages that follow it, and pages that do not, each with the error, or the part of it that matters.
type Rule = (&'static str, &'static [&'static str], &'static [(&'static str, &'static str)]);

/// Checks rules whose pages are whole.
fn check_pages(rules: &[Rule]) {
    for (rule, valid, invalid) in rules {
        for page in *valid {
            check_valid(rule, page);
        }
        for (page, error) in *invalid {
            check_invalid(rule, page, error);
        }
    }
}

/// Checks rules whose pages lack the line `# EOF`.
fn check(rules: &[Rule]) {
    for (rule, valid, invalid) in rules {
        for page in *valid {
            check_valid(rule, &format!("{page}# EOF\n"));
        }
        for (page, error) in *invalid {
            check_invalid(rule, &format!("{page}# EOF\n"), error);
        }
    }
}

fn check_valid(rule: &str, page: &str) {
    if let Err(error) = parse_openmetrics(page) {
        panic!("{rule}: {error}\n{page}");
    }
}

fn check_invalid(rule: &str, page: &str, error: &str) {
    match parse_openmetrics(page) {
        Ok(_) => panic!("{rule}: this was read\n{page}"),
        Err(found) => {
            let found = found.to_string();
            assert!(found.contains(error), "{rule}: {found}, not {error}\n{page}");
        }
    }
}
