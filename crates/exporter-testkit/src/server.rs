//! Servers for collectors that watch one: each answers byte by byte as it is told.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

/// Listens on a free port of the loopback interface, and has `handler` talk over each connection, on a thread of its own.
/// It ends with the process.
///
/// ```
/// use std::io::Write as _;
///
/// let address = exporter_testkit::serve(|mut stream| drop(stream.write_all(b"220 ready\r\n")));
/// assert_eq!(std::io::read_to_string(std::net::TcpStream::connect(address)?)?, "220 ready\r\n");
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn serve(handler: impl Fn(TcpStream) + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port can be listened on");
    let address = listener.local_addr().expect("it listens");
    let handler = Arc::new(handler);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let handler = Arc::clone(&handler);
            thread::spawn(move || handler(stream));
        }
    });
    address
}

/// What a client asked for.
#[derive(Clone, Debug)]
pub struct Request {
    /// Which connection it came over, the first being 0.
    pub connection: usize,
    /// The method.
    pub method: String,
    /// As it stands in the request: a path, or to a proxy, a URL.
    pub target: String,
    /// The headers in their order, with names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, of which the request says how long it is.
    pub body: String,
}

impl Request {
    /// The value of a header, by its lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// Reads one from a connection; `None` where there is no other.
    ///
    /// # Errors
    ///
    /// When the connection breaks.
    pub fn read(stream: &mut impl BufRead, connection: usize) -> io::Result<Option<Self>> {
        let mut line = String::new();
        if stream.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let mut words = line.split(' ').map(|word| word.trim_end().to_owned());
        let mut word = || words.next().unwrap_or_default();
        let (method, target, mut headers) = (word(), word(), Vec::new());
        loop {
            let mut line = String::new();
            stream.read_line(&mut line)?;
            let Some((name, value)) = line.trim_end().split_once(": ") else { break };
            headers.push((name.to_ascii_lowercase(), value.to_owned()));
        }
        let mut request = Self { connection, method, target, headers, body: String::new() };
        let length = request.header("content-length").and_then(|length| length.parse().ok());
        stream.take(length.unwrap_or(0)).read_to_string(&mut request.body)?;
        Ok(Some(request))
    }
}

/// What is written back. A connection stays open when the answer does not say that it ends.
#[derive(Clone, Debug)]
pub enum Answer {
    /// These bytes, head and all.
    Bytes(Vec<u8>),
    /// These bytes, again and again, until the client has enough.
    Endless(Vec<u8>),
    /// Nothing, until the client goes away.
    Never,
}

impl Answer {
    /// A status, headers and a body.
    pub fn new(status: u16, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Self {
        let body = body.as_ref();
        let mut bytes = format!("HTTP/1.1 {status} Status\r\nContent-Length: {}\r\n", body.len());
        for (name, value) in headers {
            bytes.extend([name, ": ", value, "\r\n"]);
        }
        bytes.push_str("\r\n");
        Self::Bytes([bytes.as_bytes(), body].concat())
    }

    /// 200 with a JSON document.
    pub fn json(document: &str) -> Self {
        Self::new(200, &[("Content-Type", "application/json")], document)
    }
}

/// A web server. It ends with the process.
///
/// ```
/// use exporter_testkit::{Answer, Server};
///
/// let server = Server::start(|request| match request.target.as_str() {
///     "/orders" => Answer::json("{\"open\": 17}"),
///     _ => Answer::new(404, &[], "nothing here"),
/// });
/// let body = ureq::get(format!("{}/orders", server.url())).call().unwrap().body_mut().read_to_string().unwrap();
/// assert_eq!(body, "{\"open\": 17}");
/// assert_eq!(server.requests()[0].method, "GET");
/// ```
#[derive(Clone, Debug)]
pub struct Server {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    /// Starts one that answers what `handler` says.
    pub fn start(handler: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Self {
        Self::over(|stream| stream, handler)
    }

    /// The same, over what `wrap` makes of each connection, such as TLS.
    pub fn over<S: Read + Write>(
        wrap: impl Fn(TcpStream) -> S + Send + Sync + 'static,
        handler: impl Fn(&Request) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (log, connections) = (Arc::clone(&requests), AtomicUsize::new(0));
        let address = serve(move |stream| {
            let connection = connections.fetch_add(1, Ordering::Relaxed);
            // Clients go away in the middle of an answer, which is what some tests are about.
            let _ = converse(wrap(stream), connection, &handler, &log);
        });
        Self { address, requests }
    }

    /// A server of one JSON document.
    pub fn of(document: &str) -> Self {
        let document = document.to_owned();
        Self::start(move |_| Answer::json(&document))
    }

    /// Where it is, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The port that it listens on.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// What was asked for until now.
    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().expect("no handler panicked").clone()
    }
}

/// Serves one connection until the client closes it, or the answer does.
fn converse(
    stream: impl Read + Write,
    connection: usize,
    handler: &impl Fn(&Request) -> Answer,
    log: &Mutex<Vec<Request>>,
) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    while let Some(request) = Request::read(&mut stream, connection)? {
        log.lock().expect("no handler panicked").push(request.clone());
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
