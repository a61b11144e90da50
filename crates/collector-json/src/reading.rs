//! How the value of a metric is read.

use std::fmt::Write as _;

use bytesize::Unit;
use exporter_sdk::{Result, Value};

use crate::config::{Decimal, Format, MetricConfig, ValueConfig};
use crate::number::{self, Scale};
use crate::time::{self, Times};

/// What `format`, `layout`, `time_zone`, `decimal` and `factor` of a metric say.
pub(crate) struct Reading {
    format: Format,
    /// For `format: time`.
    times: Option<Times>,
    decimal: Option<Decimal>,
    /// Of numbers without a unit.
    scale: Scale,
}

impl Reading {
    pub(crate) fn new(config: &MetricConfig) -> Result<Self> {
        check(config)?;
        let zone = config.time_zone.as_deref();
        let times =
            (config.format == Format::Time).then(|| Times::new(config.layout.as_deref(), zone));
        let scale = match config.format {
            Format::Percentage => Scale::PERCENT,
            _ => config.factor.map_or(Scale::ONE, Scale::new),
        };
        Ok(Self {
            format: config.format,
            times: times.transpose()?,
            decimal: config.decimal,
            scale,
        })
    }

    /// The value of a number.
    pub(crate) fn number(&self, number: Value) -> Value {
        self.scale.apply(number)
    }

    /// Whether numbers are read like text, because their digits are those of a layout.
    pub(crate) fn has_layout(&self) -> bool {
        self.layout().is_some()
    }

    fn layout(&self) -> Option<&str> {
        self.times.as_ref().and_then(Times::layout)
    }

    /// The value of a text.
    ///
    /// # Errors
    ///
    /// Why it has none, where more can be said than that it is not what [`wanted`](Self::wanted) says; otherwise nothing.
    pub(crate) fn text(&self, text: &str) -> Result<Value, String> {
        let text = text.trim();
        if !self.has_layout()
            && let Some(number) = self.plain(text)
        {
            return Ok(self.number(number));
        }
        let nothing = String::new;
        match self.format {
            Format::Number => Err(nothing()),
            Format::Time => self.times.as_ref().ok_or_else(nothing)?.read(text).map_err(reason),
            Format::Duration => time::duration(text).map_err(reason),
            Format::Size => self.size(text).ok_or_else(nothing),
            Format::Percentage => {
                let number = text.strip_suffix('%').and_then(|text| self.plain(text.trim_end()));
                number.map(|number| self.number(number)).ok_or_else(nothing)
            }
        }
    }

    /// What values should be.
    pub(crate) fn wanted(&self) -> String {
        let mut wanted = match (self.format, self.layout()) {
            (Format::Number, _) => "a number".to_owned(),
            (Format::Time, Some(layout)) => format!("a time written as {layout:?}"),
            (Format::Time, None) => "a time such as \"2026-11-27T18:00:00Z\"".to_owned(),
            (Format::Duration, _) => "a duration such as \"1h30m\" or \"01:30:00\"".to_owned(),
            (Format::Size, _) => "a size such as \"512MiB\" or \"1.5 GB\"".to_owned(),
            (Format::Percentage, _) => "a percentage such as \"85%\"".to_owned(),
        };
        wanted.push_str(match self.decimal {
            None => "",
            Some(Decimal::Comma) => " with a decimal comma (\"1.234,5\")",
            Some(Decimal::Point) => " with a decimal point (\"1,234.5\")",
        });
        wanted
    }

    fn plain(&self, text: &str) -> Option<Value> {
        match self.decimal {
            None => number::plain(text),
            Some(decimal) => number::grouped(text, decimal),
        }
    }

    fn size(&self, text: &str) -> Option<Value> {
        let at = text.find(char::is_alphabetic)?;
        let (number, unit) = text.split_at(at);
        let unit = unit.to_ascii_lowercase();
        // `512 bytes`, `512 kbytes`.
        let short = unit.strip_suffix("ytes").or_else(|| unit.strip_suffix("yte"));
        let unit: Unit = short.unwrap_or(&unit).parse().ok()?;
        Some(Scale::new(1.0 * unit).apply(self.plain(number.trim_end())?))
    }
}

/// With which keys a text would have a value, and which: "`format: duration` reads it as 5400".
pub(crate) fn alternatives(text: &str) -> String {
    let with = |format, decimal| {
        let times = (format == Format::Time).then(|| Times::new(None, None).ok()).flatten();
        let scale = if format == Format::Percentage { Scale::PERCENT } else { Scale::ONE };
        Reading { format, times, decimal, scale }
    };
    let ways = [
        ("format: time", with(Format::Time, None)),
        ("format: duration", with(Format::Duration, None)),
        ("format: size", with(Format::Size, None)),
        ("format: percentage", with(Format::Percentage, None)),
        ("decimal: comma", with(Format::Number, Some(Decimal::Comma))),
        ("decimal: point", with(Format::Number, Some(Decimal::Point))),
    ];
    let mut told = String::new();
    for (keys, reading) in ways {
        // What is a number without any key is no reason for one.
        if let Ok(value) = reading.text(text)
            && number::plain(text.trim()).is_none()
        {
            let between = if told.is_empty() { "" } else { ", " };
            let _ = write!(told, "{between}`{keys}` reads it as {}", value.as_f64());
        }
    }
    told
}

fn reason(error: exporter_sdk::Error) -> String {
    error.to_string()
}

/// Every key that is given has an effect.
fn check(config: &MetricConfig) -> Result {
    let format = match config.format {
        Format::Number => "number",
        Format::Time => "time",
        Format::Duration => "duration",
        Format::Size => "size",
        Format::Percentage => "percentage",
    };
    let given = [
        ("format", config.format != Format::Number),
        ("layout", config.layout.is_some()),
        ("time_zone", config.time_zone.is_some()),
        ("decimal", config.decimal.is_some()),
        ("factor", config.factor.is_some()),
    ];
    if let ValueConfig::Number(number) = config.value
        && let Some((key, _)) = given.into_iter().find(|(_, given)| *given)
    {
        return Err(
            format!("{key}: it has no effect on `value: {number}`, which is the value").into()
        );
    }
    let only_time = |key| format!("{key}: it is for `format: time`; the format is `{format}`");
    match config.format {
        Format::Time => {}
        _ if config.layout.is_some() => return Err(only_time("layout").into()),
        _ if config.time_zone.is_some() => return Err(only_time("time_zone").into()),
        _ => {}
    }
    if config.decimal.is_some() && matches!(config.format, Format::Time | Format::Duration) {
        let rule = "it is for numbers, sizes and percentages";
        return Err(format!("decimal: {rule}; the format is `{format}`").into());
    }
    match config.factor {
        Some(0.0) => Err("factor: expected a number other than 0, found 0".into()),
        Some(_) if config.format == Format::Percentage => {
            Err("factor: a percentage has its own, 0.01; `format: number` takes another".into())
        }
        Some(_) if config.layout.is_some() => {
            Err("layout and factor: one of them, not both; a layout leaves no plain numbers".into())
        }
        _ => Ok(()),
    }
}
