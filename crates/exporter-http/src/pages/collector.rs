//! The page of one collector: its metrics, with what they are now, and its configuration.

use std::fmt::Write as _;

use exporter_exposition::{Encoder, Format, Page, Piece};
use exporter_runtime::CollectorStatus;
use exporter_sdk::{Family, Omission};
use serde::Deserialize;

use super::{durations, escape, for_people, frame, samples};

/// What is looked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Query {
    pub(crate) q: String,
}

/// More lines of a metric than these are not shown; its page of metrics has them.
const LINES: usize = 50;

/// `page` has the samples of this collector; `config` is its configuration, where that may be shown.
pub(crate) fn render(
    collector: &CollectorStatus,
    telemetry_path: &str,
    page: Page,
    config: Option<&str>,
    query: &Query,
) -> String {
    let (name, wanted) = (escape(&collector.name), query.q.to_lowercase());
    let all = format!(
        "..{}/{}",
        escape(telemetry_path.trim_end_matches('/')),
        super::encode(&collector.name)
    );
    let mut body = format!(
        "<p><a href=\"../\">All collectors</a></p>\n<h1>{name}</h1>\n<p class=\"faint\">{}</p>\n\
         <p><a href=\"{all}\">Its page of metrics</a></p>\n<form method=\"get\">\n\
         <label>Search <input type=\"search\" name=\"q\" value=\"{}\"></label>\n<button>Search</button>\n</form>\n",
        escape(collector.description),
        escape(&query.q)
    );
    write_last_run(&mut body, collector);
    write_omissions(&mut body, collector);
    let text = lines(page);
    let mut shown = 0;
    for family in families(collector, &text) {
        let lines: Vec<&str> =
            text.iter().filter(|line| family.has(line)).map(String::as_str).collect();
        let lines = family.matching(&wanted, lines);
        let Some(lines) = lines else { continue };
        shown += 1;
        family.write(&mut body, &lines);
    }
    if shown == 0 {
        body.push_str("<p>No metric is like that.</p>\n");
    }
    if let Some(config) = config {
        let _ =
            write!(body, "<h2>Configuration</h2>\n<pre tabindex=\"0\">{}</pre>\n", escape(config));
    }
    frame(&collector.name, "../", &body)
}

/// How the last run went, and how long the ones before it took.
fn write_last_run(body: &mut String, collector: &CollectorStatus) {
    let Some(last) = &collector.last else { return };
    let _ = writeln!(
        body,
        "<p>{} Last run {} ago, {}.</p>",
        durations::drawing(&collector.times),
        for_people(last.ago),
        for_people(last.duration)
    );
    if let Err(failure) = &last.result {
        let since = collector
            .failing_for
            .map_or_else(String::new, |time| format!("Failing for {}: ", for_people(time)));
        let _ = writeln!(body, "<p class=\"bad\">{since}{}</p>", escape(&failure.message));
    }
}

/// What the last run left out.
fn write_omissions(body: &mut String, collector: &CollectorStatus) {
    let omissions = collector.last.as_ref().map_or(&[][..], |last| &last.omissions);
    if omissions.is_empty() {
        return;
    }
    body.push_str("<h2>Left out of the last run</h2>\n<ul>\n");
    for Omission { place, reason } in omissions {
        let _ = writeln!(
            body,
            "<li class=\"bad\"><code>{}</code>: {}</li>",
            escape(place),
            escape(reason)
        );
    }
    body.push_str("</ul>\n");
}

/// A metric as it is shown.
struct Shown {
    name: String,
    kind: String,
    help: String,
    labels: String,
}

impl Shown {
    fn of(family: &Family) -> Self {
        let labels: Vec<&str> =
            family.labels().chain(family.const_labels().map(|(name, _)| name)).collect();
        Self {
            name: family.name().to_owned(),
            kind: family.kind().to_string(),
            help: family.help().to_owned(),
            labels: labels.join(", "),
        }
    }

    /// Whether a line of a page is one of its samples.
    fn has(&self, line: &str) -> bool {
        let Some(rest) = line.strip_prefix(&self.name) else { return false };
        let rest = ["_bucket", "_sum", "_count"]
            .into_iter()
            .find_map(|part| rest.strip_prefix(part))
            .unwrap_or(rest);
        rest.starts_with(['{', ' '])
    }

    /// The lines to be shown: all where the metric itself is like what is looked for, else those that are.
    fn matching<'l>(&self, wanted: &str, lines: Vec<&'l str>) -> Option<Vec<&'l str>> {
        let is_like = |text: &str| text.to_lowercase().contains(wanted);
        if is_like(&self.name) || is_like(&self.help) {
            return Some(lines);
        }
        let lines: Vec<&str> = lines.into_iter().filter(|line| is_like(line)).collect();
        (!lines.is_empty()).then_some(lines)
    }

    fn write(&self, body: &mut String, lines: &[&str]) {
        let Self { name, kind, help, labels } = self;
        let labels =
            if labels.is_empty() { String::new() } else { format!("; labels: {}", escape(labels)) };
        let _ = write!(
            body,
            "<h2><code>{name}</code></h2>\n<p>{} <span class=\"faint\">{kind}{labels}</span></p>\n",
            escape(help)
        );
        if lines.is_empty() {
            body.push_str("<p class=\"faint\">No samples now.</p>\n");
            return;
        }
        body.push_str(&samples::table(name, &lines[..lines.len().min(LINES)]));
        if lines.len() > LINES {
            let _ = writeln!(body, "<p class=\"faint\">And {} more.</p>", lines.len() - LINES);
        }
    }
}

/// What the collector described, and what it added since.
fn families(collector: &CollectorStatus, text: &[String]) -> Vec<Shown> {
    let mut all: Vec<Shown> = collector.families.iter().map(Shown::of).collect();
    for line in text {
        let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|rest| rest.split_once(' '))
        else {
            continue;
        };
        if !name.starts_with("exporter_") && !all.iter().any(|family| family.name == name) {
            let (name, kind) = (name.to_owned(), kind.to_owned());
            all.push(Shown { name, kind, help: String::new(), labels: String::new() });
        }
    }
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all
}

/// The lines of a page, of which a browser shows no more than these.
fn lines(page: Page) -> Vec<String> {
    const MOST: usize = 100_000;
    let (mut encoder, mut piece, mut lines) =
        (Encoder::new(page, Format::Text), Piece::new(512 * 1024), Vec::new());
    loop {
        let more = encoder.fill(&mut piece);
        lines.extend(String::from_utf8_lossy(piece.as_ref()).lines().map(str::to_owned));
        if !more || lines.len() > MOST {
            return lines;
        }
    }
}
