//! The samples of a metric as a table with a column for each label.

use std::fmt::Write as _;

use super::escape;

/// A line of text format 0.0.4: `name{a="x"} 1` or `name 1`.
struct Sample<'l> {
    name: &'l str,
    /// Names and values, these without escapes.
    labels: Vec<(&'l str, String)>,
    /// The value, and the time stamp where there is one.
    value: &'l str,
}

/// The table of `lines`, which are samples of the metric `name`. Lines of histograms and summaries have the end of their name
/// in a column of its own.
pub(super) fn table(name: &str, lines: &[&str]) -> String {
    let samples: Vec<Sample<'_>> = lines.iter().map(|line| sample(line)).collect();
    let mut columns: Vec<&str> = Vec::new();
    for (label, _) in samples.iter().flat_map(|sample| &sample.labels) {
        if !columns.contains(label) {
            columns.push(label);
        }
    }
    let has_parts = samples.iter().any(|sample| sample.name != name);
    let part = has_parts.then_some("part");
    let mut text = "<div class=\"wide\" tabindex=\"0\"><table>\n<thead><tr>".to_owned();
    for column in part.iter().chain(&columns).chain(&["value"]) {
        let _ = write!(text, "<th scope=\"col\">{}</th>", escape(column));
    }
    text.push_str("</tr></thead>\n<tbody>\n");
    for sample in &samples {
        text.push_str("<tr>");
        if has_parts {
            cell(&mut text, "part", sample.name.strip_prefix(name).unwrap_or_default());
        }
        for column in &columns {
            let value = sample.labels.iter().find(|(label, _)| label == column);
            cell(&mut text, column, value.map_or("", |(_, value)| value));
        }
        cell(&mut text, "value", sample.value);
        text.push_str("</tr>\n");
    }
    text.push_str("</tbody>\n</table></div>\n");
    text
}

fn cell(text: &mut String, column: &str, value: &str) {
    let class = if column == "value" { " class=\"number\"" } else { "" };
    let _ = write!(text, "<td{class} data-name=\"{}\">{}</td>", escape(column), escape(value));
}

fn sample(line: &str) -> Sample<'_> {
    let end = line.find(['{', ' ']).unwrap_or(line.len());
    let (name, mut rest) = line.split_at(end);
    let mut labels = Vec::new();
    if let Some(after) = rest.strip_prefix('{') {
        rest = after;
        while let Some((label, quoted)) = rest.split_once("=\"") {
            if rest.starts_with('}') {
                break;
            }
            let (value, after) = unquote(quoted);
            labels.push((label, value));
            rest = after.trim_start_matches(',');
        }
        rest = rest.trim_start_matches('}');
    }
    Sample { name, labels, value: rest.trim_start() }
}

/// A label value up to its closing quote, without its escapes, and what follows that.
fn unquote(quoted: &str) -> (String, &str) {
    let (mut value, mut escaped) = (String::new(), false);
    for (index, character) in quoted.char_indices() {
        match character {
            'n' if escaped => value.push('\n'),
            other if escaped => value.push(other),
            '\\' => {
                escaped = true;
                continue;
            }
            '"' => return (value, &quoted[index + 1..]),
            other => value.push(other),
        }
        escaped = false;
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, lines: &[&str], expected: &[&[&str]]) {
        let table = table(name, lines);
        let rows = table.split("<tr>").skip(1).map(|row| {
            let cells =
                row.split(['<']).filter(|tag| tag.starts_with("td") || tag.starts_with("th "));
            cells.map(|cell| cell.split_once('>').unwrap().1.trim_end()).collect::<Vec<_>>()
        });
        assert_eq!(rows.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_label_is_a_column_whatever_its_value() {
        check(
            "node_size",
            &[
                r#"node_size{device="a} b",mount="/x=\"y\\\n"} 1e+06"#,
                r#"node_size{fs="&"} NaN 17"#,
            ],
            &[
                &["device", "mount", "fs", "value"],
                &["a} b", "/x=&quot;y\\", "", "1e+06"],
                &["", "", "&amp;", "NaN 17"],
            ],
        );
        check("up", &["up 1"], &[&["value"], &["1"]]);
    }

    #[test]
    fn lines_of_a_histogram_have_a_column_for_their_part() {
        check(
            "latency",
            &[r#"latency_bucket{le="+Inf"} 3"#, "latency_count 3"],
            &[&["part", "le", "value"], &["_bucket", "+Inf", "3"], &["_count", "", "3"]],
        );
    }
}
