//! Points and lengths of time in text.

use exporter_sdk::{At as _, Result, Value};
use jiff::civil::{DateTime, Time};
use jiff::fmt::{rfc2822, strtime::BrokenDownTime};
use jiff::tz::TimeZone;
use jiff::{Span, SpanRelativeTo, Timestamp, ZonedDateTime};

const NANOSECONDS: i128 = 1_000_000_000;

/// How times are written.
pub(crate) struct Times {
    layout: Option<String>,
    /// Of times that do not say it themselves.
    zone: TimeZone,
}

impl Times {
    pub(crate) fn new(layout: Option<&str>, zone: Option<&str>) -> Result<Self> {
        let zone = zone.map_or(Ok(TimeZone::UTC), TimeZone::get).at("time_zone")?;
        let times = Self { layout: layout.map(str::to_owned), zone };
        if let Some(layout) = layout {
            times.check(layout).at(format_args!("layout: {layout:?} is none of a time"))?;
        }
        Ok(times)
    }

    pub(crate) fn layout(&self) -> Option<&str> {
        self.layout.as_deref()
    }

    /// A time that is written in the layout can be read by it.
    fn check(&self, layout: &str) -> Result {
        let now = Timestamp::UNIX_EPOCH.to_zoned_datetime(self.zone.clone());
        let written = BrokenDownTime::from(&now).to_string(layout)?;
        self.by_layout(layout, &written).map(drop)
    }

    /// The Unix time in seconds.
    pub(crate) fn read(&self, text: &str) -> Result<Value> {
        let time = match &self.layout {
            Some(layout) => self.by_layout(layout, text)?,
            None => self.by_standard(text)?,
        };
        Ok(seconds(time.as_nanosecond()))
    }

    /// RFC 3339 and what else ISO 8601 has, or RFC 2822.
    fn by_standard(&self, text: &str) -> Result<Timestamp> {
        if let Ok(time) = text.parse::<Timestamp>() {
            return Ok(time);
        }
        if let Ok(time) = text.parse::<ZonedDateTime>() {
            return Ok(time.timestamp());
        }
        // The day of the week or of the month.
        let comma = text.bytes().take(4).any(|byte| byte == b',');
        if comma || text.split(' ').nth(1).is_some_and(|word| word.starts_with(char::is_alphabetic))
        {
            return Ok(rfc2822::parse(text)?.timestamp());
        }
        Ok(self.zone.to_timestamp(text.parse::<DateTime>()?)?)
    }

    fn by_layout(&self, layout: &str, text: &str) -> Result<Timestamp> {
        let time = BrokenDownTime::parse(layout, text)?;
        if time.timestamp().is_some() || time.offset().is_some() {
            return Ok(time.to_timestamp()?);
        }
        if time.iana_time_zone().is_some() {
            return Ok(time.to_zoned_datetime()?.timestamp());
        }
        // Without a time of day, a day begins.
        let clock = if time.hour().is_some() { time.to_time()? } else { Time::midnight() };
        Ok(self.zone.to_timestamp(time.to_date()?.to_datetime(clock))?)
    }
}

/// A length of time in seconds. A day has 24 hours.
pub(crate) fn duration(text: &str) -> Result<Value> {
    let span: Span = text.parse()?;
    if span.get_years() != 0 || span.get_months() != 0 {
        return Err("years and months differ in length; days, weeks and hours do not".into());
    }
    let duration = span.to_duration(SpanRelativeTo::days_are_24_hours())?;
    Ok(seconds(duration.as_nanos()))
}

/// The nearest number of seconds.
fn seconds(nanoseconds: i128) -> Value {
    if nanoseconds % NANOSECONDS == 0
        && let Ok(whole) = i64::try_from(nanoseconds / NANOSECONDS)
    {
        return Value::Int(whole);
    }
    // Digits are rounded once, a quotient of rounded numbers twice.
    let digits = format!("{nanoseconds}e-9");
    Value::Float(digits.parse().expect("digits with an exponent are a number"))
}
