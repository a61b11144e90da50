//! What an exporter is built from, for `exporter_build_info` and `--version`: from the environment, else from git, else empty.

use std::env;
use std::path::Path;
use std::process::Command;

use jiff::Timestamp;

/// Where this package lies in its repository. The commit of a repository that has it elsewhere is that of other source.
const FOLDER: &str = "crates/exporter-app/";

/// The commit of what a packager builds.
const REVISION: &str = "EXPORTER_REVISION";

/// The time of that commit, in seconds since 1970: <https://reproducible-builds.org/specs/source-date-epoch/>.
const DATE: &str = "SOURCE_DATE_EPOCH";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    for variable in [REVISION, DATE] {
        println!("cargo::rerun-if-env-changed={variable}");
    }
    set("GIVEN_REVISION", &env::var(REVISION).unwrap_or_default());
    set("GIVEN_DATE", &env::var(DATE).map(|seconds| date(DATE, &seconds)).unwrap_or_default());
    let commit = Commit::of_this_source().unwrap_or_default();
    set("GIT_REVISION", &commit.revision);
    set("GIT_DATE", &commit.date);
    set("COMPILER", &compiler().unwrap_or_default());
    set("TARGET", &env::var("TARGET").unwrap_or_default());
}

fn set(name: &str, value: &str) {
    println!("cargo::rustc-env=EXPORTER_BUILD_{name}={value}");
}

#[derive(Default)]
struct Commit {
    revision: String,
    date: String,
}

impl Commit {
    /// The commit that is checked out; `None` where this package is not in its repository, or git is not there.
    fn of_this_source() -> Option<Self> {
        if git(&["rev-parse", "--show-prefix"])? != FOLDER {
            return None;
        }
        watch();
        let revision = git(&["rev-parse", "HEAD"])?;
        let seconds = git(&["show", "--no-patch", "--format=%ct", "HEAD"])?;
        Some(Self { revision, date: date("the commit's time", &seconds) })
    }
}

/// Has this script run again when another commit is checked out. Cargo takes a path that does not exist for changed, so
/// only those that exist are named.
fn watch() {
    let watch = |name: &str| {
        let path = git(&["rev-parse", "--git-path", name]);
        let path = path.filter(|path| Path::new(path).exists());
        if let Some(path) = &path {
            println!("cargo::rerun-if-changed={path}");
        }
        path.is_some()
    };
    watch("HEAD");
    let Some(branch) = git(&["symbolic-ref", "--quiet", "HEAD"]) else { return };
    if !watch(&branch) {
        // The branch is packed. Its next commit makes a file of it.
        watch("packed-refs");
        watch("refs/heads");
    }
}

fn git(args: &[&str]) -> Option<String> {
    // Within a hook of git, the variable names the repository of that hook.
    run(Command::new("git").args(args).env_remove("GIT_DIR"))
}

/// `rustc 1.95.0`, without the date and the commit of the compiler.
fn compiler() -> Option<String> {
    let version = run(Command::new(env::var_os("RUSTC")?).arg("--version"))?;
    Some(version.split(' ').take(2).collect::<Vec<_>>().join(" "))
}

/// The first line of what a command prints; `None` when it fails.
fn run(command: &mut Command) -> Option<String> {
    let output = command.output().ok().filter(|output| output.status.success())?;
    let text = String::from_utf8(output.stdout).ok()?;
    text.lines().next().map(str::to_owned)
}

fn date(source: &str, seconds: &str) -> String {
    let timestamp = seconds.parse().ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    match timestamp {
        Some(timestamp) => timestamp.to_string(),
        None => {
            panic!("{source}: expected seconds since 1970, such as 1795449343, found `{seconds}`")
        }
    }
}
