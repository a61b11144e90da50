//! A bar for each server, as long as its scrape costs.

use std::fmt::Write as _;

use crate::report::Costs;

const ROW: usize = 30;
const NAMES: f64 = 270.0;
const WIDTH: f64 = 420.0;

/// The picture, as SVG, cheapest first. It has colours that can be seen on light and on dark pages.
pub(crate) fn draw(costs: &Costs) -> String {
    let base = costs.first().map_or(1.0, |(_, cost)| *cost);
    let mut rows = costs.clone();
    rows.sort_by(|(_, a), (_, b)| a.total_cmp(b));
    let longest = rows.last().map_or(1.0, |(_, cost)| *cost);
    let height = rows.len() * ROW + 70;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 860 {height}\" role=\"img\" \
         font-family=\"system-ui, sans-serif\" font-size=\"14\">\n\
         <title>CPU time of one scrape of 100,000 series</title>\n\
         <style>text {{ fill: #57606a }} @media (prefers-color-scheme: dark) {{ text {{ fill: #adbac7 }} }}</style>\n\
         <text x=\"0\" y=\"20\" font-size=\"16\">CPU time of one scrape of 100,000 series, uncompressed</text>\n"
    );
    for (row, (name, cost)) in rows.iter().enumerate() {
        let (y, length) = (row * ROW + 40, (cost / longest * WIDTH).max(1.0));
        let ours = *name == costs[0].0;
        let colour = if ours { "#e6522c" } else { "#8296b0" };
        let weight = if ours { " font-weight=\"bold\"" } else { "" };
        let (middle, after) = (y + 15, NAMES + length + 8.0);
        let (milliseconds, times) = (cost * 1e3, cost / base);
        let name = name.trim_end_matches(" + actix-web");
        // Writing to a string does not fail.
        let _ = writeln!(
            svg,
            "<text x=\"0\" y=\"{middle}\"{weight}>{name}</text>\
             <rect x=\"{NAMES}\" y=\"{y}\" width=\"{length:.1}\" height=\"20\" rx=\"2\" fill=\"{colour}\"/>\
             <text x=\"{after:.1}\" y=\"{middle}\"{weight}>{milliseconds:.1} ms ({times:.1} times)</text>"
        );
    }
    let y = height - 8;
    let _ = writeln!(
        svg,
        "<text x=\"0\" y=\"{y}\" font-size=\"12\">`cargo xtask bench`; medians of one run on two cores. \
         \"Fixed bytes\" is what the web server and the kernel need for a page of this size.</text>\n</svg>"
    );
    svg
}
