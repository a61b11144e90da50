//! A program that has a web server of its own: it asks for the page, and serves it itself.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use exporter_app::{App, Registry, Settings};
use exporter_sdk::Counter;

static GREETED: Counter = Counter::new("shop_greetings_total", "How often the shop said hello.");

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let greeted = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&greeted);
    let registry = App::new("shop")
        .collector_fn("shop", &[GREETED.desc()], move |scrape| {
            scrape.emit(&GREETED, (), count.load(Ordering::Relaxed));
            Ok(())
        })
        .registry(&Settings::default())?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("{}", listener.local_addr()?);
    for stream in listener.incoming() {
        answer(&stream?, &registry, &greeted)?;
    }
    Ok(())
}

/// The web server of this program, such as it is.
fn answer(mut stream: &TcpStream, registry: &Registry, greeted: &AtomicU64) -> std::io::Result<()> {
    let lines: Result<Vec<String>, _> = BufReader::new(stream)
        .lines()
        .take_while(|line| !matches!(line, Ok(line) if line.is_empty()))
        .collect();
    let lines = lines?;
    let target = lines.first().and_then(|line| line.split(' ').nth(1)).unwrap_or("/");
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    if path != "/metrics" {
        greeted.fetch_add(1, Ordering::Relaxed);
        return stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nHello!\n");
    }
    // This is all that a web framework has to do.
    let header = |name: &str| {
        let headers = lines.iter().filter_map(|line| line.split_once(':'));
        headers
            .into_iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim())
    };
    let page = registry.render_blocking(query, header);
    write!(stream, "HTTP/1.1 {} \r\nContent-Type: {}\r\n", page.status, page.content_type)?;
    if let Some(encoding) = page.content_encoding {
        write!(stream, "Content-Encoding: {encoding}\r\n")?;
    }
    write!(stream, "Content-Length: {}\r\nConnection: close\r\n\r\n", page.body.len())?;
    stream.write_all(&page.body)
}
