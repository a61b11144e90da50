//! The exposition formats, and which of them a scraper wants.

use std::borrow::Cow;

/// An exposition format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Format {
    /// Prometheus' text format, version 0.0.4.
    #[default]
    Text,
    /// OpenMetrics as it was called before it was finished. The page is that of 1.0.0.
    OpenMetrics001,
    /// OpenMetrics 1.0.0.
    OpenMetrics100,
}

impl Format {
    pub(crate) fn is_openmetrics(self) -> bool {
        self != Self::Text
    }

    const fn content_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics001 => "application/openmetrics-text; version=0.0.1; charset=utf-8",
            Self::OpenMetrics100 => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }

    /// The format of a media type with this version; without one, the oldest.
    fn of(media_type: &str, version: Option<&str>) -> Option<Self> {
        match (media_type, version) {
            ("text/plain", None | Some("0.0.4")) | ("*/*" | "text/*", None) => Some(Self::Text),
            ("application/openmetrics-text", None | Some("0.0.1")) => Some(Self::OpenMetrics001),
            ("application/openmetrics-text", Some("1.0.0")) => Some(Self::OpenMetrics100),
            _ => None,
        }
    }
}

/// What a page is sent as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ContentType {
    /// The format.
    pub format: Format,
    /// How names that not every scraper reads are to be changed for this one. Those of our metrics all read, so it is
    /// only repeated.
    escaping: Option<&'static str>,
}

/// The schemes that scrapers may name.
const ESCAPINGS: [&str; 4] = ["allow-utf-8", "underscores", "dots", "values"];

impl ContentType {
    /// What the `Accept` header of a request asks for, by RFC 9110, section 12.5.1: of what we have, the range with the
    /// highest quality, the first of several. OpenMetrics is had where `openmetrics` says so. Where nothing fits, text is
    /// sent all the same, as every exporter does.
    pub fn negotiate(accept: &str, openmetrics: bool) -> Self {
        let mut best: Option<(f64, Self)> = None;
        for (quality, content_type) in accept.split(',').filter_map(range) {
            let had = openmetrics || content_type.format == Format::Text;
            let better = best.is_none_or(|(so_far, _)| quality > so_far);
            if had && quality > 0.0 && better {
                best = Some((quality, content_type));
            }
        }
        best.map(|(_, content_type)| content_type).unwrap_or_default()
    }

    /// The value of the header `Content-Type`.
    pub fn header(self) -> Cow<'static, str> {
        let content_type = self.format.content_type();
        match self.escaping {
            Some(escaping) => format!("{content_type}; escaping={escaping}").into(),
            None => content_type.into(),
        }
    }
}

/// Reads one range of an `Accept` header: `application/openmetrics-text;version=1.0.0;q=0.5`.
fn range(text: &str) -> Option<(f64, ContentType)> {
    let mut parts = text.split(';').map(str::trim);
    let media_type = parts.next()?.to_ascii_lowercase();
    let (mut quality, mut version, mut escaping) = (1.0, None, None);
    for parameter in parts {
        let (name, value) = parameter.split_once('=')?;
        let value = value.trim().trim_matches('"');
        match name.trim().to_ascii_lowercase().as_str() {
            "q" => quality = value.parse::<f64>().ok().filter(|q| (0.0..=1.0).contains(q))?,
            "version" => version = Some(value),
            "escaping" => escaping = ESCAPINGS.into_iter().find(|known| *known == value),
            _ => {}
        }
    }
    let format = Format::of(&media_type, version)?;
    Some((quality, ContentType { format, escaping }))
}

/// Whether the `Accept-Encoding` header of a request allows gzip.
pub fn accepts_gzip(accept_encoding: &str) -> bool {
    let mut wildcard = false;
    for coding in accept_encoding.split(',') {
        let (name, quality) = coding.split_once(';').unwrap_or((coding, "q=1"));
        let quality = quality.trim().strip_prefix("q=").and_then(|q| q.trim().parse::<f64>().ok());
        let allowed = quality.is_some_and(|quality| quality > 0.0);
        match name.trim().to_ascii_lowercase().as_str() {
            "gzip" | "x-gzip" => return allowed,
            "*" => wildcard = allowed,
            _ => {}
        }
    }
    wildcard
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";
    const OM_0: &str = "application/openmetrics-text; version=0.0.1; charset=utf-8";
    const OM_1: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    const OM_UTF8: &str =
        "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=allow-utf-8";

    /// What Prometheus 3 sends, without and with native histograms.
    const PROMETHEUS: &str = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
    const PROMETHEUS_NATIVE: &str = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1";

    #[test]
    fn every_scraper_gets_what_it_reads() {
        let table = [
            (PROMETHEUS, TEXT, OM_UTF8),
            (PROMETHEUS_NATIVE, TEXT, OM_UTF8),
            // Prometheus 2.
            (
                "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
                TEXT,
                OM_1,
            ),
            // vmagent.
            ("text/plain;version=0.0.4;q=1,*/*;q=0.1", TEXT, TEXT),
            // curl, nobody, a browser.
            ("*/*", TEXT, TEXT),
            ("", TEXT, TEXT),
            (
                "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
                TEXT,
                TEXT,
            ),
            ("application/openmetrics-text", TEXT, OM_0),
            ("application/openmetrics-text; version=0.0.1", TEXT, OM_0),
            ("Application/OpenMetrics-Text; Version=\"1.0.0\"; Charset=utf-8", TEXT, OM_1),
            ("application/openmetrics-text; version=2.0.0, text/plain;q=0.1", TEXT, TEXT),
            ("text/plain;q=0.5, application/openmetrics-text;version=1.0.0;q=0.5", TEXT, TEXT),
            ("application/openmetrics-text;version=1.0.0;q=0", TEXT, TEXT),
            ("application/openmetrics-text;version=1.0.0;q=0.001,*/*;q=0", TEXT, OM_1),
            (
                "text/plain;escaping=underscores",
                "text/plain; version=0.0.4; charset=utf-8; escaping=underscores",
                "text/plain; version=0.0.4; charset=utf-8; escaping=underscores",
            ),
            ("text/plain;escaping=nonsense", TEXT, TEXT),
            // Nothing that we have, and nonsense.
            ("application/json", TEXT, TEXT),
            ("application/vnd.google.protobuf", TEXT, TEXT),
            (";;;,,q=1,text/plain;q=x,*/*;q=9,\u{fffd}", TEXT, TEXT),
        ];
        for (accept, text, openmetrics) in table {
            assert_eq!(ContentType::negotiate(accept, false).header(), text, "{accept}");
            assert_eq!(ContentType::negotiate(accept, true).header(), openmetrics, "{accept}");
        }
    }

    #[test]
    fn gzip_is_sent_to_those_who_take_it() {
        for yes in
            ["gzip", "GZIP", "deflate, gzip", "gzip;q=0.5", "br, *", "x-gzip", "gzip ; q=1.0"]
        {
            assert!(accepts_gzip(yes), "{yes}");
        }
        for no in ["", "identity", "gzip;q=0", "*;q=0", "gzip;q=x", "br", "*, gzip;q=0"] {
            assert!(!accepts_gzip(no), "{no}");
        }
    }
}
