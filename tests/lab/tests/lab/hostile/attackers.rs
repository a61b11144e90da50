//! Connections of those who do what they should not: from other addresses, over TLS, in HTTP/2.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use exporter_testkit::Exporter;
use rustix::net::{AddressFamily, SocketType, bind, connect, socket, sockopt};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::web::Keys;

/// How long an attacker waits for an answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// A connection from this machine's own address.
pub(super) fn plain(exporter: &Exporter) -> TcpStream {
    let stream = TcpStream::connect(exporter.address()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// A connection from `127.0.0.host`, whose kernel takes few bytes for it.
pub(super) fn from(exporter: &Exporter, host: u8) -> TcpStream {
    let Ok(SocketAddr::V4(to)) = exporter.address().parse() else { panic!("IPv4") };
    let stream = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    sockopt::set_socket_recv_buffer_size(&stream, 4096).unwrap();
    bind(&stream, &SocketAddrV4::new(Ipv4Addr::new(127, 0, 0, host), 0)).unwrap();
    connect(&stream, &to).unwrap();
    let stream = TcpStream::from(stream);
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// A client that trusts the authority of `keys`, and speaks `protocol`.
pub(super) fn tls_client(keys: &Keys, protocol: &[u8]) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    let authority = fs::read(keys.path("ca.pem")).unwrap();
    roots.add(CertificateDer::from_pem_slice(&authority).unwrap()).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![protocol.to_vec()];
    Arc::new(config)
}

pub(super) type Tls = StreamOwned<ClientConnection, TcpStream>;

/// A handshake, to be done with the first byte.
pub(super) fn tls(client: &Arc<ClientConfig>, stream: TcpStream) -> Tls {
    let name = "127.0.0.1".try_into().unwrap();
    StreamOwned::new(ClientConnection::new(Arc::clone(client), name).unwrap(), stream)
}

/// A frame of HTTP/2: its length in three bytes, its type, its flags and its stream.
pub(super) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

pub(super) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
pub(super) const SETTINGS: u8 = 4;
pub(super) const PING: u8 = 6;
const HEADERS: u8 = 1;
pub(super) const RESET: u8 = 3;
pub(super) const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// The beginning of a connection whose client takes no bytes of any answer.
pub(super) fn without_window() -> Vec<u8> {
    [PREFACE, &frame(SETTINGS, 0, 0, &[0, 4, 0, 0, 0, 0])].concat()
}

/// A header in the words of HPACK: a literal, with its lengths.
pub(super) fn literal(name: &str, value: &str) -> Vec<u8> {
    let length = |text: &str| {
        let length = text.len();
        if length < 127 {
            return vec![u8::try_from(length).unwrap()];
        }
        let (mut rest, mut bytes) = (length - 127, vec![127]);
        while rest >= 128 {
            bytes.push(u8::try_from(rest % 128 + 128).unwrap());
            rest /= 128;
        }
        bytes.push(u8::try_from(rest).unwrap());
        bytes
    };
    let text = |text: &str| [&length(text), text.as_bytes()].concat();
    [&[0][..], &text(name), &text(value)].concat()
}

/// `GET /metrics`, by which the page is wanted within so many seconds.
pub(super) fn get(stream: u32, seconds: &str) -> Vec<u8> {
    let head = [
        &[0x82, 0x87][..],
        &literal(":path", "/metrics"),
        &literal(":authority", "x"),
        &literal("x-prometheus-scrape-timeout-seconds", seconds),
    ]
    .concat();
    frame(HEADERS, END_STREAM | END_HEADERS, stream, &head)
}

/// The beginning of a request's head that goes on.
pub(super) fn half_a_head() -> Vec<u8> {
    frame(HEADERS, 0, 1, &[0x82, 0x87])
}

/// Whether the other end closes the connection while the test waits for it; what comes before that is read.
pub(super) fn ends(mut stream: impl Read) -> bool {
    let mut buffer = [0; 4096];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return true,
            Ok(_) => {}
            Err(error) => {
                return !matches!(
                    error.kind(),
                    std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut
                );
            }
        }
    }
}

/// Sends `bytes` again and again until the other end closes the connection, or so often. Returns how many were sent.
pub(super) fn send_until_it_ends(mut stream: impl Write, bytes: &[u8], times: usize) -> usize {
    let sent = (0..times).take_while(|_| stream.write_all(bytes).is_ok()).count();
    sent * bytes.len()
}
