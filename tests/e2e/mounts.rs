//! Mounts that come and go while the exporter runs.

use std::process::Command;

use exporter_testkit::{Exporter, Tree};

use crate::EXPORTER;

/// Runs in namespaces of its own, where it may mount, and where the exporter is looked at as the first process.
const SCRIPT: &str = r#"
set -e
"$EXPORTER" --collector.disable-defaults --collector.filesystem --web.listen-address=127.0.0.1:0 2>"$FOLDER/log" &
address=
for _ in $(seq 100); do
    address=$(sed -n 's/.*Listening on.*address=//p' "$FOLDER/log")
    [ -z "$address" ] || break
    sleep 0.1
done
mkdir "$FOLDER/mount"
scrape() { echo "= $1"; curl -sf "http://$address/metrics" | grep "node_filesystem_.*$FOLDER/mount\"" || true; }
scrape before
mount -t tmpfs -o size=1m first "$FOLDER/mount"
scrape mounted
mount -o remount,ro "$FOLDER/mount"
scrape readonly
umount "$FOLDER/mount"
scrape after
kill $!
"#;

#[test]
fn a_mount_that_comes_changes_or_goes_is_seen_at_the_next_scrape() {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "--pid", "--fork", "--mount-proc"])
        .args(["sh", "-c", SCRIPT])
        .env("EXPORTER", EXPORTER)
        .env("FOLDER", folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    let sections: Vec<&str> = said.split("= ").skip(1).collect();
    let [before, mounted, readonly, after] = sections[..] else { panic!("{said}") };
    assert_eq!((before, after), ("before\n", "after\n"));
    let value = |page: &str, metric: &str| {
        let line = page.lines().find(|line| line.starts_with(&format!("{metric}{{")));
        line.unwrap_or_else(|| panic!("{metric}: {page}")).rsplit(' ').next().unwrap().to_owned()
    };
    for (page, expected) in [(mounted, "0"), (readonly, "1")] {
        assert_eq!(value(page, "node_filesystem_readonly"), expected);
        assert_eq!(value(page, "node_filesystem_size_bytes"), "1048576");
    }
}

#[test]
fn a_line_that_cannot_be_parsed_is_logged_once() {
    let host = Tree::new();
    host.write("proc/1/mountinfo", "odd line\n36 35 98:0 / / rw - ext4 /dev/sda rw\n");
    let procfs = format!("--path.procfs={}", host.path("proc").display());
    let flags = ["--collector.disable-defaults", "--collector.filesystem", &procfs];
    let exporter = Exporter::start(EXPORTER, flags);
    for _ in 0..3 {
        assert_eq!(exporter.scrape().samples("node_filesystem_size_bytes").len(), 1);
    }
    let log = exporter.log();
    assert_eq!(log.matches("Collector left out what it could not read").count(), 1, "{log}");
    assert!(log.contains("mountinfo:1") && log.contains("odd line"), "{log}");
}
