//! The end: readiness falls first, running scrapes finish, and a collector that hangs holds nothing up. And what systemd
//! is told on the way.

use std::os::unix::net::UnixDatagram;
use std::process::Command;
use std::time::{Duration, Instant};

use exporter_testkit::{Exporter, Page, wait_until};
use rustix::process::Signal;

use crate::{Config, LAB, has_bulk, success};

#[test]
fn it_ends_with_code_0_while_collectors_hang() {
    let config =
        Config::new("scrape: {timeout: 300ms}\ncollectors: {hang: {}, hang_async: {}, spin: {}}");
    let exporter = config.start(&[]);
    assert!(has_bulk(&exporter.scrape()));
    let start = Instant::now();
    assert_eq!(exporter.terminate().code(), Some(0));
    assert!(start.elapsed() < Duration::from_secs(6), "{:?}", start.elapsed());
}

#[test]
fn a_running_scrape_is_answered_after_readiness_has_fallen() {
    let config = Config::new("");
    let journal = config.path("journal");
    config.write(&format!(
        "collectors: {{slow: {{delay: 1500, journal: {}}}, hang: {{}}}}",
        journal.display()
    ));
    let exporter = config.start(&["--web.shutdown-delay=500ms"]);
    std::thread::scope(|scope| {
        let answer = scope.spawn(|| exporter.get("/metrics"));
        wait_until("it runs", || journal.exists());
        assert_eq!(exporter.get("/-/ready").status, 200);
        let start = Instant::now();
        exporter.signal(Signal::TERM);
        wait_until("readiness falls", || exporter.get("/-/ready").status == 503);
        assert_eq!(exporter.get("/-/healthy").status, 200);
        // The slow one is done within the time that is left; for the one that hangs, the page does not wait.
        let answer = answer.join().unwrap();
        assert_eq!(answer.status, 200);
        let page = Page::parse(&answer.body);
        assert!(has_bulk(&page));
        assert_eq!((success(&page, "slow"), success(&page, "hang")), (Some(1.0), Some(0.0)));
        assert!(start.elapsed() < Duration::from_secs(6), "{:?}", start.elapsed());
    });
    assert_eq!(exporter.terminate().code(), Some(0));
}

#[test]
fn systemd_is_told_of_start_reload_and_end() {
    let config = Config::new("");
    let path = config.path("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let next = || {
        let mut message = [0; 500];
        let length = socket.recv(&mut message).unwrap();
        String::from_utf8(message[..length].to_vec()).unwrap()
    };
    let mut command = Command::new(LAB);
    command.args(["--web.listen-address=127.0.0.1:0", &config.flag()]).env("NOTIFY_SOCKET", &path);
    let exporter = Exporter::spawn(command);
    assert_eq!(next(), "READY=1\n");
    exporter.signal(Signal::HUP);
    let reloading = next();
    assert!(reloading.starts_with("RELOADING=1\nMONOTONIC_USEC="), "{reloading}");
    assert_eq!(next(), "READY=1\n");
    assert_eq!(exporter.terminate().code(), Some(0));
    assert_eq!(next(), "STOPPING=1\n");
}
