//! The first page: what this is, how its collectors are, and where everything else is.

use std::fmt::Write as _;

use exporter_runtime::{CollectorStatus, Reason, RunState};

use super::{encode, escape, frame, told};
use crate::options::WebOptions;

pub(crate) fn render(options: &WebOptions, collectors: &[CollectorStatus]) -> String {
    let (name, version) = (escape(&options.name), escape(&options.version));
    let metrics = escape(options.telemetry_path.trim_start_matches('/'));
    let mut body = format!(
        "<h1>{name}</h1>\n<p class=\"faint\">A Prometheus exporter, version {version}.</p>\n<p><a href=\"{metrics}\">Metrics</a> · \
         <a href=\"-/healthy\">Health</a> · <a href=\"-/ready\">Readiness</a> · <a href=\"sd\">Service discovery</a>"
    );
    if options.debug {
        body.push_str(" · <a href=\"config\">Configuration</a>");
    }
    body.push_str("</p>\n<h2>Collectors</h2>\n");
    if collectors.is_empty() {
        body.push_str("<p>None runs.</p>\n");
        return frame(&options.name, "", &body);
    }
    body.push_str(
        "<div class=\"wide\" tabindex=\"0\"><table>\n<thead><tr><th scope=\"col\">Collector</th><th scope=\"col\">State</th>\
         <th scope=\"col\">Last run</th><th scope=\"col\">Took</th><th scope=\"col\">Samples</th></tr></thead>\n<tbody>\n",
    );
    for collector in collectors {
        row(&mut body, collector);
    }
    body.push_str("</tbody>\n</table></div>\n");
    form(&mut body, &metrics, collectors);
    frame(&options.name, "", &body)
}

fn row(body: &mut String, collector: &CollectorStatus) {
    let name = escape(&collector.name);
    let (state, class) = match (collector.state, &collector.last) {
        (RunState::Overdue(time), _) => (format!("overdue, for {}", told(time)), "bad"),
        (RunState::Running(time), _) => (format!("running, for {}", told(time)), ""),
        (RunState::Idle, None) => ("not asked yet".to_owned(), "faint"),
        (RunState::Idle, Some(last)) => match &last.result {
            Ok(_) => ("well".to_owned(), ""),
            Err(failure) if failure.reason == Reason::Unavailable => {
                ("has no source here".to_owned(), "faint")
            }
            Err(failure) => (format!("failed ({})", failure.reason.as_str()), "bad"),
        },
    };
    let (mut ago, mut took, mut samples, mut error) = Default::default();
    if let Some(last) = &collector.last {
        ago = format!("{} ago", told(last.ago));
        took = told(last.duration);
        match &last.result {
            Ok(number) => samples = number.to_string(),
            Err(failure) => error = escape(&failure.message),
        }
    }
    // Writing to a string does not fail.
    let _ = writeln!(
        body,
        "<tr><td><a href=\"collectors/{}\">{name}</a></td><td class=\"{class}\">{state}</td>\
         <td class=\"number\" data-name=\"Last run\">{ago}</td><td class=\"number\" data-name=\"Took\">{took}</td>\
         <td class=\"number\" data-name=\"Samples\">{samples}</td></tr>",
        encode(&collector.name)
    );
    if !error.is_empty() {
        let _ = writeln!(body, "<tr class=\"why\"><td></td><td colspan=\"4\">{error}</td></tr>");
    }
}

/// What asks for the metrics of some collectors.
fn form(body: &mut String, metrics: &str, collectors: &[CollectorStatus]) {
    let _ = write!(
        body,
        "<h2>Metrics of some collectors</h2>\n<form action=\"{metrics}\" method=\"get\">\n<fieldset>\n<legend>Collectors</legend>\n"
    );
    for name in collectors.iter().map(|collector| escape(&collector.name)) {
        let _ = writeln!(
            body,
            "<label><input type=\"checkbox\" name=\"collect[]\" value=\"{name}\"> {name}</label>"
        );
    }
    body.push_str("</fieldset>\n<button>Show</button>\n</form>\n");
}
