//! Families that several files have parts of, and the names that only one of them can have.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use exporter_parse::{Family as Parsed, Kind};
use exporter_sdk::{Family, Kind as SdkKind, Result, Scrape};

use crate::item::{Item, Labels};

/// What all files say together.
#[derive(Debug, Default)]
pub(crate) struct Merged {
    families: BTreeMap<String, Part>,
    /// The family that each name of a line is one of.
    lines: HashMap<String, String>,
}

/// A family, or the part of it that is in one file.
#[derive(Debug)]
struct Part {
    family: Family,
    /// Those that have it, the first one first.
    files: Vec<PathBuf>,
    /// What they say of it; the text of [`family`](Self::family) is empty where none of them says anything.
    items: Vec<Item>,
    /// Where it begins in the file that it was read from.
    line: usize,
    /// The series, each with the place of its file in `files`, once there are several files.
    series: HashMap<Labels, usize>,
}

impl Merged {
    /// Adds the families of a file: all of them, or where one cannot be exposed beside those of others, none. A part that
    /// contradicts an earlier file in its help text, or repeats a series of it, is left out; returned is what is to be told
    /// of that.
    pub(crate) fn add(
        &mut self,
        path: &Path,
        families: &[Parsed],
        scrape: &Scrape,
    ) -> Result<Option<String>> {
        let (mut parts, mut lines) = (Vec::new(), HashMap::new());
        for family in families.iter().filter(|family| !family.samples.is_empty()) {
            let part = Part::new(path, family)?;
            self.check(&part, &mut lines, scrape)
                .map_err(|problem| format!("line {}: {problem}", part.line))?;
            parts.push(part);
        }
        self.lines.extend(lines);
        let mut told = None;
        for part in parts {
            let problem = self.merge(part);
            told = told.or(problem);
        }
        Ok(told)
    }

    /// Whether a part can be exposed beside the families of others, of earlier files, and of the same file, whose names
    /// are in `lines`.
    fn check(
        &self,
        part: &Part,
        lines: &mut HashMap<String, String>,
        scrape: &Scrape,
    ) -> Result<(), String> {
        let (kind, name) = (part.family.kind(), part.family.name());
        if let Some(other) = self.families.get(name).filter(|it| it.family.kind() != kind) {
            let (is, file) = (other.family.kind(), other.files[0].display());
            return Err(format!("`{name}` has the type {kind}, but {is} in {file}"));
        }
        if let Some(owner) = scrape.owner_of(&part.family) {
            return Err(format!("`{name}` takes a name of {owner}"));
        }
        for line in part.family.text_names() {
            let other = lines.get(&line).or_else(|| self.lines.get(&line));
            if let Some(other) = other.filter(|other| *other != name) {
                let file = self.families.get(other).map(|other| other.files[0].display());
                let file = file.map_or_else(|| "this file".to_owned(), |file| file.to_string());
                return Err(format!(
                    "the {kind} `{name}` and `{other}` in {file} both have lines `{line}`"
                ));
            }
            lines.insert(line, name.to_owned());
        }
        Ok(())
    }

    fn merge(&mut self, part: Part) -> Option<String> {
        if let Some(first) = self.families.get_mut(part.family.name()) {
            return first.merge(part);
        }
        self.families.insert(part.family.name().to_owned(), part);
        None
    }

    pub(crate) fn emit(&self, scrape: &mut Scrape) {
        for part in self.families.values() {
            let family = part.told();
            part.items.iter().for_each(|item| item.emit(&family, scrape));
        }
    }
}

impl Part {
    fn new(path: &Path, family: &Parsed) -> Result<Self> {
        let help = family.help.clone().unwrap_or_default();
        let built = Family::of_kind(kind(family.kind), family.name.clone(), help).build();
        Ok(Self {
            family: built.map_err(|error| format!("line {}: {error}", family.line))?,
            files: vec![path.to_owned()],
            items: Item::all(family)?,
            line: family.line,
            series: HashMap::new(),
        })
    }

    /// Takes in what a later file has, but for what the earlier ones have already. The first help text is the one that
    /// counts, and whoever has another is left out: which is how node_exporter does it.
    fn merge(&mut self, part: Self) -> Option<String> {
        let (name, ours, theirs) = (self.family.name(), self.family.help(), part.family.help());
        if !ours.is_empty() && !theirs.is_empty() && ours != theirs {
            let (line, file) = (part.line, self.files[0].display());
            return Some(format!(
                "line {line}: `{name}` has another help text than in {file}, so its samples are left out"
            ));
        }
        if self.series.is_empty() {
            self.series = self.items.iter().map(|item| (item.series(), 0)).collect();
        }
        let mut told = None;
        for item in part.items {
            let at = *self.series.entry(item.series()).or_insert(self.files.len());
            if at == self.files.len() {
                self.items.push(item);
            } else {
                let (line, file) = (item.line, self.files[at].display());
                told.get_or_insert_with(|| {
                    format!("line {line}: this series of `{name}` is in {file} already, and left out here")
                });
            }
        }
        self.files.extend(part.files);
        if ours.is_empty() {
            self.family = part.family;
        }
        told
    }

    /// The family with a help text in any case.
    fn told(&self) -> Family {
        if !self.family.help().is_empty() {
            return self.family.clone();
        }
        let files: Vec<String> = self.files.iter().map(|file| file.display().to_string()).collect();
        let help = format!("Metric read from {}", files.join(", "));
        let (kind, name) = (self.family.kind(), self.family.name().to_owned());
        // Its name was good enough before.
        Family::of_kind(kind, name, help).build().unwrap_or_else(|_| self.family.clone())
    }
}

fn kind(kind: Kind) -> SdkKind {
    match kind {
        Kind::Counter => SdkKind::Counter,
        Kind::Histogram => SdkKind::Histogram,
        Kind::Summary => SdkKind::Summary,
        Kind::Unknown => SdkKind::Unknown,
        Kind::Gauge | Kind::GaugeHistogram | Kind::Info | Kind::StateSet => SdkKind::Gauge,
    }
}
