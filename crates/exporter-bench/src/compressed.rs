//! Pages with gzip, which is how Prometheus asks for them: many series, series whose labels are random, and a host.

use std::error::Error;
use std::path::Path;
use std::process::Command;

use crate::Binaries;
use crate::host;
use crate::library;
use crate::report::{Peer, rounds_of, rounds_with, start, start_exporter};
use crate::shapes;

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// Ours, with each way to compress.
const WAYS: [(&str, &str); 2] =
    [("this exporter, `lines`", "--web.gzip=lines"), ("this exporter, `zlib`", "--web.gzip=zlib")];

/// Libraries that leave compressing to their users, which is done with zlib-rs at its default level.
const LIBRARIES: [(&str, &str); 4] = [
    ("prometheus crate without protobuf, zlib-rs + actix-web", "prometheus"),
    ("prometheus-client, zlib-rs + actix-web", "prometheus-client"),
    ("measured, zlib-rs + actix-web", "measured"),
    ("metrics-exporter-prometheus, zlib-rs + actix-web", "metrics"),
];

pub(crate) fn run(binaries: &Binaries, series: &[usize], rounds: usize) -> Outcome {
    for &series in series {
        for random in [false, true] {
            let labels = if random { " with random labels" } else { "" };
            println!("\n{series} series{labels}, gzip:\n");
            bulk(binaries, series, random, rounds_with(series, rounds))?;
        }
    }
    for (shape, page) in shapes::all() {
        println!("\nA page of {shape}:");
        library::compressors(page.as_bytes(), rounds)?;
    }
    let Some(exporter) = &binaries.host else { return Ok(()) };
    println!("\nNine host collectors, gzip:\n");
    let mut peers = Vec::new();
    for (name, way) in WAYS {
        let mut command = host::command(exporter);
        command.arg(way);
        peers.push(start_exporter(name, command)?.compressed()?);
    }
    if let Some(node_exporter) = &binaries.node_exporter {
        let command = host::command(node_exporter);
        peers.push(host::start_node_exporter(command)?.compressed()?);
    }
    rounds_of(&mut peers, rounds)?;
    read_by_go(binaries, &mut peers)?;
    peers[0].client.gzip = false;
    library::compressors(&peers[0].client.page()?, rounds)
}

fn bulk(binaries: &Binaries, series: usize, random: bool, rounds: usize) -> Outcome {
    let mut peers: Vec<Peer> = Vec::new();
    for (name, way) in WAYS {
        let mut command = Command::new(&binaries.lab);
        command.args([way, "--web.disable-exporter-metrics"]);
        command.arg(format!("--collector.bulk.series={series}"));
        command.args(random.then_some("--collector.bulk.random-labels"));
        peers.push(start_exporter(name, command)?.compressed()?);
    }
    if !random {
        let this = std::env::current_exe()?;
        for (name, kind) in LIBRARIES {
            let mut command = Command::new(&this);
            command.args(["serve", kind, &format!("--series={series}")]);
            peers.push(start(name, command)?.compressed()?);
        }
    }
    if let Some(go) = &binaries.go {
        peers.push(start("Go, client_golang", go_command(go, series, random))?.compressed()?);
    }
    rounds_of(&mut peers, rounds)?;
    read_by_go(binaries, &mut peers)
}

/// Checks that Go unpacks our pages, and finds in them every sample.
fn read_by_go(binaries: &Binaries, peers: &mut [Peer]) -> Outcome {
    let Some(go) = &binaries.go else { return Ok(()) };
    for peer in peers.iter_mut().take(WAYS.len()) {
        let output = Command::new(go).args(["-read", &peer.address]).output()?;
        let found = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        peer.client.gzip = false;
        let page = String::from_utf8(peer.client.page()?)?;
        let samples = page.lines().filter(|line| !line.starts_with('#')).count();
        if found != samples.to_string() {
            let error = String::from_utf8_lossy(&output.stderr);
            return Err(
                format!("Go finds {found} of {samples} samples of {}: {error}", peer.name).into()
            );
        }
    }
    println!("\nGo's client unpacked both of ours, and found every sample.");
    Ok(())
}

fn go_command(go: &Path, series: usize, random: bool) -> Command {
    let mut command = Command::new(go);
    command.arg(format!("-series={series}")).args(random.then_some("-random"));
    command
}
