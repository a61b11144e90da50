//! The durations of a collector's last runs as a drawing: a bar for each, the longest as high as the drawing.

use std::fmt::Write as _;

use exporter_runtime::RunTime;

use super::for_people;

/// In the units of the drawing.
const BAR: usize = 4;
const HEIGHT: u32 = 20;

/// An inline SVG, whose text alternative says the shortest and the longest duration; empty without runs.
pub(super) fn drawing(times: &[RunTime]) -> String {
    let durations = || times.iter().map(|time| time.duration);
    let (Some(shortest), Some(longest)) = (durations().min(), durations().max()) else {
        return String::new();
    };
    let label = format!(
        "Durations of the last {} runs: {} to {}",
        times.len(),
        for_people(shortest),
        for_people(longest)
    );
    let (width, mut svg) = (times.len() * BAR, String::new());
    // Writing to a string does not fail.
    let _ = write!(
        svg,
        "<svg role=\"img\" aria-label=\"{label}\" width=\"{width}\" height=\"{HEIGHT}\" viewBox=\"0 0 {width} {HEIGHT}\">\
         <title>{label}</title>"
    );
    for (index, time) in times.iter().enumerate() {
        let share = time.duration.as_secs_f64() / longest.as_secs_f64().max(f64::MIN_POSITIVE);
        let height = (share * f64::from(HEIGHT)).max(1.0);
        let class = if time.failed { "bad" } else { "bar" };
        let _ = write!(
            svg,
            "<rect class=\"{class}\" x=\"{}\" y=\"{:.1}\" width=\"3\" height=\"{height:.1}\"/>",
            index * BAR,
            f64::from(HEIGHT) - height
        );
    }
    svg.push_str("</svg>");
    svg
}
