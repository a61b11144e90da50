//! The processors of machines that this one is not.

use exporter_testkit::{Probe, Tree};

use super::*;

fn seconds(page: &exporter_testkit::Page, cpu: &str, mode: &str) -> f64 {
    page.counter("node_cpu_seconds_total", &[("cpu", cpu), ("mode", mode)])
}

#[test]
fn processors_that_are_offline_leave_a_gap() {
    let host = Tree::new();
    host.write(
        "proc/stat",
        "cpu  9 9 9 9\ncpu0 100 2 3 4 5 6 7 8 9 10\ncpu3 300 2 3 4 5 6 7 8 9 10\nintr 1\n",
    );
    let page = Probe::of::<Cpu, _>().tree(&host).start().scrape();
    assert_eq!((seconds(&page, "0", "user"), seconds(&page, "3", "user")), (1.0, 3.0));
    assert_eq!(page.samples("node_cpu_seconds_total").len(), 16);
    assert_eq!(
        page.counter("node_cpu_guest_seconds_total", &[("cpu", "3"), ("mode", "nice")]),
        0.1
    );
}

#[test]
fn times_do_not_fall_unless_a_processor_was_plugged_in_anew() {
    let host = Tree::new();
    let probe = Probe::of::<Cpu, _>().tree(&host).start();
    let after = |line: &str| {
        host.write("proc/stat", format!("cpu  0\n{line}\nintr 1\n"));
        let page = probe.scrape();
        ["user", "idle", "iowait"].map(|mode| seconds(&page, "0", mode))
    };
    assert_eq!(after("cpu0 100 0 0 1000 500 0 0 0 0 0"), [1.0, 10.0, 5.0]);
    assert_eq!(after("cpu0 110 0 0 990 400 0 0 0 0 0"), [1.1, 10.0, 5.0]);
    assert_eq!(after("cpu0 120 0 0 1001 501 0 0 0 0 0"), [1.2, 10.01, 5.01]);
    assert_eq!(after("cpu0 10 0 0 20 1 0 0 0 0 0"), [0.1, 0.2, 0.01]);
}

#[test]
fn a_processor_that_goes_offline_takes_its_series_along() {
    let host = Tree::new();
    host.write("proc/stat", "cpu  0\ncpu1 1 1 1 1\ncpu11 1 1 1 1\n");
    let probe = Probe::of::<Cpu, _>().tree(&host).start();
    assert_eq!(probe.scrape().samples("node_cpu_seconds_total").len(), 16);
    host.write("proc/stat", "cpu  0\ncpu11 1 1 1 1\n");
    let page = probe.scrape();
    assert_eq!(page.samples("node_cpu_seconds_total").len(), 8);
    assert_eq!(seconds(&page, "11", "user"), 0.01);
}

#[test]
fn a_number_that_is_none_costs_the_time_of_its_mode() {
    let host = Tree::new();
    let probe = Probe::of::<Cpu, _>().tree(&host).start();
    let place = host.path("proc/stat").display().to_string();
    let good = "cpu  0\ncpu0 100 200 300 400 500 0 0 0 30 40\ncpu1 1 2 3 4 5 0 0 0 3 4\n";
    host.write("proc/stat", good);
    assert_eq!(probe.scrape().samples("node_cpu_seconds_total").len(), 16);
    let bad =
        "cpu  x\ncpu0 100 x 300 -1 501 0 0 0 30 y\ncpu1 1 2 3 4 5 0 0 0 3 4\ncpux 1 2\ncpu3\n";
    host.write("proc/stat", bad);
    let page = probe.scrape();
    assert_eq!(page.samples("node_cpu_seconds_total").len(), 14);
    assert_eq!(page.samples("node_cpu_guest_seconds_total").len(), 3);
    for (cpu, mode, value) in [("0", "user", 1.0), ("0", "iowait", 5.01), ("1", "nice", 0.02)] {
        assert_eq!(seconds(&page, cpu, mode), value);
    }
    let expected = "expected a whole number from 0 to 18446744073709551615";
    let word =
        |column: u32, word| format!("{place}:2, column {column}: found `{word}`, {expected}");
    let line = |line: u32, why: &str| format!("{place}:{line}: {why}");
    let number = "`cpux 1 2`: found `x`, expected a whole number from 0 to 4294967295";
    assert_eq!(
        probe.omissions(),
        [
            word(2, "x"),
            word(4, "-1"),
            word(10, "y"),
            line(4, number),
            line(5, "`cpu3`: expected `cpuN` and its numbers"),
        ]
    );
    // The time that was not read is not behind the one of before.
    host.write("proc/stat", good.replace(" 200 ", " 199 "));
    assert_eq!(seconds(&probe.scrape(), "0", "nice"), 2.0);
    assert_eq!(probe.omissions(), [""; 0]);
}

#[test]
fn a_file_that_cannot_be_read_costs_itself() {
    let host = Tree::copy("tests/cases/sample/host.txt");
    let files = ["proc/stat", "proc/cpuinfo", "sys/devices/system/cpu/online"];
    let whole = Probe::of::<Cpu, _>().config("info: true").tree(&host).start().scrape();
    let lost: [&[&str]; 3] = [
        &["node_cpu_seconds_total", "node_cpu_guest_seconds_total"],
        &["node_cpu_info", "node_cpu_frequency_hertz"],
        &["node_cpu_online"],
    ];
    for (file, lost) in files.into_iter().zip(lost) {
        let host = Tree::copy("tests/cases/sample/host.txt");
        host.remove(file).link(file, "/proc/self/mem");
        let probe = Probe::of::<Cpu, _>().config("info: true").tree(&host).start();
        for _ in 0..2 {
            let page = probe.scrape();
            let kept = whole.all_samples().into_iter().filter(|it| !lost.contains(&&*it.name));
            let (kept, found) = (kept.collect::<Vec<_>>(), page.all_samples());
            let text = |all: &[&exporter_testkit::Sample]| {
                all.iter().map(ToString::to_string).collect::<Vec<_>>()
            };
            assert_eq!(text(&found), text(&kept), "{file}");
            let place = host.path(file).display().to_string();
            assert_eq!(probe.omissions(), [format!("{place}: Input/output error (os error 5)")]);
        }
    }
}

#[test]
fn attributes_in_sysfs_cost_themselves_run_by_run() {
    let host = large();
    let cpu = |path: &str| format!("sys/devices/system/cpu/{path}");
    let link = |path: &str, target: &str| {
        host.remove(&cpu(path)).link(&cpu(path), target);
    };
    link("cpu3/thermal_throttle/core_throttle_count", "/proc/self/mem");
    link("cpu0/thermal_throttle/package_throttle_count", "/proc/self/clear_refs");
    link("cpu5/topology/core_id", "/proc/self/mem");
    host.write(&cpu("cpu6/thermal_throttle/core_throttle_count"), "many\n");
    host.write(&cpu("isolated"), "4-x\n");
    let probe = Probe::of::<Cpu, _>().tree(&host).start();
    for _ in 0..2 {
        let page = probe.scrape();
        assert_eq!(page.samples("node_cpu_seconds_total").len(), 64 * 8);
        // The second thread of core 5 has its count as well.
        assert_eq!(page.samples("node_cpu_core_throttles_total").len(), 30);
        let core = [("package", "0"), ("core", "5")];
        assert_eq!(page.counter("node_cpu_core_throttles_total", &core), 5.0);
        assert_eq!(page.samples("node_cpu_package_throttles_total").len(), 1);
        assert_eq!(page.samples("node_cpu_online").len(), 65);
        assert!(page.family("node_cpu_isolated").is_none());
        let place = |path: &str| host.path(&cpu(path)).display().to_string();
        let u32 = "expected a whole number from 0 to 4294967295";
        let u64 = "expected a whole number from 0 to 18446744073709551615";
        let mut omitted = probe.omissions();
        omitted.sort();
        let mut expected = [
            ("isolated", format!("found `x`, {u32}")),
            ("cpu5/topology/core_id", "Input/output error (os error 5)".to_owned()),
            (
                "cpu0/thermal_throttle/package_throttle_count",
                "Invalid argument (os error 22)".to_owned(),
            ),
            (
                "cpu3/thermal_throttle/core_throttle_count",
                "Input/output error (os error 5)".to_owned(),
            ),
            ("cpu6/thermal_throttle/core_throttle_count", format!("found `many`, {u64}")),
        ]
        .map(|(path, why)| format!("{}: {why}", place(path)));
        expected.sort();
        assert_eq!(omitted, expected);
    }
    host.write(&cpu("isolated"), "4-7\n");
    assert_eq!(probe.scrape().samples("node_cpu_isolated").len(), 4);
}

#[test]
fn a_frequency_that_is_none_costs_itself() {
    let host = Tree::new();
    host.write("proc/stat", "cpu  0\ncpu0 1 1 1 1\n");
    host.write(
        "proc/cpuinfo",
        "processor\t: 0\ncpu MHz\t: fast\n\nprocessor\t: 1\ncpu MHz\t: 5.5\n",
    );
    let probe = Probe::of::<Cpu, _>().config("info: true").tree(&host).start();
    let page = probe.scrape();
    assert_eq!(page.samples("node_cpu_info").len(), 2);
    assert_eq!(page.samples("node_cpu_frequency_hertz").len(), 1);
    assert_eq!(page.gauge("node_cpu_frequency_hertz", &[("cpu", "1")]), 5.5e6);
    let place = host.path("proc/cpuinfo").display().to_string();
    let why = "cpu MHz of processor 0: found `fast`, expected a decimal number";
    assert_eq!(probe.omissions(), [format!("{place}, {why}")]);
}

#[test]
fn a_machine_of_64_processors_is_seen_whole() {
    let host = large();
    let page = Probe::of::<Cpu, _>().tree(&host).start().scrape();
    assert_eq!(page.samples("node_cpu_seconds_total").len(), 64 * 8);
    assert_eq!(page.samples("node_cpu_core_throttles_total").len(), 32);
    assert_eq!(page.samples("node_cpu_package_throttles_total").len(), 2);
    assert_eq!(page.gauge("node_cpu_online", &[("cpu", "63")]), 1.0);
    assert_eq!(page.gauge("node_cpu_online", &[("cpu", "64")]), 0.0);
    assert_eq!(page.samples("node_cpu_isolated").len(), 4);
    let core = [("package", "1"), ("core", "3")];
    assert_eq!(page.counter("node_cpu_core_throttles_total", &core), 19.0);
}

/// Two packages of 16 cores with two threads each, and one processor that is not online.
fn large() -> Tree {
    let host = Tree::new();
    let mut stat = "cpu  0 0 0 0 0 0 0 0 0 0\n".to_owned();
    for cpu in 0..64 {
        stat.extend(["cpu", &cpu.to_string(), " 1 2 3 4 5 6 7 8 9 10\n"]);
        let folder = format!("sys/devices/system/cpu/cpu{cpu}");
        let (package, core) = (cpu / 16 % 2, cpu % 16);
        host.write(&format!("{folder}/topology/physical_package_id"), format!("{package}\n"));
        host.write(&format!("{folder}/topology/core_id"), format!("{core}\n"));
        let count = format!("{}\n", package * 16 + core);
        host.write(&format!("{folder}/thermal_throttle/core_throttle_count"), count);
        host.write(&format!("{folder}/thermal_throttle/package_throttle_count"), "7\n");
    }
    host.write("proc/stat", stat);
    host.write("sys/devices/system/cpu/online", "0-63\n");
    host.write("sys/devices/system/cpu/present", "0-64\n");
    host.write("sys/devices/system/cpu/isolated", "4-7\n");
    host
}

#[test]
fn flags_and_bugs_are_picked_by_patterns_which_switch_info_on() {
    let host = Tree::copy("tests/cases/sample/host.txt");
    let probe = |config| Probe::of::<Cpu, _>().config(config).tree(&host);
    let page = probe("info_flags_include: ^avx").start().scrape();
    assert_eq!(page.samples("node_cpu_info").len(), 2);
    assert_eq!(page.samples("node_cpu_flag_info").len(), 2);
    assert!(page.family("node_cpu_bug_info").is_none());
    assert!(probe("").start().scrape().family("node_cpu_info").is_none());
    let why = probe("info_bugs_include: '('").refused();
    assert!(why.contains("info_bugs_include: found open group"), "{why}");
}

#[test]
fn the_cpuinfo_of_other_architectures_is_understood() {
    let host = Tree::new();
    host.write("proc/stat", "cpu  0\ncpu0 1 1 1 1\n");
    host.write("proc/cpuinfo", "processor\t: 0\nBogoMIPS\t: 50.00\nFeatures\t: fp asimd\nCPU implementer\t: 0x41\n\nHardware\t: x\n");
    let page = Probe::of::<Cpu, _>().config("info: true").tree(&host).start().scrape();
    assert_eq!(page.samples("node_cpu_info").len(), 1);
    assert!(page.family("node_cpu_frequency_hertz").is_none());
}

#[test]
fn flags_are_found_whatever_their_architecture_calls_them() {
    let check = |cpuinfo: &str, processors: usize| {
        let host = Tree::new();
        host.write("proc/stat", "cpu  0\ncpu0 1 1 1 1\n").write("proc/cpuinfo", cpuinfo);
        let probe = Probe::of::<Cpu, _>().config("info_flags_include: ^(asimd|vx)$").tree(&host);
        let page = probe.start().scrape();
        let flags = page.samples("node_cpu_flag_info");
        assert_eq!(
            (page.samples("node_cpu_info").len(), flags.len()),
            (processors, 1),
            "{cpuinfo}"
        );
        page
    };
    check("processor\t: 0\nflags\t: fpu vx\n", 1);
    check("processor\t: 0\nFeatures\t: fp asimd\nCPU part\t: 1\n\nHardware\t: x\n", 1);
    // An old ARM has them behind its processors.
    check(
        "processor\t: 0\nBogoMIPS\t: 1\n\nprocessor\t: 1\nBogoMIPS\t: 1\n\nFeatures\t: fp asimd\n",
        2,
    );
    let page = check(
        "vendor_id       : IBM/S390\nfeatures\t: esan3 vx\nprocessor 0: version = FF\nprocessor 1: version = FF\n\n\
         cpu number      : 0\nphysical id     : 1\ncore id         : 2\ncpu MHz dynamic : 5000\n\n\
         cpu number      : 1\nphysical id     : 1\ncore id         : 3\ncpu MHz dynamic : 5200\n",
        2,
    );
    let labels = [("cpu", "1"), ("package", "1"), ("core", "3")];
    assert_eq!(page.gauge("node_cpu_frequency_hertz", &labels), 5.2e9);
    assert_eq!(page.gauge("node_cpu_info", &[("cpu", "0"), ("vendor", "IBM/S390")]), 1.0);
}
