//! Connections that send nothing, or little, or are too many.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use exporter_testkit::{Exporter, wait_until};

use crate::web::curl;
use crate::{Config, LAB};

#[test]
fn connections_that_send_nothing_are_answered_408_and_those_without_requests_make_room() {
    let _alone = crate::alone();
    let exporter = Exporter::start(LAB, ["--web.max-connections=20", "--web.read-timeout=2s"]);
    let kept = TcpStream::connect(exporter.address()).unwrap();
    let get = |mut stream: &TcpStream| {
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        stream.write_all(b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        let mut answer = [0; 1024];
        let read = stream.read(&mut answer).unwrap();
        String::from_utf8_lossy(&answer[..read]).into_owned()
    };
    assert!(get(&kept).starts_with("HTTP/1.1 200 OK\r\n"));
    // Many more than there may be; a scraper gets its page all the same, on the connection that it has and on new ones.
    let idle: Vec<TcpStream> =
        (0..300).map(|_| TcpStream::connect(exporter.address()).unwrap()).collect();
    assert!(get(&kept).starts_with("HTTP/1.1 200 OK\r\n"));
    assert_eq!(exporter.get("/metrics").status, 200);
    let mut answers = Vec::new();
    for mut stream in idle {
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let mut answer = String::new();
        // Those that made room are closed without a word.
        let _ = stream.read_to_string(&mut answer);
        answers.push(answer);
    }
    assert!(answers.iter().filter(|answer| answer.is_empty()).count() >= 270, "{answers:?}");
    let late: Vec<&String> = answers.iter().filter(|answer| !answer.is_empty()).collect();
    assert!(
        !late.is_empty() && late.iter().all(|answer| answer.starts_with("HTTP/1.1 408 ")),
        "{late:?}"
    );
    let refused =
        exporter.scrape().value("exporter_http_refused_total", &[("reason", "read_timeout")]);
    assert_eq!(refused.map(|refused| refused.to_string()), Some(late.len().to_string()));
}

#[test]
fn a_request_that_comes_too_slowly_is_given_up() {
    let exporter = Exporter::start(LAB, ["--web.read-timeout=1s"]);
    for before in ["", "GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n"] {
        let mut stream = TcpStream::connect(exporter.address()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream.write_all(before.as_bytes()).unwrap();
        let mut rest =
            format!("GET /metrics HTTP/1.1\r\nHost: {}", "x".repeat(1000)).into_bytes().into_iter();
        let mut answer = Vec::new();
        stream.set_nonblocking(true).unwrap();
        wait_until("the connection is closed", || {
            // One byte at a time.
            let _ = stream.write(&[rest.next().unwrap_or(b'x')]);
            let mut buffer = [0; 4096];
            match stream.read(&mut buffer) {
                Ok(0) => true,
                Ok(read) => {
                    answer.extend_from_slice(&buffer[..read]);
                    false
                }
                Err(error) => error.kind() != std::io::ErrorKind::WouldBlock,
            }
        });
        let answer = String::from_utf8_lossy(&answer);
        assert!(!answer.contains("my_gauge"), "{answer}");
    }
    assert_eq!(exporter.get("/metrics").status, 200);
}

#[test]
fn where_every_connection_is_busy_another_one_is_told_so_and_health_is_answered() {
    let config = Config::new("collectors: {slow: {delay: 5000}}\n");
    let exporter = config.start(&["--web.max-connections=2"]);
    let mut busy: Vec<TcpStream> = Vec::new();
    for _ in 0..2 {
        let mut stream = TcpStream::connect(exporter.address()).unwrap();
        stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        busy.push(stream);
    }
    let url = |path: &str| format!("http://{}{path}", exporter.address());
    wait_until("both are busy", || {
        curl(&[&url("/metrics?name[]=x"), "--globoff"]).ends_with("503 1.1\n")
    });
    let refused = curl(&[&url("/metrics")]);
    assert_eq!(
        refused,
        "503: there are as many connections as --web.max-connections allows\n503 1.1\n"
    );
    assert!(curl(&[&url("/-/healthy")]).ends_with("200 1.1\n"));
    for stream in &mut busy {
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"HTTP/1.1 200");
    }
    drop(busy);
    wait_until("there is room again", || {
        curl(&[&url("/metrics?exclude[]=slow"), "--globoff"]).ends_with("200 1.1\n")
    });
}
