//! A scraper that costs as little as it can: one keep-alive connection, the body read and thrown away.
//!
//! It does not sleep while it waits for a small page. A sleeping reader has to be woken by the process that sends, and on a
//! virtual machine that costs the sender as much as a whole small scrape, more or less of it by chance. Where an answer
//! takes longer, it sleeps: two processors that share a core would slow each other down.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use rustls::ClientConnection;

pub(crate) struct Client {
    stream: BufReader<Spinning>,
    scratch: Vec<u8>,
    authorization: String,
    /// Where the body is kept, if it is.
    page: Option<Vec<u8>>,
    /// Whether to ask for gzip.
    pub(crate) gzip: bool,
    /// How long the last answer took to begin.
    pub(crate) first_byte: Duration,
}

/// A socket whose readers spin before they sleep.
struct Spinning {
    socket: TcpStream,
    tls: Option<ClientConnection>,
}

/// For how long they spin.
const SPIN: Duration = Duration::from_micros(300);

impl Read for Spinning {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let begun = Instant::now();
        while begun.elapsed() < SPIN {
            match self.read_once(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => std::hint::spin_loop(),
                outcome => return outcome,
            }
        }
        self.socket.set_nonblocking(false)?;
        let outcome = self.read_once(buffer);
        self.socket.set_nonblocking(true)?;
        outcome
    }
}

impl Spinning {
    fn read_once(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.tls {
            Some(tls) => rustls::Stream::new(tls, &mut self.socket).read(buffer),
            None => self.socket.read(buffer),
        }
    }

    fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.tls {
            Some(tls) => {
                let mut stream = rustls::Stream::new(tls, &mut self.socket);
                stream.write_all(bytes)?;
                stream.flush()
            }
            None => self.socket.write_all(bytes),
        }
    }
}

impl Client {
    pub(crate) fn connect(address: &str) -> io::Result<Self> {
        Self::connect_with(address, None)
    }

    /// With TLS, where there is a session to begin, and a header `Authorization`.
    pub(crate) fn connect_with(
        address: &str,
        login: Option<(ClientConnection, String)>,
    ) -> io::Result<Self> {
        let mut socket = TcpStream::connect(address)?;
        socket.set_nodelay(true)?;
        let (mut tls, authorization) = login.unzip();
        if let Some(tls) = &mut tls {
            while tls.is_handshaking() {
                tls.complete_io(&mut socket)?;
            }
        }
        socket.set_nonblocking(true)?;
        let stream = BufReader::with_capacity(256 * 1024, Spinning { socket, tls });
        let authorization =
            authorization.map(|value| format!("Authorization: {value}\r\n")).unwrap_or_default();
        Ok(Self {
            stream,
            authorization,
            scratch: Vec::new(),
            page: None,
            gzip: false,
            first_byte: Duration::ZERO,
        })
    }

    /// Scrapes once and returns how many bytes the page had.
    pub(crate) fn scrape(&mut self) -> io::Result<usize> {
        let encoding = if self.gzip { "gzip" } else { "identity" };
        let request = format!(
            "GET /metrics HTTP/1.1\r\nHost: bench\r\nAccept: text/plain;version=0.0.4\r\nAccept-Encoding: {encoding}\r\n{}\r\n",
            self.authorization
        );
        self.stream.get_mut().send(request.as_bytes())?;
        let mut length = None;
        let asked = Instant::now();
        let status = self.line()?;
        self.first_byte = asked.elapsed();
        if !status.starts_with("HTTP/1.1 200") {
            return Err(io::Error::other(status));
        }
        loop {
            let line = self.line()?.to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(value) = line.strip_prefix("content-length:") {
                length = Some(value.trim().parse().map_err(io::Error::other)?);
            }
        }
        match length {
            Some(length) => self.skip(length).map(|()| length),
            None => self.chunks(),
        }
    }

    /// Scrapes once and returns the page.
    pub(crate) fn page(&mut self) -> io::Result<Vec<u8>> {
        self.page = Some(Vec::new());
        self.scrape()?;
        Ok(self.page.take().unwrap_or_default())
    }

    fn chunks(&mut self) -> io::Result<usize> {
        let mut total = 0;
        loop {
            let size = usize::from_str_radix(&self.line()?, 16).map_err(io::Error::other)?;
            self.skip(size)?;
            self.line()?;
            if size == 0 {
                return Ok(total);
            }
            total += size;
        }
    }

    fn skip(&mut self, mut bytes: usize) -> io::Result<()> {
        while bytes > 0 {
            let buffer = self.stream.fill_buf()?;
            let available = buffer.len().min(bytes);
            if let Some(page) = &mut self.page {
                page.extend_from_slice(&buffer[..available]);
            }
            if available == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.stream.consume(available);
            bytes -= available;
        }
        Ok(())
    }

    fn line(&mut self) -> io::Result<String> {
        self.scratch.clear();
        self.stream.by_ref().take(64 * 1024).read_until(b'\n', &mut self.scratch)?;
        Ok(String::from_utf8_lossy(&self.scratch).trim_end().to_owned())
    }
}
