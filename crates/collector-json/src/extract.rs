//! From a document to samples.

use std::borrow::Cow;
use std::fmt::Display;

use exporter_sdk::{At as _, Error, Family, Result, Scrape, Value as SampleValue};
use serde_json::Value;
use serde_json_path::JsonPath;

use crate::config::{Format, MetricConfig, OnMissing, OnMissingLabel, ValueConfig};
use crate::reading::{Reading, alternatives};
use crate::term::{Found, Place, Term, path, singular};

/// An entry of `metrics`.
pub(crate) struct Metric {
    /// Where the entry stands and what it is called, for messages.
    key: String,
    family: Family,
    path: JsonPath,
    /// What it finds nodes in, where there may be none: a list or object that has to be there.
    within: Option<JsonPath>,
    value: Term,
    reading: Reading,
    /// In the order of the family's.
    labels: Vec<Term>,
    config: MetricConfig,
}

/// Checks the entries, and makes what runs need of them.
pub(crate) fn metrics(configs: &[MetricConfig]) -> Result<Vec<Metric>> {
    if configs.is_empty() {
        return Err("metrics: there is none; name at least one metric of the document".into());
    }
    let mut metrics: Vec<Metric> = Vec::new();
    for (index, config) in configs.iter().enumerate() {
        let mut metric = Metric::new(config).at(format_args!("metrics[{index}]"))?;
        metric.key = format!("metrics[{index}] `{}`", config.name);
        if let Some(first) = metrics.iter().find(|first| first.config.name == config.name) {
            first.agrees_with(&metric)?;
            metric.family = first.family.clone();
        }
        metrics.push(metric);
    }
    Ok(metrics)
}

impl Metric {
    fn new(config: &MetricConfig) -> Result<Self> {
        let family = Family::of_kind(config.kind.into(), config.name.clone(), config.help.clone())
            .labels(config.labels.keys().cloned())
            .build()?;
        let value = match &config.value {
            ValueConfig::Number(number) => Term::Constant(number.to_string()),
            ValueConfig::Path(text) => match Term::parse(text).at("value")? {
                Term::Constant(text) => {
                    let wanted = "a path that begins with `$` or `^`, `key()`, or a number";
                    return Err(format!("value: expected {wanted}, found {text:?}").into());
                }
                term => term,
            },
        };
        let within = Some(singular(&config.path)).filter(|within| *within != config.path);
        let labels = config.labels.iter();
        let labels = labels.map(|(name, text)| Term::parse(text).at(format_args!("labels.{name}")));
        Ok(Self {
            key: String::new(),
            family,
            path: path(&config.path).at("path")?,
            within: within.map(path).transpose()?,
            value,
            reading: Reading::new(config)?,
            labels: labels.collect::<Result<_>>()?,
            config: config.clone(),
        })
    }

    pub(crate) fn family(&self) -> &Family {
        &self.family
    }

    /// Whether `other`, of the same name, can have its samples in the same family.
    fn agrees_with(&self, other: &Self) -> Result {
        let differs = |what| {
            let rule = "entries of one name must have the same type, help and names of labels";
            Err(format!("{}: its {what} differs from that of {}; {rule}", other.key, self.key)
                .into())
        };
        if self.family.kind() != other.family.kind() {
            return differs("type");
        }
        if self.family.help() != other.family.help() {
            return differs("help");
        }
        if !self.family.labels().eq(other.family.labels()) {
            return differs("set of labels");
        }
        Ok(())
    }

    /// Emits the samples that the document has.
    pub(crate) fn emit(&self, document: &Value, scrape: &mut Scrape<'_>) -> Result {
        let nodes = self.path.query_located(document);
        if nodes.is_empty() {
            return self.none(document);
        }
        let mut labels = Vec::with_capacity(self.labels.len());
        for node in nodes.iter() {
            labels.clear();
            self.sample(Place { document, node }, &mut labels, scrape)?;
        }
        Ok(())
    }

    /// The path found nothing.
    fn none(&self, document: &Value) -> Result {
        let found = self.within.as_ref().and_then(|within| within.query(document).first());
        match found {
            Some(Value::Array(_) | Value::Object(_)) => Ok(()),
            None | Some(Value::Null) => {
                self.missing(&format_args!("path `{}`", singular(&self.config.path)))
            }
            Some(other) => Err(format!(
                "{}: path `{}`: expected a list or an object, found {}",
                self.key,
                singular(&self.config.path),
                kind(other)
            )
            .into()),
        }
    }

    fn sample<'a>(
        &'a self,
        place: Place<'a, '_>,
        labels: &mut Vec<Cow<'a, str>>,
        scrape: &mut Scrape<'_>,
    ) -> Result {
        let value = self.value.find(place).and_then(|found| self.number(found));
        let Some(value) = value.map_err(|error| self.wrong_value(place, &error))? else {
            return self.missing(&self.value_at(place));
        };
        for (term, name) in self.labels.iter().zip(self.family.labels()) {
            let told = || format!("label `{name}` `{}` at {}", self.config.labels[name], place);
            let text = term.find(place).and_then(text);
            let text =
                text.map_err(|error| Error::from(format!("{}: {}: {error}", self.key, told())))?;
            if text.is_none() {
                self.missing_label(&told())?;
            }
            labels.push(text.unwrap_or_default());
        }
        scrape.emit_dynamic(&self.family, labels.iter().map(AsRef::as_ref), value);
        Ok(())
    }

    /// The number that a sample has as its value; `None` for none.
    fn number(&self, found: Option<Found<'_>>) -> Result<Option<SampleValue>> {
        let value = match found {
            None => return Ok(None),
            Some(Found::Index(index)) => self.reading.number(SampleValue::Uint(index as u64)),
            Some(Found::Text(text)) => self.number_of_text(text)?,
            Some(Found::Value(value)) => match value {
                Value::Bool(on) if self.config.format == Format::Number => {
                    self.reading.number(SampleValue::Uint(u64::from(*on)))
                }
                Value::String(text) => self.number_of_text(text)?,
                Value::Number(number) if self.reading.has_layout() => {
                    self.number_of_text(&number.to_string())?
                }
                Value::Number(number) => number
                    .as_i64()
                    .map(SampleValue::Int)
                    .or_else(|| number.as_u64().map(SampleValue::Uint))
                    .or_else(|| number.as_f64().map(SampleValue::Float))
                    .map(|number| self.reading.number(number))
                    .ok_or_else(|| format!("{number} is not a number that a sample can have"))?,
                other => {
                    let wanted = self.reading.wanted();
                    return Err(format!("expected {wanted}, found {}", kind(other)).into());
                }
            },
        };
        Ok(Some(value))
    }

    fn number_of_text(&self, text: &str) -> Result<SampleValue> {
        if let Some(number) = self.config.mapping.get(text) {
            return Ok(SampleValue::Float(*number));
        }
        self.reading.text(text).map_err(|reason| {
            let wanted = self.reading.wanted();
            let reason = if reason.is_empty() { reason } else { format!(" ({reason})") };
            let hint = self.hint(text);
            format!("expected {wanted}, found the text {}{reason}; {hint}", shown(text)).into()
        })
    }

    /// What would give a text a value.
    fn hint(&self, text: &str) -> String {
        if !self.config.mapping.is_empty() {
            return "the `mapping` does not have it".to_owned();
        }
        let alternatives = alternatives(text);
        if !alternatives.is_empty() {
            return alternatives;
        }
        if self.config.format == Format::Time && !self.reading.has_layout() {
            return "a `layout` can say how it is written".to_owned();
        }
        "a `mapping` can give it one".to_owned()
    }

    fn value_at(&self, place: Place<'_, '_>) -> String {
        match &self.config.value {
            ValueConfig::Path(text) => format!("value `{text}` at {place}"),
            ValueConfig::Number(number) => format!("value {number} at {place}"),
        }
    }

    fn wrong_value(&self, place: Place<'_, '_>, error: &Error) -> Error {
        format!("{}: {}: {error}", self.key, self.value_at(place)).into()
    }

    /// What is missing is an error, or else left out.
    fn missing(&self, what: &dyn Display) -> Result {
        if self.config.on_missing == OnMissing::Skip {
            return Ok(());
        }
        let hint = "with `on_missing: skip` it is left out";
        Err(format!("{}: {what}: it is missing or null; {hint}", self.key).into())
    }

    /// The same for a label.
    fn missing_label(&self, what: &dyn Display) -> Result {
        match self.config.on_missing_label {
            Some(OnMissingLabel::Empty) => return Ok(()),
            None if self.config.on_missing == OnMissing::Skip => return Ok(()),
            None | Some(OnMissingLabel::Error) => {}
        }
        let hint = "with `on_missing_label: empty` it is empty";
        Err(format!("{}: {what}: it is missing or null; {hint}", self.key).into())
    }
}

/// The text that a label has as its value; `None` for none.
fn text(found: Option<Found<'_>>) -> Result<Option<Cow<'_, str>>> {
    Ok(found
        .map(|found| match found {
            Found::Text(text) => Ok(text.into()),
            Found::Index(index) => Ok(index.to_string().into()),
            Found::Value(Value::String(text)) => Ok(text.into()),
            Found::Value(value @ (Value::Number(_) | Value::Bool(_))) => {
                Ok(value.to_string().into())
            }
            Found::Value(value) => Err(format!("expected a text, found {}", kind(value))),
        })
        .transpose()?)
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// The beginning of a text, quoted.
pub(crate) fn shown(text: &str) -> String {
    const LENGTH: usize = 80;
    match text.char_indices().nth(LENGTH) {
        Some((end, _)) => format!("{:?}...", &text[..end]),
        None => format!("{text:?}"),
    }
}
