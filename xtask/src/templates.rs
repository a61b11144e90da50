//! What `cargo xtask new-collector` writes: four examples that work, one for each shape of a collector.

/// What the manifest says of a new collector, and so the table in the README.
pub(crate) const DESCRIPTION: &str = "What it reads, in a few words";

/// The host that the sample configuration is run on.
const HOST: &str = "tests/cases/sample/host.txt";

/// What kind of collector.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Shape {
    /// It waits for its source instead of blocking.
    pub(crate) waits: bool,
    /// Its metrics come from its configuration.
    pub(crate) dynamic: bool,
}

impl Shape {
    /// Whether the example does something without configuration.
    pub(crate) fn runs_by_default(self) -> bool {
        !self.waits && !self.dynamic
    }

    /// The files, each with its text, in which names are still to be put.
    pub(crate) fn files(self) -> Vec<(&'static str, &'static str)> {
        macro_rules! template {
            ($name:literal) => {
                [
                    ("src/lib.rs", include_str!(concat!("../templates/", $name, ".rs.txt"))),
                    ("sample.yml", include_str!(concat!("../templates/", $name, ".yml.txt"))),
                    (
                        "tests/cases/sample/page.prom",
                        include_str!(concat!("../templates/", $name, ".prom.txt")),
                    ),
                ]
            };
        }
        let manifest = if self.waits { ASYNC_MANIFEST } else { MANIFEST };
        let mut files = vec![("Cargo.toml", manifest)];
        files.extend(match (self.waits, self.dynamic) {
            (false, false) => template!("blocking"),
            (false, true) => template!("dynamic"),
            (true, false) => template!("async"),
            (true, true) => template!("async_dynamic"),
        });
        match (self.waits, self.dynamic) {
            (false, false) => {
                files.push((HOST, "-- proc/uptime --\n350735.47 234388.90\n"));
            }
            (false, true) => {
                files.push((HOST, "-- proc/sys/kernel/threads-max --\n63704\n"));
            }
            (true, _) => {}
        }
        files
    }
}

/// Whether the code of a template has this word.
pub(crate) fn mention(word: &str) -> bool {
    let of_word = |line: &str| {
        line.split(|c: char| !c.is_alphanumeric() && c != '_').any(|part| part == word)
    };
    let mut files = [(false, false), (false, true), (true, false), (true, true)]
        .into_iter()
        .flat_map(|(waits, dynamic)| Shape { waits, dynamic }.files())
        .filter(|(path, _)| *path == "src/lib.rs");
    let code = |line: &&str| !line.trim_start().starts_with("//");
    files.any(|(_, text)| text.lines().filter(code).any(of_word))
}

const MANIFEST: &str = include_str!("../templates/blocking.toml.txt");
const ASYNC_MANIFEST: &str = include_str!("../templates/async.toml.txt");
