//! Listening addresses, written as Go programs write them.

use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::str::FromStr;

/// Where to listen: `:18081` (all interfaces, IPv4 and IPv6), `localhost:18081`, `127.0.0.1:0`, `[::1]:18081`.
/// Port 0 lets the system choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListenAddress {
    /// Empty for all interfaces.
    host: String,
    port: u16,
}

impl ListenAddress {
    /// All interfaces.
    pub fn any(port: u16) -> Self {
        Self { host: String::new(), port }
    }
}

impl FromStr for ListenAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let form =
            "expected `:PORT`, `HOST:PORT` or `[IPV6]:PORT`, such as `:18081` or `127.0.0.1:18081`";
        let (host, port) = text.rsplit_once(':').ok_or(form)?;
        let port = port.parse().map_err(|_| format!("`{port}` is not a port (0 to 65535)"))?;
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        match bare {
            Some(host) => Ok(Self { host: host.to_owned(), port }),
            None if host.contains(':') => Err(form.to_owned()),
            None => Ok(Self { host: host.to_owned(), port }),
        }
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port } = self;
        if host.contains(':') { write!(f, "[{host}]:{port}") } else { write!(f, "{host}:{port}") }
    }
}

/// A socket that listens.
#[derive(Debug)]
pub struct Listener {
    pub(crate) socket: TcpListener,
    address: SocketAddr,
}

impl Listener {
    /// Binds `address`.
    ///
    /// # Errors
    ///
    /// When the address is in use, not of this machine, or not permitted.
    pub fn bind(address: &ListenAddress) -> Result<Self, ListenError> {
        let listen = || {
            let socket = if address.host.is_empty() {
                // On Linux the IPv6 wildcard takes IPv4 as well; where IPv6 is switched off, IPv4 alone has to do.
                TcpListener::bind(("::", address.port)).or_else(|error| match error.kind() {
                    io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied => Err(error),
                    _ => TcpListener::bind(("0.0.0.0", address.port)),
                })?
            } else {
                TcpListener::bind((address.host.as_str(), address.port))?
            };
            let address = socket.local_addr()?;
            Ok(Self { socket, address })
        };
        listen().map_err(|error: io::Error| ListenError { address: address.clone(), error })
    }

    /// The address that was bound, with the port that was chosen.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

/// An address that cannot be listened on.
#[derive(Debug)]
pub struct ListenError {
    address: ListenAddress,
    error: io::Error,
}

impl fmt::Display for ListenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot listen on {}: {}", self.address, self.error)
    }
}

impl std::error::Error for ListenError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_written_as_in_go() {
        for text in [":18081", "localhost:9100", "127.0.0.1:0", "[::1]:80"] {
            assert_eq!(text.parse::<ListenAddress>().unwrap().to_string(), text);
        }
        for (text, problem) in [
            ("18081", "expected `:PORT`"),
            ("::1:80", "expected `:PORT`"),
            (":http", "`http` is not a port"),
            (":65536", "`65536` is not a port"),
        ] {
            let error = text.parse::<ListenAddress>().unwrap_err();
            assert!(error.starts_with(problem), "{text}: {error}");
        }
    }

    #[test]
    fn the_wildcard_takes_both_families_and_an_address_in_use_is_an_error() {
        let listener = Listener::bind(&ListenAddress::any(0)).unwrap();
        let port = listener.address().port();
        std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
        let error = Listener::bind(&ListenAddress::any(port)).unwrap_err().to_string();
        assert!(error.starts_with(&format!("cannot listen on :{port}: ")), "{error}");
    }
}
