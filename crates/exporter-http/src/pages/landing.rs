//! The first page: what this is, how its collectors are, and where everything else is.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use exporter_runtime::{CollectorStatus, RunState};

use super::{durations, encode, escape, for_people, frame};
use crate::options::WebOptions;

/// The last page of metrics that was sent.
#[derive(Clone, Debug)]
pub(crate) struct LastScrape {
    /// When it was ready.
    pub(crate) ended: Instant,
    /// From the request to its first byte.
    pub(crate) duration: Duration,
    /// The address of the client.
    pub(crate) client: String,
    /// What the client calls itself, `Prometheus/3.5.0`; empty where it sends no User-Agent.
    pub(crate) user_agent: String,
}

pub(crate) fn render(
    options: &WebOptions,
    collectors: &[CollectorStatus],
    scrape: Option<&LastScrape>,
) -> String {
    let (name, version) = (escape(&options.name), escape(&options.version));
    let metrics = escape(options.telemetry_path.trim_start_matches('/'));
    let mut body = format!(
        "<h1>{name}</h1>\n<p class=\"faint\">A Prometheus exporter, version {version}.</p>\n<p><a href=\"{metrics}\">Metrics</a> · \
         <a href=\"-/healthy\">Health</a> · <a href=\"-/ready\">Readiness</a> · <a href=\"sd\">Service discovery</a>"
    );
    if options.debug {
        body.push_str(" · <a href=\"config\">Configuration</a>");
    }
    body.push_str("</p>\n");
    write_summary(&mut body, collectors);
    write_scrape(&mut body, scrape);
    body.push_str("<h2>Collectors</h2>\n");
    if collectors.is_empty() {
        body.push_str("<p>No collector runs.</p>\n");
        return frame(&options.name, "", &body);
    }
    body.push_str(
        "<div class=\"wide\" tabindex=\"0\"><table>\n<thead><tr><th scope=\"col\">Collector</th><th scope=\"col\">State</th>\
         <th scope=\"col\">Last run</th><th scope=\"col\">Duration</th><th scope=\"col\">Samples</th>\
         <th scope=\"col\">Last 20 runs</th></tr></thead>\n<tbody>\n",
    );
    let mut rows: Vec<(&CollectorStatus, State)> =
        collectors.iter().map(|collector| (collector, State::of(collector))).collect();
    // A stable sort: within a state, collectors stay in the order of their names.
    rows.sort_by_key(|(_, state)| *state);
    for (collector, state) in rows {
        row(&mut body, collector, state);
    }
    body.push_str("</tbody>\n</table></div>\n");
    form(&mut body, &metrics, collectors);
    frame(&options.name, "", &body)
}

/// How a collector is, in the order in which they are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum State {
    Failing,
    /// Its last run left something out.
    Partial,
    Ok,
    NotRunYet,
    Unavailable,
}

impl State {
    fn of(collector: &CollectorStatus) -> Self {
        if collector.failing_for.is_some() || matches!(collector.state, RunState::Overdue(_)) {
            return Self::Failing;
        }
        match &collector.last {
            None => Self::NotRunYet,
            Some(last) if !last.omissions.is_empty() => Self::Partial,
            Some(last) if last.result.is_ok() => Self::Ok,
            Some(_) => Self::Unavailable,
        }
    }
}

/// `3 of 80 collectors failing`, and `76 ok · 1 without a source here`.
fn write_summary(body: &mut String, collectors: &[CollectorStatus]) {
    let count = |state| collectors.iter().filter(|it| State::of(it) == state).count();
    let (failing, all) = (count(State::Failing), collectors.len());
    let class = if failing > 0 { "bad" } else { "" };
    let mut parts = vec![format!("{} ok", count(State::Ok))];
    for (state, words) in [
        (State::Partial, "partly read"),
        (State::NotRunYet, "not run yet"),
        (State::Unavailable, "without a source here"),
    ] {
        if count(state) > 0 {
            parts.push(format!("{} {words}", count(state)));
        }
    }
    let _ = writeln!(
        body,
        "<p class=\"{class}\">{failing} of {all} collectors failing</p>\n<p>{}</p>",
        parts.join(" · ")
    );
}

fn write_scrape(body: &mut String, scrape: Option<&LastScrape>) {
    let Some(scrape) = scrape else {
        body.push_str("<p class=\"faint\">No scrape yet.</p>\n");
        return;
    };
    let agent = match scrape.user_agent.as_str() {
        "" => String::new(),
        agent => format!(" ({})", escape(agent)),
    };
    let _ = writeln!(
        body,
        "<p>Last scrape {} ago by {}{agent}; the page took {}.</p>",
        for_people(scrape.ended.elapsed()),
        escape(&scrape.client),
        for_people(scrape.duration)
    );
}

fn row(body: &mut String, collector: &CollectorStatus, state: State) {
    let (text, class) = state_text(collector, state);
    let (mut ago, mut duration, mut samples, mut reasons) =
        (String::new(), String::new(), String::new(), Vec::new());
    if matches!(collector.state, RunState::Overdue(_)) {
        let reason = "its run exceeds its time-out (scrape.timeout); no other run begins before this one ends";
        reasons.push(reason.to_owned());
    }
    if let Some(last) = &collector.last {
        ago = format!("{} ago", for_people(last.ago));
        duration = for_people(last.duration);
        match &last.result {
            Ok(number) => samples = number.to_string(),
            Err(failure) => reasons.push(escape(&failure.message)),
        }
        reasons.extend(last.omissions.iter().take(3).map(|it| escape(&it.to_string())));
    }
    // Writing to a string does not fail.
    let _ = writeln!(
        body,
        "<tr><td><a href=\"collectors/{}\">{}</a></td><td class=\"{class}\">{text}</td>\
         <td class=\"number\" data-name=\"Last run\">{ago}</td><td class=\"number\" data-name=\"Duration\">{duration}</td>\
         <td class=\"number\" data-name=\"Samples\">{samples}</td><td>{}</td></tr>",
        encode(&collector.name),
        escape(&collector.name),
        durations::drawing(&collector.times)
    );
    for reason in reasons {
        let _ = writeln!(body, "<tr class=\"why\"><td></td><td colspan=\"5\">{reason}</td></tr>");
    }
}

/// The state in words, and its class.
fn state_text(collector: &CollectorStatus, state: State) -> (String, &'static str) {
    let text = match (collector.state, state) {
        (RunState::Overdue(time), _) => {
            return (format!("overdue for {}", for_people(time)), "bad");
        }
        (_, State::Failing) => {
            let reason = collector.last.as_ref().and_then(|last| last.result.as_ref().err());
            let reason = reason.map_or("timeout", |failure| failure.reason.as_str());
            let time = collector.failing_for.map(for_people).unwrap_or_default();
            return (format!("failing for {time} ({reason})"), "bad");
        }
        (RunState::Running(time), _) => format!("running for {}", for_people(time)),
        (RunState::Idle, State::Partial) => return ("partly read".to_owned(), "bad"),
        (RunState::Idle, State::Ok) => "ok".to_owned(),
        (RunState::Idle, State::NotRunYet) => return ("not run yet".to_owned(), "faint"),
        (RunState::Idle, State::Unavailable) => {
            return ("has no source here".to_owned(), "faint");
        }
    };
    (text, "")
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
