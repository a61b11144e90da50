//! Other builds than the one under test: each feature for itself, and the profiles that are shipped. A registration that
//! the linker lost would be noticed here.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use exporter_testkit::{Exporter, run};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

/// Builds the exporter of a workspace as a user does, and returns a binary that the next build does not replace.
pub(crate) fn build(workspace: &Path, profile: &str, features: &str) -> PathBuf {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _building = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let target = root().join("target/tests");
    let output = Command::new(env!("CARGO"))
        .args(["build", "--profile", profile, "--features", features])
        .current_dir(workspace)
        .env("CARGO_TARGET_DIR", &target)
        .env_remove("CARGO_MANIFEST_DIR")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let folder = if profile == "dev" { "debug" } else { profile };
    let binary = target.join(format!("exporter-{profile}-{}", features.replace(',', "-")));
    // A new file: the old one may be running.
    let _ = fs::remove_file(&binary);
    fs::copy(target.join(folder).join("exporter-bin"), &binary).unwrap();
    binary
}

fn collectors(binary: &Path) -> Vec<String> {
    let list = String::from_utf8(run(binary, ["list"]).stdout).unwrap();
    list.lines().skip(1).map(|line| line.split(' ').next().unwrap().to_owned()).collect()
}

#[test]
fn features_pick_collectors_and_without_any_it_still_serves_itself() {
    let one = build(&root(), "dev", "gauge");
    assert_eq!(collectors(&one), ["gauge"]);
    let page = Exporter::start(&one, [""; 0]).scrape();
    assert!(page.family("my_gauge").is_some() && page.family("my_counter").is_none());

    let none = build(&root(), "dev", "");
    assert!(collectors(&none).is_empty());
    let exporter = Exporter::start(&none, [""; 0]);
    let log = exporter.log();
    assert!(log.contains("build some in with: cargo build --features gauge,counter"), "{log}");
    assert_eq!(exporter.scrape().value("exporter_build_info", &[]), Some(1.0));

    let unknown = Command::new(env!("CARGO"))
        .args(["build", "--features", "nosuch"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(!unknown.status.success());
    let said = String::from_utf8(unknown.stderr).unwrap();
    assert!(said.contains("does not contain this feature: nosuch"), "{said}");
}

#[test]
fn release_and_dist_have_every_collector_and_are_small() {
    for profile in ["release", "dist"] {
        let binary = build(&root(), profile, "gauge,counter");
        assert_eq!(collectors(&binary), ["counter", "gauge"], "{profile}");
        let size = fs::metadata(&binary).unwrap().len();
        assert!(size <= 8 * 1024 * 1024, "{profile}: {size} bytes");
        let page = Exporter::start(&binary, [""; 0]).scrape();
        assert!(page.family("my_gauge").is_some() && page.family("my_counter").is_some());
    }
}
