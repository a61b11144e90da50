//! Pages for people: they need no script, have links that hold wherever they are served, and fetch nothing from elsewhere.

mod collector;
mod discovery;
mod durations;
mod landing;
mod samples;

use std::time::Duration;

pub(crate) use self::collector::{Query, render as collector};
pub(crate) use self::discovery::render as discovery;
pub(crate) use self::landing::{LastScrape, render as landing};

/// The header that keeps a page from doing anything but what it is for.
pub(crate) const POLICY: &str = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; \
                                 frame-ancestors 'none'";

/// How all of them look, in light and in dark, on a large and on a small screen.
pub(crate) const STYLE: &str = include_str!("pages/style.css");

/// A page with this title; `root` leads from it to the exporter's first page.
fn frame(title: &str, root: &str, body: &str) -> String {
    let title = escape(title);
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n\
         <link rel=\"stylesheet\" href=\"{root}style.css\">\n</head>\n<body>\n<main>\n\
         {body}</main>\n</body>\n</html>\n"
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A part of a path or a query.
fn encode(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// A duration for people: `1.23 ms`, `3.4 s`, `5 min`.
fn for_people(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    match seconds {
        _ if seconds < 0.1 => format!("{:.2} ms", seconds * 1e3),
        _ if seconds < 120.0 => format!("{seconds:.1} s"),
        _ if seconds < 7200.0 => format!("{:.0} min", seconds / 60.0),
        _ => format!("{:.0} h", seconds / 3600.0),
    }
}
