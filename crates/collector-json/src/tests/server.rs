//! The test kit's web server with TLS, and a proxy.

use std::io::BufReader;
use std::io::Write as _;
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use exporter_testkit::{Answer, Request, Server, serve};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

pub(super) fn start_tls(
    config: ServerConfig,
    handler: impl Fn(&Request) -> Answer + Send + Sync + 'static,
) -> Server {
    let config = Arc::new(config);
    let wrap = move |stream: TcpStream| {
        StreamOwned::new(ServerConnection::new(Arc::clone(&config)).unwrap(), stream)
    };
    Server::over(wrap, handler)
}

/// A proxy, which passes requests on to whatever their target says, and connections likewise.
pub(super) struct Proxy {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Proxy {
    pub(super) fn start() -> Self {
        let requests = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&requests);
        Self { address: serve(move |stream| forward(stream, &log)), requests }
    }

    pub(super) fn port(&self) -> u16 {
        self.address.port()
    }

    pub(super) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}

fn forward(stream: TcpStream, log: &Mutex<Vec<Request>>) {
    let mut client = BufReader::new(stream);
    let request = Request::read(&mut client, 0).unwrap().unwrap();
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
