//! The nine host collectors beside node_exporter, on this machine and on one with 64 processors and 40 disks.

use std::error::Error;
use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use exporter_testkit::{Tree, large_host};

use crate::client::Client;
use crate::report::{Peer, peer, rounds_of, start_exporter};

const COLLECTORS: [&str; 9] =
    ["cpu", "diskstats", "filesystem", "loadavg", "meminfo", "netdev", "stat", "time", "uname"];

pub(crate) fn run(
    exporter: &Path,
    node_exporter: Option<&Path>,
    rounds: usize,
) -> Result<(), Box<dyn Error>> {
    println!("\nNine host collectors, on this machine:\n");
    compare(exporter, node_exporter, &[], rounds)?;
    let host = large_host();
    println!("\nThe same with the files of a host of 64 processors and 40 disks:\n");
    compare(exporter, node_exporter, &flags(&host)?, rounds)
}

fn compare(
    exporter: &Path,
    node_exporter: Option<&Path>,
    flags: &[String],
    rounds: usize,
) -> Result<(), Box<dyn Error>> {
    let command = |binary: &Path| {
        let mut command = command(binary);
        command.args(flags);
        command
    };
    let mut peers = vec![start_exporter("this exporter", command(exporter))?];
    if let Some(binary) = node_exporter {
        peers.push(start_node_exporter(command(binary))?);
    }
    rounds_of(&mut peers, rounds)?;
    println!();
    for peer in &mut peers {
        let page = String::from_utf8(peer.client.page()?)?;
        let samples = page.lines().filter(|line| !line.starts_with('#')).map(|_| 1.0).sum::<f64>();
        println!(
            "{}: {samples} samples, {:.2} us each",
            peer.name,
            peer.median_cpu() * 1e6 / samples
        );
    }
    Ok(())
}

/// The nine collectors, of whichever exporter.
pub(crate) fn command(binary: &Path) -> Command {
    let mut command = Command::new(binary);
    command.args(["--collector.disable-defaults", "--web.disable-exporter-metrics"]);
    command.args(COLLECTORS.map(|name| format!("--collector.{name}")));
    command
}

pub(crate) fn start_node_exporter(mut command: Command) -> Result<Peer, Box<dyn Error>> {
    // It does not say which port it was given, so it gets one that was free a moment ago.
    let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
    command.arg(format!("--web.listen-address={address}"));
    let child = command.stderr(Stdio::null()).spawn()?;
    let start = Instant::now();
    while Client::connect(&address).is_err() {
        if start.elapsed() > Duration::from_secs(20) {
            return Err("node_exporter does not listen".into());
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    peer("node_exporter", child, &address)
}

/// The flags for a large host. What is not about processors and disks is that of this machine.
fn flags(host: &Tree) -> Result<Vec<String>, Box<dyn Error>> {
    for file in ["proc/loadavg", "proc/meminfo", "proc/1/mountinfo", "proc/net/dev"] {
        host.write(file, fs::read_to_string(Path::new("/").join(file))?);
    }
    let at = |flag: &str, folder: &str| format!("--path.{flag}={}", host.path(folder).display());
    Ok(vec![at("procfs", "proc"), at("sysfs", "sys"), at("udev.data", "run/udev/data")])
}
