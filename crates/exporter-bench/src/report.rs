//! Starts the servers, scrapes them in turn, and prints what each cost.

use std::error::Error;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::Binaries;
use crate::client::Client;
use crate::compressed;
use crate::host;
use crate::library;
use crate::picture;
use crate::secured;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// How long one server is scraped without a break in one round.
const TURN: Duration = Duration::from_millis(400);

#[expect(clippy::cast_precision_loss, reason = "no binary has 2^53 bytes")]
pub(crate) fn run(binaries: &Binaries, series: &[usize], rounds: usize) -> Outcome<()> {
    let ready: Vec<f64> = (0..rounds).map(|_| ready(binaries)).collect::<Outcome<_>>()?;
    let size = fs::metadata(&binaries.exporter)?.len();
    println!(
        "The reference exporter has {:.1} MB and answers its first scrape {:.1} ms after its start.\n",
        size as f64 / 1e6,
        median(&ready) * 1e3
    );
    println!("Two series, the reference exporter:\n");
    measure(0, binaries, rounds)?;
    println!("\n{TRIVIAL} trivial collectors:\n");
    trivial(binaries, rounds)?;
    secured::run(binaries, rounds)?;
    for &series in series {
        println!("\n{series} series:\n");
        let costs = measure(series, binaries, rounds_with(series, rounds))?;
        if let Some(path) = binaries.picture.as_ref().filter(|_| series == PICTURED) {
            fs::write(path, picture::draw(&costs))?;
        }
    }
    if !series.is_empty() {
        library::run(series, rounds.min(7))?;
    }
    compressed::run(binaries, series, rounds)?;
    match &binaries.host {
        Some(host) => host::run(host, binaries.node_exporter.as_deref(), rounds),
        None => Ok(()),
    }
}

/// How many series the pages have whose costs are drawn.
const PICTURED: usize = 100_000;

/// Pages that take seconds are not asked for as often.
pub(crate) fn rounds_with(series: usize, rounds: usize) -> usize {
    if series >= 1_000_000 { rounds.min(3) } else { rounds }
}

/// Seconds from the start of the exporter to the end of its first page.
fn ready(binaries: &Binaries) -> Outcome<f64> {
    let start = Instant::now();
    start_us(binaries, 0)?;
    Ok(start.elapsed().as_secs_f64())
}

/// One server under measurement.
pub(crate) struct Peer {
    pub(crate) name: &'static str,
    pub(crate) address: String,
    child: Child,
    pub(crate) client: Client,
    bytes: usize,
    /// CPU seconds per scrape, one entry per round.
    cpu: Vec<f64>,
    /// Seconds per scrape, as the client sees it.
    latency: Vec<f64>,
}

impl Peer {
    /// The same, asked for gzip.
    pub(crate) fn compressed(mut self) -> Outcome<Self> {
        self.client.gzip = true;
        self.bytes = self.client.scrape()?;
        Ok(self)
    }

    /// Seconds from the end of the collecting to the first byte, by the evidence on the page: a median.
    fn until_first_byte(&mut self) -> Outcome<f64> {
        let mut late = Vec::new();
        for _ in 0..5 {
            let page = String::from_utf8(self.client.page()?)?;
            let evidence = "\nexporter_collector_duration_seconds{collector=\"bulk\"} ";
            let (_, rest) = page.split_once(evidence).ok_or("the page has no evidence")?;
            let collecting: f64 = rest.lines().next().unwrap_or_default().parse()?;
            late.push(self.client.first_byte.as_secs_f64() - collecting);
        }
        Ok(median(&late))
    }

    pub(crate) fn median_cpu(&self) -> f64 {
        median(&self.cpu)
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The CPU seconds that each server needed per scrape, by its name.
pub(crate) type Costs = Vec<(&'static str, f64)>;

fn measure(series: usize, binaries: &Binaries, rounds: usize) -> Outcome<Costs> {
    let us = start_us(binaries, series)?;
    let this = std::env::current_exe()?;
    let serve_by = |binary: &Path, kind: &str, number: usize| {
        let mut command = Command::new(binary);
        command.args(["serve", kind, &format!("--series={number}")]);
        command
    };
    let serve = |kind: &str, number: usize| serve_by(&this, kind, number);
    let fixed = start("fixed bytes + actix-web", serve("fixed", us.bytes))?;
    let mut peers = vec![
        us,
        fixed,
        start("prometheus crate without protobuf + actix-web", serve("prometheus", series))?,
        start("prometheus-client + actix-web", serve("prometheus-client", series))?,
        start("measured + actix-web", serve("measured", series))?,
        start("metrics-exporter-prometheus + actix-web", serve("metrics", series))?,
    ];
    if let Some(protobuf) = &binaries.protobuf {
        let command = serve_by(protobuf, "prometheus", series);
        peers.push(start("prometheus crate + actix-web", command)?);
    }
    if let Some(go) = &binaries.go {
        let mut command = Command::new(go);
        command.arg(format!("-series={series}"));
        peers.push(start("Go, client_golang", command)?);
    }
    if series == 0 {
        peers.push(start("its collectors inline + actix-web", serve("inline", 0))?);
        let with_own_metrics = Command::new(&binaries.exporter);
        peers.push(start_exporter("this exporter with its own metrics", with_own_metrics)?);
    }
    rounds_of(&mut peers, rounds)?;
    if series > 0 {
        let late = peers[0].until_first_byte()?;
        println!(
            "\nThe first byte of ours came {:.2} ms after the collecting had ended.",
            late * 1e3
        );
    }
    Ok(peers.iter().map(|peer| (peer.name, peer.median_cpu())).collect())
}

/// How many collectors the page has that shows what each costs.
const TRIVIAL: usize = 50;

fn trivial(binaries: &Binaries, rounds: usize) -> Outcome<()> {
    let mut command = Command::new(&binaries.lab);
    command.args(["--collector.disable-defaults", "--web.disable-exporter-metrics"]);
    command.args((0..TRIVIAL).map(|i| format!("--collector.slow@i{i}")));
    let mut inline = Command::new(std::env::current_exe()?);
    inline.args(["serve", "inline", &format!("--series={TRIVIAL}")]);
    let us = start_exporter("this exporter", command)?;
    rounds_of(&mut [us, start("collectors inline + actix-web", inline)?], rounds)
}

pub(crate) fn rounds_of(peers: &mut [Peer], rounds: usize) -> Outcome<()> {
    for _ in 0..rounds {
        for peer in &mut *peers {
            turn(peer)?;
        }
    }
    print(peers)
}

pub(crate) fn start_us(binaries: &Binaries, series: usize) -> Outcome<Peer> {
    let mut command = if series == 0 {
        Command::new(&binaries.exporter)
    } else {
        let mut command = Command::new(&binaries.lab);
        command.arg(format!("--collector.bulk.series={series}"));
        command
    };
    command.arg("--web.disable-exporter-metrics");
    start_exporter("this exporter", command)
}

pub(crate) fn start_exporter(name: &'static str, mut command: Command) -> Outcome<Peer> {
    command.arg("--web.listen-address=127.0.0.1:0");
    let mut child =
        command.stderr(Stdio::piped()).spawn().map_err(|e| format!("{command:?}: {e}"))?;
    let stderr = child.stderr.take().ok_or("no standard error")?;
    let mut lines = BufReader::new(stderr).lines();
    let address = loop {
        let line = lines.next().ok_or("the exporter ended before it listened")??;
        if let Some((_, address)) = line.split_once("address=") {
            break address.trim().to_owned();
        }
    };
    std::thread::spawn(move || lines.for_each(drop));
    peer(name, child, &address)
}

pub(crate) fn start(name: &'static str, mut command: Command) -> Outcome<Peer> {
    let mut child =
        command.stdout(Stdio::piped()).spawn().map_err(|e| format!("{command:?}: {e}"))?;
    let mut address = String::new();
    let stdout = child.stdout.take().ok_or("no standard output")?;
    BufReader::new(stdout).read_line(&mut address)?;
    peer(name, child, address.trim())
}

pub(crate) fn peer(name: &'static str, child: Child, address: &str) -> Outcome<Peer> {
    peer_of(name, child, address, Client::connect(address)?)
}

pub(crate) fn peer_of(
    name: &'static str,
    child: Child,
    address: &str,
    mut client: Client,
) -> Outcome<Peer> {
    let bytes = client.scrape()?;
    let address = address.to_owned();
    Ok(Peer { name, address, child, client, bytes, cpu: Vec::new(), latency: Vec::new() })
}

fn turn(peer: &mut Peer) -> Outcome<()> {
    peer.client.scrape()?;
    let before = cpu_seconds(peer.child.id())?;
    let start = Instant::now();
    let mut scrapes = 0.0;
    while start.elapsed() < TURN {
        peer.client.scrape()?;
        scrapes += 1.0;
    }
    peer.latency.push(start.elapsed().as_secs_f64() / scrapes);
    peer.cpu.push((cpu_seconds(peer.child.id())? - before) / scrapes);
    Ok(())
}

/// The CPU time of a process, that of threads which have ended included. It is told in hundredths of a second.
fn cpu_seconds(pid: u32) -> Outcome<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name of the program stands in parentheses, and may have blanks.
    let fields = stat.rsplit_once(')').map(|(_, fields)| fields).ok_or("no fields")?;
    let times = fields.split_ascii_whitespace().skip(11).take(2).map(str::parse::<f64>);
    let ticks: f64 = times.sum::<Result<f64, _>>()?;
    Ok(ticks / 100.0)
}

/// The most memory that a process had at once, in bytes.
fn peak_memory(pid: u32) -> Outcome<f64> {
    let status = fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<f64>()? * 1024.0)
}

pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

fn print(peers: &[Peer]) -> Outcome<()> {
    let base = median(&peers[0].cpu);
    println!("| | CPU per scrape | times ours | latency | peak memory | bytes |");
    println!("|---|---:|---:|---:|---:|---:|");
    for peer in peers {
        let (cpu, latency) = (median(&peer.cpu), median(&peer.latency));
        println!(
            "| {} | {:.0} us | {:.2} | {:.0} us | {:.1} MiB | {} |",
            peer.name,
            cpu * 1e6,
            cpu / base,
            latency * 1e6,
            peak_memory(peer.child.id())? / (1024.0 * 1024.0),
            peer.bytes,
        );
    }
    Ok(())
}
