//! The nine host collectors beside node_exporter, on this machine and on one with 64 processors and 40 disks.

use std::error::Error;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

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
    let host = Large::new()?;
    println!("\nThe same with the files of a host of 64 processors and 40 disks:\n");
    compare(exporter, node_exporter, &host.flags(), rounds)
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

/// The files of a large host, in a temporary folder.
struct Large(PathBuf);

impl Large {
    fn new() -> Result<Self, Box<dyn Error>> {
        let host = Self(std::env::temp_dir().join(format!("large-host-{}", std::process::id())));
        // What is not about processors and disks is that of this machine.
        for file in ["proc/loadavg", "proc/meminfo", "proc/1/mountinfo", "proc/net/dev"] {
            host.write(file, &fs::read_to_string(Path::new("/").join(file))?)?;
        }
        for cpu in 0..64 {
            let folder = format!("sys/devices/system/cpu/cpu{cpu}");
            host.write(
                &format!("{folder}/topology/physical_package_id"),
                &format!("{}\n", cpu / 32),
            )?;
            host.write(&format!("{folder}/topology/core_id"), &format!("{}\n", cpu % 32 / 2))?;
            host.write(&format!("{folder}/thermal_throttle/core_throttle_count"), "5\n")?;
            host.write(&format!("{folder}/thermal_throttle/package_throttle_count"), "7\n")?;
        }
        let cpus = (0..64).map(|cpu| format!("cpu{cpu} 44490 19 21045 1087069 220 1 3410 0 2 1\n"));
        let stat = [
            "cpu  1 2 3 4 5 6 7 8 9 10\n",
            &cpus.collect::<String>(),
            "intr 8885917",
            &" 0 0 1 0 23".repeat(600),
            "\nctxt 38014093\nbtime 1418183276\nprocesses 26442\nprocs_running 2\nprocs_blocked 1\n",
            "softirq 5057579 250191 1481983 1647 211099 186066 0 1783454 622196 12499 508444\n",
        ];
        host.write("proc/stat", &stat.concat())?;
        for list in ["online", "present"] {
            host.write(&format!("sys/devices/system/cpu/{list}"), "0-63\n")?;
        }
        host.write("sys/devices/system/cpu/isolated", "\n")?;
        let mut disks = Vec::new();
        for disk in 0_u8..40 {
            let name =
                format!("sd{}{}", char::from(b'a' + disk / 26), char::from(b'a' + disk % 26));
            disks.push(format!("8 {disk} {name} 25354637 34367663 1003346126 18492372 28444756 11134226 505697032 63877960 0 9653880 82621804 1 2 3 4 5 6\n"));
            host.write(&format!("sys/block/{name}/queue/rotational"), "1\n")?;
            let properties = format!(
                "I:1\nE:ID_ATA=1\nE:ID_ATA_WRITE_CACHE=1\nE:ID_ATA_WRITE_CACHE_ENABLED=1\nE:ID_ATA_ROTATION_RATE_RPM=7200\nE:ID_MODEL=DISK\nE:ID_SERIAL_SHORT=S{disk}\n"
            );
            host.write(&format!("run/udev/data/b8:{disk}"), &properties)?;
        }
        host.write("proc/diskstats", &disks.concat())?;
        Ok(host)
    }

    fn write(&self, path: &str, text: &str) -> std::io::Result<()> {
        let path = self.0.join(path);
        fs::create_dir_all(path.parent().unwrap_or(&path))?;
        fs::write(path, text)
    }

    fn flags(&self) -> Vec<String> {
        let at =
            |flag: &str, folder: &str| format!("--path.{flag}={}", self.0.join(folder).display());
        vec![at("procfs", "proc"), at("sysfs", "sys"), at("udev.data", "run/udev/data")]
    }
}

impl Drop for Large {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
