//! The devices of this host, by both ways, and of others.

use std::fs;

use exporter_testkit::{Probe, Tree};

use super::*;

const HEAD: &str = "Inter-|   Receive                                                |  Transmit\n face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n";

#[test]
fn netlink_says_what_the_file_says() {
    let by_netlink = Probe::of::<Netdev, _>().start().scrape();
    let by_file = Probe::of::<Netdev, _>().config("netlink: false").start().scrape();
    let nohandler = "node_network_receive_nohandler_total";
    let names: Vec<&str> =
        by_netlink.names().into_iter().filter(|name| *name != nohandler).collect();
    assert_eq!(names, by_file.names());
    assert!(by_netlink.family(nohandler).is_some());
    for sample in by_file.all_samples() {
        let device = sample.label("device").unwrap();
        let other = by_netlink.counter(&sample.name, &[("device", device)]);
        assert!(other <= sample.value, "{sample}: {other} and then {}", sample.value);
    }
}

#[test]
fn detailed_metrics_and_aliases_are_there_when_they_are_asked_for() {
    let config = "{enable_detailed_metrics: true, label_ifalias: true}";
    let page = Probe::of::<Netdev, _>().config(config).start().scrape();
    assert_eq!(page.names().len(), 24);
    let sample = page.samples("node_network_receive_missed_errors_total")[0];
    assert_eq!(sample.label("ifalias"), Some(""));
}

#[test]
fn the_address_of_the_loopback_device_is_told() {
    let page = Probe::of::<Netdev, _>().config("address_info: true").start().scrape();
    let labels =
        [("device", "lo"), ("address", "127.0.0.1"), ("netmask", "8"), ("scope", "link-local")];
    assert_eq!(page.gauge("node_network_address_info", &labels), 1.0);
}

#[test]
fn devices_are_picked_by_patterns() {
    let devices = |config: &str| {
        let page = Probe::of::<Netdev, _>().config(config).start().scrape();
        let samples = page.samples("node_network_receive_bytes_total");
        samples.iter().filter_map(|s| s.label("device").map(str::to_owned)).collect::<Vec<_>>()
    };
    assert_eq!(devices("device_include: ^lo$"), ["lo"]);
    assert!(!devices("device_exclude: ^lo$").contains(&"lo".to_owned()));
    let all =
        fs::read_dir("/sys/class/net").unwrap().flatten().filter(|e| e.path().is_dir()).count();
    assert_eq!(devices("").len(), all);
}

#[test]
fn a_thousand_devices_with_odd_names_are_read() {
    let host = Tree::new();
    let mut text = HEAD.as_bytes().to_vec();
    for i in 0..1000 {
        let line = format!("  veth{i}:18446744073709551615 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n");
        text.extend_from_slice(line.as_bytes());
    }
    text.extend_from_slice(b"eth0:1: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n");
    text.extend_from_slice(b"not\xff: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n");
    host.write("proc/net/dev", text);
    let page = Probe::of::<Netdev, _>().config("netlink: false").tree(&host).start().scrape();
    let value = |name: &str, device| page.counter(name, &[("device", device)]);
    assert_eq!(value("node_network_receive_bytes_total", "veth999"), 18_446_744_073_709_551_615.0);
    assert_eq!(value("node_network_transmit_carrier_total", "eth0:1"), 15.0);
    assert_eq!(value("node_network_transmit_colls_total", "not\u{fffd}"), 14.0);
}

#[test]
fn a_device_and_a_number_cost_themselves() {
    let host = Tree::new();
    let probe = |config| Probe::of::<Netdev, _>().config(config).tree(&host).start();
    let place = host.path("proc/net/dev").display().to_string();
    let good = "lo: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n";
    let bad = "eth0: 1 2 3\n eth1: 1 2 -3 4 5 6 7 8 9 10 11 12 13 14 x 16\n";
    host.write("proc/net/dev", format!("{HEAD}{good}{bad}"));
    let expected = "expected a whole number from 0 to 18446744073709551615";
    let expected = [
        format!("{place}:4: `eth0: 1 2 3`: expected `DEVICE:` and 16 numbers"),
        format!("{place}:5, eth1, column 3: found `-3`, {expected}"),
        format!("{place}:5, eth1, column 15: found `x`, {expected}"),
    ];
    let both = probe("netlink: false");
    let page = both.scrape();
    assert_eq!(page.all_samples().len(), 16 + 14);
    for name in ["node_network_receive_errs_total", "node_network_transmit_carrier_total"] {
        assert_eq!(page.samples(name).len(), 1);
        assert_eq!(page.samples(name)[0].label("device"), Some("lo"));
    }
    assert_eq!(page.counter("node_network_receive_drop_total", &[("device", "eth1")]), 4.0);
    assert_eq!(page.counter("node_network_transmit_compressed_total", &[("device", "eth1")]), 16.0);
    assert_eq!(both.omissions(), expected);
    host.write("proc/net/dev", format!("{HEAD}eth0: 1 2 3\n"));
    assert_eq!(both.failure(), expected[0].replace(":4:", ":3:"));
    host.remove("proc/net/dev").link("proc/net/dev", "/proc/self/mem");
    let why = format!("{place}: Input/output error (os error 5)");
    assert_eq!(both.failure(), why);
    // The addresses stand elsewhere.
    let addresses = probe("{netlink: false, address_info: true}");
    let page = addresses.scrape();
    assert_eq!(page.names(), ["node_network_address_info"]);
    assert_eq!(addresses.omissions(), [why]);
}

#[test]
fn an_alias_that_cannot_be_read_costs_itself() {
    let host = Tree::new();
    let line = |name: &str| format!("{name}: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n");
    host.write("proc/net/dev", format!("{HEAD}{}{}{}", line("a"), line("b"), line("c")));
    host.link("sys/class/net/a/ifalias", "/proc/self/clear_refs");
    host.write("sys/class/net/b/ifalias", "uplink\n");
    let config = "{netlink: false, label_ifalias: true}";
    let probe = Probe::of::<Netdev, _>().config(config).tree(&host).start();
    let page = probe.scrape();
    let samples = page.samples("node_network_receive_bytes_total");
    let aliases: Vec<_> = samples.iter().map(|sample| sample.label("ifalias").unwrap()).collect();
    assert_eq!(aliases, ["", "uplink", ""]);
    let place = host.path("sys/class/net/a/ifalias").display().to_string();
    assert_eq!(probe.omissions(), [format!("{place}: Invalid argument (os error 22)")]);
}

#[test]
fn without_netlink_everything_else_can_be_asked_for_as_well() {
    let host = Tree::new();
    host.write("proc/net/dev", format!("{HEAD}eth0: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\nlo: 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n"));
    host.write("sys/class/net/eth0/ifalias", "uplink\n").write("sys/class/net/lo/ifalias", "\n");
    let keys =
        "netlink: false, enable_detailed_metrics: true, label_ifalias: true, address_info: true";
    let page = Probe::of::<Netdev, _>().config(&format!("{{{keys}}}")).tree(&host).start().scrape();
    let labels = [("device", "eth0"), ("ifalias", "uplink")];
    for (name, value) in [
        ("node_network_receive_errors_total", 3.0),
        ("node_network_receive_dropped_total", 4.0),
        ("node_network_receive_fifo_total", 5.0),
        ("node_network_receive_multicast_total", 8.0),
        ("node_network_transmit_errors_total", 11.0),
        ("node_network_transmit_dropped_total", 12.0),
        ("node_network_transmit_colls_total", 14.0),
        ("node_network_transmit_carrier_total", 15.0),
    ] {
        assert_eq!(page.counter(name, &labels), value, "{name}");
    }
    assert_eq!(page.samples("node_network_receive_errors_total")[1].label("ifalias"), Some(""));
    assert_eq!(page.names().len(), 17);
    assert_eq!(page.gauge("node_network_address_info", &[("address", "127.0.0.1")]), 1.0);
}
