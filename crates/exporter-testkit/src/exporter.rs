//! An exporter as a child process.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::NamedTempFile;
use ureq::Agent;

use crate::page::Page;

/// How long anything in a test may take before it counts as hung. Far more than it ever needs.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running exporter; it is killed when this is dropped.
#[derive(Debug)]
pub struct Exporter {
    child: Child,
    address: String,
    /// Where its standard error goes. A file, unlike a pipe, holds at once what was written before an answer.
    log: NamedTempFile,
    agent: Agent,
}

/// What an exporter answered.
#[derive(Clone, Debug)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The headers, names in lower case, in the order in which they came.
    pub headers: Vec<(String, String)>,
    /// The body, as it was sent.
    pub bytes: Vec<u8>,
    /// The body as text; what of it is none stands there as `\u{fffd}`.
    pub body: String,
}

impl Response {
    /// The value of a header, by its lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

impl Exporter {
    /// Starts a binary built on `exporter-app` on a free port of the loopback interface and waits until it listens.
    pub fn start<A: AsRef<OsStr>>(
        binary: impl AsRef<Path>,
        args: impl IntoIterator<Item = A>,
    ) -> Self {
        let mut command = Command::new(binary.as_ref());
        command.arg("--web.listen-address=127.0.0.1:0").args(args);
        Self::spawn(command)
    }

    /// Starts a command that is complete, with the addresses that it is to listen on, and waits until it does.
    pub fn spawn(mut command: Command) -> Self {
        let log = NamedTempFile::new().expect("a temporary file can be made");
        let stderr = log.reopen().expect("a temporary file can be opened");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(stderr);
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let mut address = None;
        wait_until("the exporter listens", || {
            address = listening(&text(&log)).into_iter().next();
            let ended = child.try_wait().expect("the child can be waited for");
            assert!(ended.is_none(), "the exporter ended with {ended:?}:\n{}", text(&log));
            address.is_some()
        });
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(PATIENCE))
            .build()
            .into();
        Self { child, address: address.expect("it listens"), log, agent }
    }

    /// The first address that it listens on, `127.0.0.1:PORT`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Every address that it listens on.
    pub fn addresses(&self) -> Vec<String> {
        listening(&self.log())
    }

    /// The process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// GETs a path.
    pub fn get(&self, path: &str) -> Response {
        self.get_with(path, &[])
    }

    /// GETs a path with headers.
    pub fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Response {
        let mut request = self.agent.get(format!("http://{}{path}", self.address));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.read(path, request.call())
    }

    /// POSTs nothing to a path.
    pub fn post(&self, path: &str) -> Response {
        self.read(path, self.agent.post(format!("http://{}{path}", self.address)).send_empty())
    }

    fn read(
        &self,
        path: &str,
        response: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
    ) -> Response {
        let mut response =
            response.unwrap_or_else(|error| panic!("{path}: {error}\n{}", self.log()));
        let headers = response.headers().iter();
        let headers = headers
            .map(|(name, value)| {
                (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
            })
            .collect();
        let status = response.status().as_u16();
        let bytes = response.body_mut().with_config().limit(u64::MAX).read_to_vec();
        let bytes = bytes.expect("the body is complete");
        let body = String::from_utf8_lossy(&bytes).into_owned();
        Response { status, headers, bytes, body }
    }

    /// Scrapes `/metrics` and reads the page.
    pub fn scrape(&self) -> Page {
        let response = self.get("/metrics");
        assert_eq!(response.status, 200, "{}\n{}", response.body, self.log());
        Page::parse(&response.body)
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        text(&self.log)
    }

    /// Sends SIGTERM and waits for the end.
    pub fn terminate(self) -> ExitStatus {
        self.end(Signal::TERM)
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        let pid =
            i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).expect("a child has a pid");
        kill_process(pid, signal).expect("a child can be signalled");
    }

    /// Sends a signal and waits for the end.
    pub fn end(mut self, signal: Signal) -> ExitStatus {
        self.signal(signal);
        let mut status = None;
        wait_until("the exporter ends", || {
            status = self.child.try_wait().expect("the child can be waited for");
            status.is_some()
        });
        status.expect("it ended")
    }
}

impl Drop for Exporter {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a binary that ends by itself and returns what it printed.
pub fn run<A: AsRef<OsStr>>(binary: impl AsRef<Path>, args: impl IntoIterator<Item = A>) -> Output {
    let mut command = Command::new(binary.as_ref());
    command
        .args(args)
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

/// Waits until `condition` holds and panics, saying `what`, when it does not in half a minute.
pub fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < deadline, "waited {PATIENCE:?} in vain until {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

fn text(log: &NamedTempFile) -> String {
    String::from_utf8_lossy(&fs::read(log.path()).expect("the log can be read")).into_owned()
}

/// The addresses in the lines that say so, in either log format; not in one that is still being written.
fn listening(log: &str) -> Vec<String> {
    let lines = log.split_inclusive('\n').filter(|line| line.ends_with('\n'));
    let lines = lines.filter(|line| line.contains("Listening on"));
    lines.filter_map(address).collect()
}

fn address(line: &str) -> Option<String> {
    let rest = line.split_once("address=").or_else(|| line.split_once("\"address\":\""))?.1;
    Some(rest.split(['"', ' ', ',', '\n']).next()?.to_owned())
}
