//! The exposition formats, and which of them a scraper wants.

use std::borrow::Cow;
use std::cmp::Reverse;

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

    /// How closely a range of media types names the format, if it does. Without a version, the oldest is meant.
    fn closeness(self, media_type: &str, version: Option<&str>) -> Option<u8> {
        let (name, group, own) = match self {
            Self::Text => ("text/plain", "text/*", "0.0.4"),
            Self::OpenMetrics001 => (OPENMETRICS, "application/*", "0.0.1"),
            Self::OpenMetrics100 => (OPENMETRICS, "application/*", "1.0.0"),
        };
        let oldest = self != Self::OpenMetrics100;
        match version {
            Some(version) => (media_type == name && version == own).then_some(NAMED + 1),
            None if media_type == name => oldest.then_some(NAMED),
            None if media_type == group => Some(1),
            None => (media_type == "*/*").then_some(0),
        }
    }
}

/// How closely a range is that names a media type, with or without a version.
const NAMED: u8 = 2;

const OPENMETRICS: &str = "application/openmetrics-text";

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
    /// What the `Accept` header of a request asks for, by RFC 9110, section 12.5.1: for each format that we have, the range
    /// that names it most closely says its quality, and the format with the highest is sent; of several, the one that is
    /// named most closely, then first. OpenMetrics is had where `openmetrics` says so. Where nothing fits, text is sent all
    /// the same, as every exporter does.
    pub fn negotiate(accept: &str, openmetrics: bool) -> Self {
        let had: &[Format] = if openmetrics {
            &[Format::Text, Format::OpenMetrics100, Format::OpenMetrics001]
        } else {
            &[Format::Text]
        };
        let ranges: Vec<Range<'_>> = accept.split(',').filter_map(Range::read).collect();
        let mut best: Option<(Choice, Self)> = None;
        for &format in had {
            let closest = ranges.iter().enumerate().filter_map(|(place, range)| {
                let closeness = format.closeness(&range.media_type, range.version)?;
                Some((closeness, Reverse(place), range))
            });
            let closest = closest.max_by_key(|(closeness, place, _)| (*closeness, *place));
            let Some((closeness, place, range)) = closest.filter(|(_, _, it)| it.quality > 0)
            else {
                continue;
            };
            let choice = (range.quality, closeness.min(NAMED), place);
            if best.as_ref().is_none_or(|(so_far, _)| choice > *so_far) {
                best = Some((choice, Self { format, escaping: range.escaping }));
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

/// By quality, closeness and place.
type Choice = (u16, u8, Reverse<usize>);

/// One range of an `Accept` header: `application/openmetrics-text;version=1.0.0;q=0.5`.
struct Range<'a> {
    media_type: String,
    version: Option<&'a str>,
    escaping: Option<&'static str>,
    quality: u16,
}

impl<'a> Range<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let (name, parameters) = text.split_once(';').unwrap_or((text, ""));
        let media_type = name.trim().to_ascii_lowercase();
        let mut range = Self { media_type, version: None, escaping: None, quality: BEST };
        for (name, value) in read_parameters(parameters) {
            match name.as_str() {
                "q" => range.quality = read_quality(value)?,
                "version" => range.version = Some(value),
                "escaping" => {
                    range.escaping = ESCAPINGS.into_iter().find(|known| *known == value);
                }
                _ => {}
            }
        }
        Some(range)
    }
}

/// Parameters with their names in lower case. What is none is passed over.
fn read_parameters(text: &str) -> impl Iterator<Item = (String, &str)> {
    text.split(';').filter_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        Some((name.trim().to_ascii_lowercase(), value.trim().trim_matches('"')))
    })
}

/// The quality of what has none, in thousandths, the smallest step there is.
const BEST: u16 = 1000;

fn read_quality(text: &str) -> Option<u16> {
    let quality = text.parse::<f64>().ok().filter(|quality| (0.0..=1.0).contains(quality))?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 1000")]
    let thousandths = (quality * f64::from(BEST)).ceil() as u16;
    Some(thousandths)
}

/// What the `Accept-Encoding` header of a request allows, by RFC 9110, section 12.5.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AcceptEncoding {
    /// Whether it takes gzip.
    pub gzip: bool,
    /// Whether it takes bytes as they are, which all do that do not say otherwise.
    pub identity: bool,
}

impl AcceptEncoding {
    /// Reads the value of the header, which is empty where there is none.
    pub fn read(accept_encoding: &str) -> Self {
        let (mut gzip, mut identity, mut others) = (None, None, None);
        for coding in accept_encoding.split(',') {
            let (name, parameters) = coding.split_once(';').unwrap_or((coding, ""));
            let quality = read_parameters(parameters).find(|(name, _)| name == "q");
            let allowed =
                quality.map_or(Some(BEST), |(_, text)| read_quality(text)).is_some_and(|q| q > 0);
            match name.trim().to_ascii_lowercase().as_str() {
                "gzip" | "x-gzip" => gzip = Some(allowed),
                "identity" => identity = Some(allowed),
                "*" => others = Some(allowed),
                _ => {}
            }
        }
        Self {
            gzip: gzip.or(others).unwrap_or(false),
            identity: identity.or(others).unwrap_or(true),
        }
    }
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
            // The range that names a format most closely says its quality, and of equals it is taken.
            ("text/plain;q=0.1, */*;q=0.9, application/openmetrics-text;q=0.5", TEXT, OM_1),
            ("*/*, application/openmetrics-text;version=1.0.0", TEXT, OM_1),
            ("text/*;q=0.3, text/plain;q=0, application/*;q=0.1", TEXT, OM_1),
            ("text/plain, */*;q=0.5", TEXT, TEXT),
            ("text/plain;q=0, */*;q=0", TEXT, TEXT),
            // Parameters that are none, or have names in upper case.
            ("application/openmetrics-text;version=1.0.0;", TEXT, OM_1),
            ("application/openmetrics-text;version=1.0.0;q=0.6;foo,*/*;Q=0.2", TEXT, OM_1),
            ("application/openmetrics-text ; version = 1.0.0", TEXT, OM_1),
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
    fn encodings_are_those_that_are_allowed() {
        for (header, gzip, identity) in [
            ("gzip", true, true),
            ("GZIP", true, true),
            ("deflate, gzip", true, true),
            ("gzip;q=0.5", true, true),
            ("gzip;Q=0.5", true, true),
            ("gzip;q=1;x=1", true, true),
            ("gzip;", true, true),
            ("br, *", true, true),
            ("x-gzip", true, true),
            ("gzip ; q=1.0", true, true),
            ("gzip, identity;q=0", true, false),
            ("*;q=0, gzip", true, false),
            ("*;q=0, gzip, identity;q=0.1", true, true),
            ("", false, true),
            ("identity", false, true),
            ("gzip;q=0", false, true),
            ("*;q=0", false, false),
            ("gzip;q=x", false, true),
            ("br", false, true),
            ("*, gzip;q=0", false, true),
        ] {
            let expected = AcceptEncoding { gzip, identity };
            assert_eq!(AcceptEncoding::read(header), expected, "{header}");
        }
    }
}
