//! Where the exporter listens, and what it says of where it is.

use std::process::Command;

use exporter_testkit::{Exporter, run};

use crate::web::curl;
use crate::{Config, LAB, stderr};

#[test]
fn a_unix_socket_is_one_of_its_addresses() {
    let config = Config::new("");
    let path = config.path("exporter.sock");
    let socket = format!("--web.listen-address=unix:{},mode=0600", path.display());
    let exporter = Exporter::start(LAB, [socket.as_str()]);
    let page = curl(&["--unix-socket", path.to_str().unwrap(), "http://x/metrics"]);
    assert!(page.contains("\nmy_gauge{") && page.ends_with("200 1.1\n"), "{page}");
    assert_eq!(exporter.get("/-/healthy").status, 200);
    assert!(exporter.addresses().contains(&format!("unix:{}", path.display())));
    let ended = exporter.terminate();
    assert!(ended.success() && !path.exists());
}

#[test]
fn systemd_hands_sockets_over() {
    // What systemd does, in Python: sockets from descriptor 3 on, and two variables.
    const SYSTEMD: &str = "import os, socket, sys\n\
        tcp = socket.create_server(('127.0.0.1', 0)); unix = socket.socket(socket.AF_UNIX)\n\
        unix.bind(sys.argv[1]); unix.listen()\n\
        os.dup2(tcp.fileno(), 13); os.dup2(unix.fileno(), 14); os.dup2(13, 3); os.dup2(14, 4)\n\
        os.environ.update(LISTEN_FDS='2', LISTEN_PID=str(os.getpid()))\n\
        os.execv(sys.argv[2], [sys.argv[2], '--web.systemd-socket'])";
    let config = Config::new("");
    let path = config.path("handed.sock");
    let mut command = Command::new("/usr/bin/python3");
    command.args(["-c", SYSTEMD, path.to_str().unwrap(), LAB]);
    let exporter = Exporter::spawn(command);
    assert_eq!(exporter.get("/-/healthy").status, 200);
    let page = curl(&["--unix-socket", path.to_str().unwrap(), "http://x/-/healthy"]);
    assert!(page.ends_with("200 1.1\n"), "{page}");
    let output = run(LAB, ["--web.systemd-socket"]);
    let expected = "cannot listen on the sockets of systemd: no socket was handed over; start it from a .socket unit";
    assert!(stderr(&output).contains(expected), "{}", stderr(&output));
}

#[test]
fn an_address_that_cannot_be_listened_on_says_which_can() {
    let output = run(LAB, ["--web.listen-address=vsock://:9100"]);
    let expected = "`vsock://` is not supported; write `:PORT` or `unix:PATH`";
    assert!(output.status.code() == Some(2) && stderr(&output).contains(expected), "{output:?}");
}
