//! /proc/cpuinfo: what kind of processors there are.

use std::collections::HashMap;
use std::path::PathBuf;

use exporter_host::{KernelFile, Text};
use exporter_sdk::{At as _, Gauge, Result, Scrape};
use regex_lite::Regex;

use crate::CpuConfig;

pub(crate) static INFO: Gauge<10> = Gauge::new(
    "node_cpu_info",
    "What /proc/cpuinfo says of a processor, in labels; the value is always 1.",
)
.labels(&[
    "package",
    "core",
    "cpu",
    "vendor",
    "family",
    "model",
    "model_name",
    "microcode",
    "stepping",
    "cachesize",
]);
pub(crate) static FREQUENCY: Gauge<3> = Gauge::new(
    "node_cpu_frequency_hertz",
    "The frequency of a processor at this moment, in hertz, from /proc/cpuinfo.",
)
.labels(&["package", "core", "cpu"]);
pub(crate) static FLAGS: Gauge<1> = Gauge::new(
    "node_cpu_flag_info",
    "Flags of the first processor, from /proc/cpuinfo; the value is always 1.",
)
.labels(&["flag"]);
pub(crate) static BUGS: Gauge<1> = Gauge::new(
    "node_cpu_bug_info",
    "Bugs of the first processor, from /proc/cpuinfo; the value is always 1.",
)
.labels(&["bug"]);

/// The field of each label of [`INFO`].
const FIELDS: [&str; 10] = [
    "physical id",
    "core id",
    "processor",
    "vendor_id",
    "cpu family",
    "model",
    "model name",
    "microcode",
    "stepping",
    "cache size",
];

#[derive(Debug)]
pub(crate) struct Info {
    file: KernelFile,
    flags: Option<Regex>,
    bugs: Option<Regex>,
}

impl Info {
    /// Nothing, where the configuration does not ask for it.
    pub(crate) fn new(config: &CpuConfig, file: PathBuf) -> Result<Option<Self>> {
        let flags = pattern("info_flags_include", &config.info_flags_include)?;
        let bugs = pattern("info_bugs_include", &config.info_bugs_include)?;
        let wanted = config.info || flags.is_some() || bugs.is_some();
        Ok(wanted.then_some(Self { file: KernelFile::new(file), flags, bugs }))
    }

    pub(crate) fn collect(&mut self, scrape: &mut Scrape) {
        let Some(text) = self.file.read(scrape) else { return };
        let processors = processors(text.as_str());
        for fields in &processors {
            processor(fields, &text, scrape);
        }
        if let Some(first) = processors.first() {
            // What x86 calls flags has another name on ARM, and on s390x.
            let flags = ["flags", "Features", "features"].iter().find_map(|name| first.get(name));
            words(scrape, &FLAGS, flags, self.flags.as_ref());
            words(scrape, &BUGS, first.get("bugs"), self.bugs.as_ref());
        }
    }
}

fn pattern(key: &str, pattern: &str) -> Result<Option<Regex>> {
    if pattern.is_empty() {
        return Ok(None);
    }
    Ok(Some(Regex::new(pattern).at(key)?))
}

type Fields<'a> = HashMap<&'a str, &'a str>;

/// The fields of each processor. Most architectures have a paragraph for each, and others about the machine: in the one
/// that is the first on s390x, and the last on some ARM, stands what all processors have.
fn processors(text: &str) -> Vec<Fields<'_>> {
    let (mut processors, mut machine) = (Vec::new(), Fields::new());
    for paragraph in text.split("\n\n") {
        let mut fields = fields(paragraph);
        if let Some(number) = fields.get("cpu number").copied() {
            fields.entry("processor").or_insert(number);
        }
        if fields.contains_key("processor") {
            processors.push(fields);
        } else {
            machine.extend(fields);
        }
    }
    for fields in &mut processors {
        for name in ["vendor_id", "Features", "features"] {
            if let Some(value) = machine.get(name) {
                fields.entry(name).or_insert(value);
            }
        }
    }
    processors
}

fn fields(paragraph: &str) -> Fields<'_> {
    let fields = paragraph.lines().filter_map(|line| line.split_once(':'));
    fields.map(|(name, value)| (name.trim(), value.trim())).collect()
}

fn processor(fields: &Fields<'_>, text: &Text<'_>, scrape: &mut Scrape) {
    let labels = FIELDS.map(|field| fields.get(field).copied().unwrap_or_default());
    scrape.emit(&INFO, labels, 1);
    if let Some(megahertz) = fields.get("cpu MHz").or_else(|| fields.get("cpu MHz dynamic")) {
        let [package, core, cpu, ..] = labels;
        let part = format_args!("cpu MHz of processor {cpu}");
        if let Some(megahertz) = text.number::<f64>(scrape, part, megahertz) {
            scrape.emit(&FREQUENCY, [package, core, cpu], megahertz * 1e6);
        }
    }
}

fn words(
    scrape: &mut Scrape,
    metric: &'static Gauge<1>,
    all: Option<&&str>,
    wanted: Option<&Regex>,
) {
    let Some(wanted) = wanted else { return };
    for word in all.copied().unwrap_or_default().split(' ').filter(|word| wanted.is_match(word)) {
        scrape.emit(metric, [word], 1);
    }
}
