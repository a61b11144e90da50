//! Hosts with many mounts, odd ones, and dead ones.

use std::path::Path;
use std::thread;

use exporter_testkit::{Page, Probe, Tree, wait_until};

use super::*;

/// Answers for every path, but hangs below `dead` as long as there is a file `dead` beside it, and fails below `locked`.
pub(crate) enum Lab {}

impl Ask for Lab {
    fn ask(path: &Path) -> Result<Space, String> {
        let text = path.to_string_lossy();
        if text.contains("/dead") {
            let root = text.split("/dead").next().unwrap_or_default();
            while Path::new(root).join("hang").exists() {
                thread::sleep(Duration::from_millis(1));
            }
        }
        if text.contains("/locked") {
            return Err("permission denied".to_owned());
        }
        let (size, readonly) = (3e9, text.contains("/failing"));
        Ok(Space { size, free: 2e9, available: 1e9, files: 100, files_free: 99, readonly })
    }
}

fn line(point: &str, fs_type: &str, device: &str) -> String {
    format!("36 35 98:7 / {point} rw,noatime master:1 shared:2 - {fs_type} {device} rw\n")
}

fn errors(page: &Page) -> Vec<(String, String)> {
    let failed = page.samples("node_filesystem_device_error").into_iter();
    let failed = failed.filter(|sample| sample.value == 1.0);
    let label = |sample: &exporter_testkit::Sample, name| sample.label(name).unwrap().to_owned();
    failed.map(|sample| (label(sample, "mountpoint"), label(sample, "device_error"))).collect()
}

#[test]
fn dead_mounts_cost_themselves_scrape_after_scrape_and_come_back() {
    let host = Tree::new();
    let mut mounts: String =
        (0..300).map(|i| line(&format!("/data/{i}"), "ext4", "/dev/sda")).collect();
    mounts += &line("/dead/1", "nfs", "server:/a");
    mounts += &line("/dead/2", "ext4", "/dev/sdb");
    mounts += &line("/locked", "ext4", "/dev/sdc");
    host.write("proc/1/mountinfo", mounts).write("hang", "");
    let probe =
        Probe::of::<Filesystem<Lab>, _>().config("mount_timeout: 300ms").tree(&host).start();
    let stuck = |point: &str| (point.to_owned(), STUCK.to_owned());
    let locked = ("/locked".to_owned(), "permission denied".to_owned());
    for _ in 0..5 {
        let page = probe.scrape();
        assert_eq!(page.samples("node_filesystem_size_bytes").len(), 300);
        assert_eq!(errors(&page), [stuck("/dead/1"), stuck("/dead/2"), locked.clone()]);
    }
    host.remove("hang");
    wait_until("they come back", || errors(&probe.scrape()) == [locked.clone()]);
    assert_eq!(probe.scrape().samples("node_filesystem_size_bytes").len(), 302);
}

#[test]
fn a_run_has_its_page_even_when_it_may_take_less_than_a_mount() {
    let host = Tree::new();
    host.write("proc/1/mountinfo", line("/a", "ext4", "/dev/sda") + &line("/dead", "nfs", "x:/"));
    host.write("hang", "");
    let probe = Probe::of::<Filesystem<Lab>, _>().timeout(Duration::from_millis(500)).tree(&host);
    let probe = probe.start();
    assert_eq!(errors(&probe.scrape()), [("/dead".to_owned(), STUCK.to_owned())]);
    host.remove("hang");
}

#[test]
fn a_file_system_that_went_readonly_by_itself_is_told() {
    let host = Tree::new();
    let mounts = ["/fine", "/failing"].map(|point| line(point, "ext4", "/dev/sda")).concat();
    host.write("proc/1/mountinfo", mounts);
    let page = Probe::of::<Filesystem<Lab>, _>().tree(&host).start().scrape();
    for (point, readonly) in [("/fine", 0.0), ("/failing", 1.0)] {
        assert_eq!(page.gauge("node_filesystem_readonly", &[("mountpoint", point)]), readonly);
    }
}

#[test]
fn odd_names_are_told_as_they_are() {
    let host = Tree::new();
    let mut mounts = Vec::new();
    for point in
        ["/with\\040space", "/with\\011tab", "/with\\012line", "/back\\134slash", "/quote\""]
    {
        mounts.extend_from_slice(line(point, "ext4", "/dev/a\\040b").as_bytes());
    }
    mounts.extend_from_slice(b"36 35 98:7 / /not-\xff-utf8 ro - ext4 /dev/sda rw\n");
    // Twice the same, and another over it.
    mounts.extend_from_slice(line("/twice", "ext4", "/dev/sda").as_bytes());
    mounts.extend_from_slice(line("/twice", "ext4", "/dev/sda").as_bytes());
    mounts.extend_from_slice(line("/twice", "ext4", "/dev/sdb").as_bytes());
    host.write("proc/1/mountinfo", mounts);
    let page = Probe::of::<Filesystem<Lab>, _>().tree(&host).start().scrape();
    let points: Vec<&str> = page
        .samples("node_filesystem_size_bytes")
        .iter()
        .filter_map(|s| s.label("mountpoint"))
        .collect();
    let expected = [
        "/with space",
        "/with\ttab",
        "/with\nline",
        "/back\\slash",
        "/quote\"",
        "/not-\u{fffd}-utf8",
        "/twice",
        "/twice",
    ];
    assert_eq!(points, expected);
    assert_eq!(page.samples("node_filesystem_size_bytes")[0].label("device"), Some("/dev/a\\040b"));
    assert_eq!(
        page.gauge("node_filesystem_readonly", &[("mountpoint", "/not-\u{fffd}-utf8")]),
        1.0
    );
    let upper = [("mountpoint", "/twice"), ("device", "/dev/sdb")];
    assert_eq!(page.gauge("node_filesystem_readonly", &upper), 0.0);
}

#[test]
fn filters_take_or_leave_mount_points_and_types() {
    let host = Tree::new();
    let mounts = [
        ("/", "ext4"),
        ("/proc", "proc"),
        ("/var/lib/docker/x", "ext4"),
        ("/home", "nfs"),
        ("/s", "squashfs"),
    ];
    host.write(
        "proc/1/mountinfo",
        mounts.map(|(point, fs_type)| line(point, fs_type, "d")).concat(),
    );
    let points = |config: &str| {
        let page = Probe::of::<Filesystem<Lab>, _>().config(config).tree(&host).start().scrape();
        let samples = page.samples("node_filesystem_size_bytes");
        samples.iter().filter_map(|s| s.label("mountpoint")).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(points(""), "/ /home");
    assert_eq!(points("mount_points_exclude: ^/home$"), "/ /var/lib/docker/x");
    assert_eq!(points("fs_types_exclude: ^$"), "/ /home /s");
    assert_eq!(points("mount_points_include: ^/s"), "");
    assert_eq!(points("{mount_points_include: ^/s, fs_types_include: squashfs}"), "/s");
    let refused = |config| Probe::of::<Filesystem<Lab>, _>().config(config).refused();
    let why = refused("{fs_types_exclude: a, fs_types_include: b}");
    assert!(why.contains("fs_types_exclude and fs_types_include exclude each other"), "{why}");
    let why = refused("mount_points_exclude: '('");
    assert!(why.contains("mount_points_exclude: found open group"), "{why}");
    let why = refused("mount_timeout: 0s");
    assert!(why.contains("mount_timeout: no file system answers in no time"), "{why}");
    let why = refused("mount_timeout: soon");
    assert!(why.contains("mount_timeout"), "{why}");
}

#[test]
fn in_a_container_the_mounts_of_the_host_are_told_as_the_host_sees_them() {
    let host = Tree::new();
    let root = host.path("").display().to_string();
    let root = root.trim_end_matches('/');
    let mounts = [line(root, "ext4", "a"), line(&format!("{root}/home"), "ext4", "b")].concat();
    host.write("proc/self/mountinfo", mounts);
    let page = Probe::of::<Filesystem<Lab>, _>().tree(&host).start().scrape();
    let samples = page.samples("node_filesystem_size_bytes");
    let points: Vec<_> = samples.iter().filter_map(|sample| sample.label("mountpoint")).collect();
    assert_eq!(points, ["/", "/home"]);
}

#[test]
fn the_kernel_is_asked_and_its_errors_are_told() {
    let page = Probe::of::<Filesystem, _>()
        .config("{mount_points_exclude: ^$, fs_types_include: ^(proc|tmpfs)$}")
        .start()
        .scrape();
    assert!(!page.samples("node_filesystem_size_bytes").is_empty());
    assert_eq!(Kernel::ask(Path::new("/nosuch")).unwrap_err(), "no such file or directory");
}

#[test]
fn a_line_that_is_broken_costs_that_mount_only_and_until_it_is_mended() {
    let host = Tree::new();
    let probe = Probe::of::<Filesystem<Lab>, _>().tree(&host).start();
    let points = || {
        let page = probe.scrape();
        let samples = page.samples("node_filesystem_size_bytes");
        samples.iter().filter_map(|s| s.label("mountpoint")).collect::<Vec<_>>().join(" ")
    };
    let broken =
        "36 35 98:0 / /broken rw - ext4\nnothing at all\n36 35 98 / /numbers rw - ext4 d rw\n";
    host.write("proc/1/mountinfo", line("/a", "ext4", "d") + broken + &line("/b", "ext4", "d"));
    let place = host.path("proc/1/mountinfo").display().to_string();
    let why = "expected `ID PARENT MAJOR:MINOR ROOT POINT OPTIONS - TYPE DEVICE OPTIONS`";
    for _ in 0..2 {
        assert_eq!(points(), "/a /b");
        let lines =
            broken.lines().zip(2..).map(|(line, n)| format!("{place}:{n}: `{line}`: {why}"));
        assert_eq!(probe.omissions(), lines.collect::<Vec<_>>());
    }
    host.write("proc/1/mountinfo", line("/a", "ext4", "d") + &line("/broken", "ext4", "d"));
    assert_eq!(points(), "/a /broken");
    assert_eq!(probe.omissions(), [""; 0]);
    // The table is not what it was when it could be read.
    host.remove("proc/1/mountinfo");
    assert!(probe.failure().contains("proc/1/mountinfo: No such file"));
    host.link("proc/1/mountinfo", "/proc/self/mem");
    assert_eq!(probe.failure(), format!("{place}: Input/output error (os error 5)"));
    host.remove("proc/1/mountinfo").write("proc/1/mountinfo", broken);
    assert!(probe.failure().starts_with(&format!("{place}:1: `36 35 98:0 / /broken rw - ext4`: ")));
    host.write("proc/1/mountinfo", line("/a", "ext4", "d"));
    assert_eq!(points(), "/a");
}

#[test]
fn options_may_have_blanks_in_them() {
    let host = Tree::new();
    host.write(
        "proc/1/mountinfo",
        "9 7 0:8 / /Docker/host rw,noatime - 9p drvfs rw,aname=drvfs;path=C:\\Program Files\\Docker;uid=0\n\
         9 7 0:9 / /sealed rw - 9p drvfs path=C:\\Program Files,ro\n9 7 0:9 / /none rw - ext4 /dev/sda\n\
         9 7 0:9 / /emergency rw - ext4 /dev/sdb rw,emergency_ro\n",
    );
    let page = Probe::of::<Filesystem<Lab>, _>().tree(&host).start().scrape();
    for (point, readonly) in
        [("/Docker/host", 0.0), ("/sealed", 1.0), ("/none", 0.0), ("/emergency", 1.0)]
    {
        assert_eq!(page.gauge("node_filesystem_readonly", &[("mountpoint", point)]), readonly);
    }
}

#[test]
fn numbers_are_told_of_mounts_that_answer() {
    let host = Tree::new();
    let mounts = ["/fine", "/locked"].map(|point| line(point, "ext4", "/dev/sda")).concat();
    host.write("proc/1/mountinfo", mounts);
    let page = Probe::of::<Filesystem<Lab>, _>().tree(&host).start().scrape();
    let infos = page.samples("node_filesystem_mount_info");
    let points: Vec<_> = infos.iter().filter_map(|sample| sample.label("mountpoint")).collect();
    assert_eq!(points, ["/fine"]);
}
