//! A web server for tests, which answers byte by byte as it is told.

use std::io::{BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// What a client asked for.
#[derive(Clone, Debug)]
pub(super) struct Request {
    /// Which connection it came over, the first being 0.
    pub(super) connection: usize,
    pub(super) method: String,
    /// As it stands in the request: a path, or to a proxy, a URL.
    pub(super) target: String,
    /// With names in lower case.
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: String,
}

impl Request {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }
}

/// What is written back. A connection stays open when the answer does not say that it ends.
pub(super) enum Answer {
    Bytes(Vec<u8>),
    /// These bytes, again and again, until the client has enough.
    Endless(Vec<u8>),
    /// Nothing, until the client goes away.
    Never,
}

/// 200 with a JSON document.
pub(super) fn json(document: &str) -> Answer {
    response(200, &[("Content-Type", "application/json")], document.as_bytes())
}

pub(super) fn response(status: u16, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    let mut bytes = format!("HTTP/1.1 {status} Status\r\nContent-Length: {}\r\n", body.len());
    for (name, value) in headers {
        bytes.extend([name, ": ", value, "\r\n"]);
    }
    bytes.push_str("\r\n");
    Answer::Bytes([bytes.as_bytes(), body].concat())
}

pub(super) struct Server {
    pub(super) port: u16,
    requests: Arc<Mutex<Vec<Request>>>,
}

type Handler = dyn Fn(&Request) -> Answer + Send + Sync;

impl Server {
    pub(super) fn start(handler: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Self {
        Self::launch(None, Arc::new(handler))
    }

    pub(super) fn start_tls(
        config: ServerConfig,
        handler: impl Fn(&Request) -> Answer + Send + Sync + 'static,
    ) -> Self {
        Self::launch(Some(Arc::new(config)), Arc::new(handler))
    }

    /// A server of one document.
    pub(super) fn of(document: &'static str) -> Self {
        Self::start(move |_| json(document))
    }

    fn launch(tls: Option<Arc<ServerConfig>>, handler: Arc<Handler>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&requests);
        // It ends with the process, as do the connections that it waits for.
        thread::spawn(move || {
            for (connection, stream) in listener.incoming().flatten().enumerate() {
                let (handler, log, tls) = (Arc::clone(&handler), Arc::clone(&log), tls.clone());
                thread::spawn(move || match tls {
                    None => drop(serve(stream, connection, &handler, &log)),
                    Some(config) => {
                        let session = ServerConnection::new(config).unwrap();
                        drop(serve(StreamOwned::new(session, stream), connection, &handler, &log));
                    }
                });
            }
        });
        Self { port, requests }
    }

    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// What was asked for until now.
    pub(super) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}

/// Serves one connection until the client closes it, or the answer does.
fn serve(
    stream: impl Read + Write,
    connection: usize,
    handler: &Arc<Handler>,
    log: &Mutex<Vec<Request>>,
) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    while let Some(request) = read(&mut stream, connection)? {
        log.lock().unwrap().push(request.clone());
        match handler(&request) {
            Answer::Bytes(bytes) => {
                stream.get_mut().write_all(&bytes)?;
                stream.get_mut().flush()?;
                if bytes.windows(17).any(|window| window == b"Connection: close") {
                    return Ok(());
                }
            }
            Answer::Endless(bytes) => loop {
                stream.get_mut().write_all(&bytes)?;
            },
            Answer::Never => {
                stream.read_to_end(&mut Vec::new())?;
            }
        }
    }
    Ok(())
}

fn read(stream: &mut impl std::io::BufRead, connection: usize) -> std::io::Result<Option<Request>> {
    let mut line = String::new();
    if stream.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut words = line.split(' ').map(str::to_owned);
    let (method, target) = (words.next().unwrap(), words.next().unwrap());
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            break;
        };
        headers.push((name.to_ascii_lowercase(), value.to_owned()));
    }
    let mut request = Request { connection, method, target, headers, body: String::new() };
    let length = request.header("content-length").map_or(0, |length| length.parse().unwrap());
    stream.take(length).read_to_string(&mut request.body)?;
    Ok(Some(request))
}

/// A proxy, which passes requests on to whatever their target says, and connections likewise.
pub(super) fn proxy() -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let requests = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&requests);
    thread::spawn(move || {
        for (connection, stream) in listener.incoming().flatten().enumerate() {
            let log = Arc::clone(&log);
            thread::spawn(move || forward(stream, connection, &log));
        }
    });
    Server { port, requests }
}

fn forward(stream: TcpStream, connection: usize, log: &Mutex<Vec<Request>>) {
    let mut client = BufReader::new(stream);
    let request = read(&mut client, connection).unwrap().unwrap();
    log.lock().unwrap().push(request.clone());
    let tunnel = request.method == "CONNECT";
    let target = request.target.strip_prefix("http://").unwrap_or(&request.target);
    let (address, path) = target.split_at(target.find('/').unwrap_or(target.len()));
    let mut server = TcpStream::connect(address).unwrap();
    if tunnel {
        client.get_mut().write_all(b"HTTP/1.1 200 Connected\r\n\r\n").unwrap();
    } else {
        let head = format!(
            "{} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n",
            request.method
        );
        server.write_all(head.as_bytes()).unwrap();
    }
    let (mut from_server, mut to_client) =
        (server.try_clone().unwrap(), client.get_ref().try_clone().unwrap());
    thread::spawn(move || {
        let _ = std::io::copy(&mut from_server, &mut to_client);
        let _ = to_client.shutdown(Shutdown::Both);
    });
    let _ = std::io::copy(&mut client, &mut server);
}
