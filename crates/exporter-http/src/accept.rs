//! From a connection that was accepted to one that requests can be read from.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_http::Protocol;
use actix_http::error::DispatchError;
use actix_web::rt::net::{TcpStream, UnixStream};
use actix_web::rt::time::timeout;
use exporter_runtime::Refusal;
use tokio::io::AsyncWriteExt as _;
use tokio_rustls::TlsAcceptor;

use crate::connection::Connection;
use crate::connections::Connections;
use crate::live::WebConfigFile;
use crate::peer::Peer;
use crate::socket::{Socket, Stream};

/// What HTTP is spoken on, in which version, and with whom.
pub(crate) type Accepted = (Socket, Protocol, Option<SocketAddr>);

/// Makes sockets of connections.
#[derive(Clone)]
pub(crate) struct Accept {
    pub(crate) connections: Connections,
    pub(crate) config: Arc<WebConfigFile>,
    /// How long a handshake may take.
    pub(crate) patience: Duration,
}

impl Accept {
    pub(crate) async fn tcp(self, stream: TcpStream) -> Result<Accepted, DispatchError> {
        // The end of a page must not wait for the scraper to acknowledge what came before it.
        stream.set_nodelay(true)?;
        let peer = stream.peer_addr().ok();
        let client = peer.map_or(Peer::Unknown, |peer| peer.ip().into());
        let connection = self.connections.add(client).ok_or_else(no_room)?;
        let Some(tls) = self.config.current().tls.clone() else {
            return Ok((Socket::new(stream, Protocol::Http1, connection), Protocol::Http1, peer));
        };
        let shake_hands = async {
            if speaks_plainly(&stream).await? {
                return Err(refuse_plain(stream).await);
            }
            TlsAcceptor::from(tls).accept(stream).await
        };
        let stream = match self.in_time(&connection, shake_hands).await {
            Ok(stream) => stream,
            Err(error) => {
                if self.connections.refusals().is_news(Refusal::Handshake, client) {
                    tracing::info!(%error, peer = %client, "TLS handshake failed; from now on it is counted only");
                }
                return Err(DispatchError::Io(error));
            }
        };
        let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
        let protocol = if is_http2 { Protocol::Http2 } else { Protocol::Http1 };
        Ok((Socket::new(stream, protocol, connection), protocol, peer))
    }

    /// Who may connect to a Unix socket is said by the mode of its file; there is no TLS on it.
    pub(crate) fn unix(&self, stream: UnixStream) -> Result<Accepted, DispatchError> {
        let client = stream.peer_cred().map_or(Peer::Unknown, |client| Peer::User(client.uid()));
        let connection = self.connections.add(client).ok_or_else(no_room)?;
        Ok((Socket::new(stream, Protocol::Http1, connection), Protocol::Http1, None))
    }

    async fn in_time<T: Stream>(
        &self,
        connection: &Arc<Connection>,
        handshake: impl Future<Output = io::Result<T>>,
    ) -> io::Result<T> {
        tokio::select! {
            outcome = timeout(self.patience, handshake) => {
                outcome.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
            }
            () = connection.ended() => Err(io::Error::other("it made room for another connection")),
        }
    }
}

fn no_room() -> io::Error {
    io::Error::other("there are too many connections")
}

/// Whether the client begins with a request instead of a handshake, whose first byte is 22.
async fn speaks_plainly(stream: &TcpStream) -> io::Result<bool> {
    let mut first = [0];
    let read = stream.peek(&mut first).await?;
    Ok(read == 1 && first[0].is_ascii_uppercase())
}

async fn refuse_plain(mut stream: TcpStream) -> io::Error {
    const ANSWER: &str = "400: this port speaks HTTPS; write https:// in place of http://\n";
    let length = ANSWER.len();
    let answer = format!(
        "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {length}\r\n\
         Connection: close\r\n\r\n{ANSWER}"
    );
    // The client may be gone.
    let _ = stream.write_all(answer.as_bytes()).await;
    let _ = stream.shutdown().await;
    io::Error::other("the client does not speak TLS")
}
