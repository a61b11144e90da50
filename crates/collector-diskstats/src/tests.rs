//! The disks of hosts that this one is not.

use std::fs;

use exporter_testkit::{Probe, Tree};

use super::*;

#[test]
fn columns_that_an_old_kernel_lacks_are_families_that_are_not_there() {
    let host = Tree::new();
    host.write(
        "proc/diskstats",
        "   8  0 sda 1 2 3 4 5 6 7 8 9 10 11\n   8 16 sdb 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19\n",
    );
    let page = Probe::of::<Diskstats, _>().tree(&host).start().scrape();
    assert_eq!(
        page.counter("node_disk_io_time_weighted_seconds_total", &[("device", "sda")]),
        0.011
    );
    assert_eq!(page.counter("node_disk_read_bytes_total", &[("device", "sda")]), 1536.0);
    assert_eq!(page.gauge("node_disk_io_now", &[("device", "sdb")]), 9.0);
    assert_eq!(
        page.counter("node_disk_flush_requests_time_seconds_total", &[("device", "sdb")]),
        0.017
    );
    assert_eq!(page.samples("node_disk_discards_completed_total").len(), 1);
}

#[test]
fn partitions_are_left_out_and_patterns_pick_others() {
    let host = Tree::new();
    let names =
        ["sda", "sda1", "nvme0n1", "nvme0n1p2", "loop3", "dm-0", "md127", "mmcblk0p1", "zram0"];
    let lines = names.map(|name| format!("8 0 {name} 1 1 1 1 1 1 1 1 1 1 1\n"));
    host.write("proc/diskstats", lines.concat());
    let devices = |config: &str| {
        let probe = Probe::of::<Diskstats, _>().config(config).tree(&host).start();
        let (first, second) = (probe.scrape(), probe.scrape());
        assert_eq!(first, second);
        let samples = first.samples("node_disk_io_now");
        samples.iter().filter_map(|s| s.label("device")).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(devices(""), "sda nvme0n1 dm-0 md127 mmcblk0p1");
    assert_eq!(devices("device_exclude: ^[^s]"), "sda sda1");
    assert_eq!(devices("device_include: \\dp\\d$"), "nvme0n1p2 mmcblk0p1");
    let config = "{device_exclude: a, device_include: b}";
    let why = Probe::of::<Diskstats, _>().config(config).refused();
    assert!(why.contains("device_exclude and device_include exclude each other"), "{why}");
}

#[test]
fn what_udev_writes_anew_is_read_anew() {
    let host = Tree::new();
    host.write("proc/diskstats", "8 0 sda 1 1 1 1 1 1 1 1 1 1 1\n");
    let probe = Probe::of::<Diskstats, _>().tree(&host).start();
    let model = || probe.scrape().samples("node_disk_info")[0].label("model").map(str::to_owned);
    assert_eq!(model().as_deref(), Some(""));
    for name in ["first", "other"] {
        // As udev does it: another file takes the place of the old one.
        host.write("run/udev/data/new", format!("I:1\nE:ID_MODEL={name}\n"));
        fs::rename(host.path("run/udev/data/new"), host.path("run/udev/data/b8:0")).unwrap();
        assert_eq!(model().as_deref(), Some(name));
    }
    host.remove("run/udev/data/b8:0");
    assert_eq!(model().as_deref(), Some(""));
}

#[test]
fn forty_disks_are_seen_whole() {
    let host = Tree::new();
    let name = |i: u8| format!("sd{}{}", char::from(b'a' + i / 26), char::from(b'a' + i % 26));
    let line = |i| format!("8 {i} {} 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17\n", name(i));
    host.write("proc/diskstats", (0..40).map(line).collect::<String>());
    for i in 0..40 {
        host.write(
            &format!("run/udev/data/b8:{i}"),
            "E:ID_ATA=1\nE:ID_ATA_ROTATION_RATE_RPM=7200\n",
        );
        host.write(&format!("sys/block/{}/queue/rotational", name(i)), "1\n");
    }
    let page = Probe::of::<Diskstats, _>().tree(&host).start().scrape();
    assert_eq!(page.all_samples().len(), 40 * 19);
    assert_eq!(page.samples("node_disk_info")[39].label("rotational"), Some("1"));
}

#[test]
fn a_disk_with_a_slash_in_its_name_is_found_in_sysfs() {
    let host = Tree::new();
    host.write("proc/diskstats", "104 0 cciss/c0d0 1 1 1 1 1 1 1 1 1 1 1\n");
    host.write("sys/block/cciss!c0d0/queue/rotational", "1\n");
    let page = Probe::of::<Diskstats, _>().tree(&host).start().scrape();
    let info = page.samples("node_disk_info")[0];
    assert_eq!((info.label("device"), info.label("rotational")), (Some("cciss/c0d0"), Some("1")));
}

#[test]
fn a_line_and_a_number_cost_themselves() {
    let host = Tree::new();
    let probe = Probe::of::<Diskstats, _>().tree(&host).start();
    let place = host.path("proc/diskstats").display().to_string();
    let good = "8 0 sda 1 2 3 4 5 6 7 8 9 10 11\n";
    let bad = "8 0\n8 16 sdb 1 -2 3 4 5 6 7 8 9 10 11\n8 32 sdc 1 2 3 4\n";
    host.write("proc/diskstats", good.to_owned() + bad);
    let page = probe.scrape();
    assert_eq!(page.samples("node_disk_info").len(), 3);
    assert_eq!(page.samples("node_disk_reads_merged_total").len(), 2);
    assert_eq!(page.counter("node_disk_reads_merged_total", &[("device", "sda")]), 2.0);
    assert_eq!(page.counter("node_disk_read_bytes_total", &[("device", "sdb")]), 1536.0);
    assert_eq!(page.gauge("node_disk_io_now", &[("device", "sdb")]), 9.0);
    assert_eq!(page.counter("node_disk_read_time_seconds_total", &[("device", "sdc")]), 0.004);
    let expected = "expected a whole number from 0 to 18446744073709551615";
    assert_eq!(
        probe.omissions(),
        [
            format!("{place}:2: `8 0`: expected `MAJOR MINOR DEVICE` and numbers"),
            format!("{place}:3, sdb, field 2: found `-2`, {expected}"),
            format!("{place}:4: `8 32 sdc 1 2 3 4`: found 4 numbers, expected 11 or more"),
        ]
    );
    host.write("proc/diskstats", "8 0\n");
    let expected = format!("{place}:1: `8 0`: expected `MAJOR MINOR DEVICE` and numbers");
    assert_eq!(probe.failure(), expected);
    host.remove("proc/diskstats").link("proc/diskstats", "/proc/self/mem");
    assert_eq!(probe.failure(), format!("{place}: Input/output error (os error 5)"));
}

#[test]
fn what_is_known_of_a_disk_costs_itself() {
    let host = Tree::new();
    let line = |minor: u32, name: &str| format!("8 {minor} {name} 1 2 3 4 5 6 7 8 9 10 11\n");
    host.write("proc/diskstats", [line(0, "sda"), line(16, "sdb"), line(32, "sdc")].concat());
    let udev = ["run/udev/data/b8:0", "run/udev/data/b8:16", "run/udev/data/b8:32"];
    host.link(udev[0], "/proc/self/mem");
    host.link("sys/block/sdb/queue/rotational", "/proc/self/clear_refs");
    host.write(udev[1], "E:ID_MODEL=b\n");
    host.write(udev[2], "E:ID_ATA=1\nE:ID_ATA_ROTATION_RATE_RPM=fast\nE:ID_ATA_WRITE_CACHE=1\n");
    host.write("sys/block/sdc/queue/rotational", "1\n");
    let probe = Probe::of::<Diskstats, _>().tree(&host).start();
    for _ in 0..2 {
        let page = probe.scrape();
        assert_eq!(page.samples("node_disk_io_now").len(), 3);
        let infos = page.samples("node_disk_info");
        let labels =
            |label| infos.iter().map(|info| info.label(label).unwrap()).collect::<Vec<_>>();
        assert_eq!(labels("model"), ["", "b", ""]);
        assert_eq!(labels("rotational"), ["0", "", "1"]);
        assert_eq!(page.gauge("node_disk_ata_write_cache", &[("device", "sdc")]), 1.0);
        assert!(page.family("node_disk_ata_rotation_rate_rpm").is_none());
        let place = |path: &str| host.path(path).display().to_string();
        let rotation = "ID_ATA_ROTATION_RATE_RPM: found `fast`, expected a decimal number";
        assert_eq!(
            probe.omissions(),
            [
                format!("{}: Input/output error (os error 5)", place(udev[0])),
                format!(
                    "{}: Invalid argument (os error 22)",
                    place("sys/block/sdb/queue/rotational")
                ),
                format!("{}, {rotation}", place(udev[2])),
            ]
        );
    }
    host.remove(udev[0]).write(udev[0], "E:ID_MODEL=a\n");
    assert_eq!(probe.scrape().samples("node_disk_info")[0].label("model"), Some("a"));
}
