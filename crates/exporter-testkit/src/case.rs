//! A case: the files of a host, a configuration, and the page that a collector makes of them.

use std::any::Any;
use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, UNIX_EPOCH};

use exporter_runtime::CollectorType;
use exporter_sdk::{Clock, Paths, Register};

use crate::golden;
use crate::probe::{CONFIGURATION, Probed, kind_of};
use crate::tree::Tree;

/// The case that every collector has: that of `sample.yml`.
pub(crate) const SAMPLE: &str = "sample";

/// What the clock of a case shows, in seconds since 1970.
const NOW: u64 = 1_700_000_000;

/// How much later it is when the files of `later` are there.
const LATER: Duration = Duration::from_mins(1);

/// A collector, and one case of those that it is tested with. Made by [`conformance!`](crate::conformance!), which says what
/// a case is.
#[derive(Debug)]
pub struct Case {
    pub(crate) kind: CollectorType,
    package: PathBuf,
    /// The folder of this collector, where the package has several.
    own: Option<&'static str>,
    name: String,
    replacements: Vec<(String, String)>,
    volatile: Vec<&'static str>,
    kept: Vec<Box<dyn Any>>,
    host: OnceCell<Option<Tree>>,
    clock: Clock,
}

impl Case {
    /// The case of `sample.yml` of the collector of this type, of the package in this folder.
    #[track_caller]
    pub fn of<C: Register<Way>, Way>(package: &str) -> Self {
        Self {
            kind: kind_of::<C, Way>(),
            package: package.into(),
            own: None,
            name: SAMPLE.to_owned(),
            replacements: Vec::new(),
            volatile: Vec::new(),
            kept: Vec::new(),
            host: OnceCell::new(),
            clock: Clock::stopped_at(UNIX_EPOCH + Duration::from_secs(NOW)),
        }
    }

    /// With the files of the collector in this folder of the package.
    pub fn folder(mut self, folder: &'static str) -> Self {
        self.own = Some(folder);
        self
    }

    /// The case of this name instead.
    pub fn named(mut self, name: &str) -> Self {
        name.clone_into(&mut self.name);
        self
    }

    /// Families of which the page in the file has the label names only.
    pub fn volatile(mut self, families: &[&'static str]) -> Self {
        self.volatile = families.to_vec();
        self
    }

    /// Prepares what the configuration speaks of.
    pub fn setup(mut self, setup: impl FnOnce(&mut Self)) -> Self {
        setup(&mut self);
        self
    }

    /// Replaces text of the configuration. `sample.yml` has to have it.
    pub fn replace(&mut self, from: &str, to: &str) {
        self.replacements.push((from.to_owned(), to.to_owned()));
    }

    /// Keeps something until the test ends, such as a server.
    pub fn keep(&mut self, guard: impl Any) {
        self.kept.push(Box::new(guard));
    }

    /// The path of a file in the folder of the case.
    pub fn path(&self, file: &str) -> PathBuf {
        self.cases().join(&self.name).join(file)
    }

    /// The text of a file in the folder of the case, such as the answer that a server is to give.
    #[track_caller]
    pub fn read(&self, file: &str) -> String {
        let path = self.path(file);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// The host of the case. It is empty where the case has no files of one.
    pub fn host(&mut self) -> &Tree {
        if self.host.get().is_none_or(Option::is_none) {
            self.host = OnceCell::from(Some(self.files("host").map_or_else(Tree::new, Tree::copy)));
        }
        self.host.get().and_then(Option::as_ref).expect("it was made above")
    }

    /// The time that the collector reads. It stands at 2023-11-14 22:13:20 UTC, until it is advanced.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Every case of the collector, that of the sample first.
    pub(crate) fn names(&self) -> Vec<String> {
        let folder = self.cases();
        let entries = fs::read_dir(&folder).into_iter().flatten();
        let mut names: BTreeSet<String> = entries
            .map(|entry| entry.unwrap_or_else(|error| panic!("{}: {error}", folder.display())))
            .map(|entry| {
                let path = entry.path();
                assert!(
                    path.is_dir(),
                    "{} is no folder; a case is a folder of its own",
                    path.display()
                );
                entry.file_name().to_string_lossy().into_owned()
            })
            .collect();
        names.remove(SAMPLE);
        std::iter::once(SAMPLE.to_owned()).chain(names).collect()
    }

    /// Compares the page with `page.prom` and, where the case has files of the host `later`, the page of a run a minute later
    /// with `later.prom`.
    pub(crate) fn compare(&self) -> Result<(), String> {
        let probed = match self.build(&self.configuration(), self.paths()) {
            Ok(probed) => probed,
            Err(refused) => {
                let refused = refused.replace(CONFIGURATION, "config.yml");
                let page = self.shown(&format!("# refused: {refused}\n"));
                return golden::compare(&self.path("page.prom"), &page);
            }
        };
        golden::compare(&self.path("page.prom"), &self.shown(&probed.report()))?;
        if !self.become_later() {
            return Ok(());
        }
        golden::compare(&self.path("later.prom"), &self.shown(&probed.report()))
    }

    /// Lays the files of `later` over the host and advances the clock, where the case has such files.
    pub(crate) fn become_later(&self) -> bool {
        let (Some(later), Some(host)) = (self.files("later"), self.tree()) else { return false };
        host.overlay(later);
        self.clock.advance(LATER);
        true
    }

    /// What is in the page only because of where the test runs is replaced by what it stands for.
    fn shown(&self, page: &str) -> String {
        let page = golden::mask(page, &self.volatile);
        let back = |text: String, (from, to): &(String, String)| text.replace(to, from);
        let page = self.replacements.iter().fold(page, back);
        match self.tree() {
            Some(host) => page.replace(&*host.path("").to_string_lossy(), "/"),
            None => page,
        }
    }

    /// The text of `sample.yml`, with what is replaced in it.
    pub(crate) fn sample(&self) -> String {
        let folder = self.own.map_or_else(|| self.package.clone(), |own| self.package.join(own));
        let file = folder.join("sample.yml");
        let text = fs::read_to_string(&file).unwrap_or_else(|error| {
            panic!(
                "{}: {error}; write one, `collectors: {{{}: }}` at least: it is what the documentation shows",
                file.display(),
                self.kind.name()
            )
        });
        for (from, _) in &self.replacements {
            assert!(
                text.contains(from),
                "sample.yml does not have `{from}`, which was to be replaced"
            );
        }
        self.replaced(text)
    }

    /// The whole configuration file of the case.
    fn configuration(&self) -> String {
        let file = self.path("config.yml");
        match (fs::read_to_string(&file), self.name == SAMPLE) {
            (Ok(_), true) => panic!(
                "{}: the case `{SAMPLE}` has the configuration of sample.yml; remove this file, or give the case another name",
                file.display()
            ),
            (Err(_), true) => self.sample(),
            (Ok(text), false) => self.replaced(text),
            (Err(_), false) => format!("collectors:\n  {}:\n", self.kind.name()),
        }
    }

    fn replaced(&self, text: String) -> String {
        self.replacements.iter().fold(text, |text, (from, to)| text.replace(from, to))
    }

    /// Builds the collector with what a configuration file says of it.
    pub(crate) fn build(&self, file: &str, paths: Paths) -> Result<Probed, String> {
        let timeout = Duration::from_secs(10);
        Probed::of_file(file, self.kind.clone(), paths, timeout, self.clock.clone())
    }

    pub(crate) fn built(&self, file: &str) -> Probed {
        let built = self.build(file, self.paths());
        built.unwrap_or_else(|error| panic!("it cannot be built: {error}"))
    }

    /// The host of the case, or where the case has no files of one, this machine.
    fn paths(&self) -> Paths {
        self.tree().map_or_else(Paths::default, Tree::paths)
    }

    fn tree(&self) -> Option<&Tree> {
        self.host.get_or_init(|| self.files("host").map(Tree::copy)).as_ref()
    }

    /// The text file or the folder in which the case has the files of a host.
    fn files(&self, name: &str) -> Option<PathBuf> {
        let [text, folder] = [self.path(&format!("{name}.txt")), self.path(name)];
        assert!(
            !(text.exists() && folder.exists()),
            "{0} and {1}: a case has its host in one of them; remove the other",
            text.display(),
            folder.display()
        );
        [text, folder].into_iter().find(|path| path.exists())
    }

    fn cases(&self) -> PathBuf {
        self.package.join(self.own.unwrap_or("tests")).join("cases")
    }
}
