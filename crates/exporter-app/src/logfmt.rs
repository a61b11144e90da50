//! Logfmt, as the Prometheus programs write it: `ts=… level=info msg="…" key=value`.
//!
//! Values are quoted as JSON strings where they need it, because that is what the readers of logfmt undo; the formatter at
//! hand for tracing escapes more than JSON knows (`\'`), and a line with an apostrophe could not be read.

use std::fmt;

use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

pub(crate) struct Logfmt;

impl<S, N> FormatEvent<S, N> for Logfmt
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        writer.write_str("ts=")?;
        SystemTime.format_time(&mut writer)?;
        let level = event.metadata().level().as_str().to_ascii_lowercase();
        write!(writer, " level={level}")?;
        let mut fields = Fields(String::new());
        event.record(&mut fields);
        writeln!(writer, "{}", fields.0)
    }
}

/// The fields of an event, each with a space before it.
struct Fields(String);

impl Fields {
    fn push(&mut self, field: &Field, value: &str) {
        let key = if field.name() == "message" { "msg" } else { field.name() };
        self.0.push(' ');
        self.0.push_str(key);
        self.0.push('=');
        let bare = |c: char| c > ' ' && c != '"' && c != '=' && c != '\\' && !c.is_control();
        if !value.is_empty() && value.chars().all(bare) {
            self.0.push_str(value);
        } else {
            self.0.push_str(&serde_json::Value::from(value).to_string());
        }
    }
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.push(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.push(field, &format!("{value:?}"));
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::prelude::*;

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn check(log: impl FnOnce(), expected: &str) {
        let lines = Lines::default();
        let writer = lines.clone();
        let layer = tracing_subscriber::fmt::layer().event_format(Logfmt);
        let layer = layer.with_writer(move || writer.clone());
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), log);
        let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        let (time, rest) = text.split_once(' ').unwrap();
        assert!(time.starts_with("ts=20") && time.ends_with('Z'), "{time}");
        assert_eq!(rest, format!("{expected}\n"));
    }

    #[test]
    fn values_are_quoted_where_they_need_it_and_as_json() {
        check(|| tracing::info!("Started"), "level=info msg=Started");
        let (error, none) = ("can't open \"x\":\n\\ = é\u{1}", "");
        check(
            || tracing::error!(error, none, count = 3, ratio = 0.5, ok = true, "It failed"),
            r#"level=error msg="It failed" error="can't open \"x\":\n\\ = é\u0001" none="" count=3 ratio=0.5 ok=true"#,
        );
    }
}
