//! Where to listen: TCP addresses, written as Go programs write them, Unix sockets, and what systemd hands over.

mod unix;

use std::fmt;
use std::io;
use std::net::{Ipv6Addr, SocketAddrV6, TcpListener};
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::str::FromStr;

use listenfd::ListenFd;
use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, listen, socket_with, sockopt};

pub(crate) use self::unix::SocketFile;

/// Where to listen: `:18081` (all interfaces, IPv4 and IPv6), `localhost:18081`, `127.0.0.1:0`, `[::1]:18081`, or
/// `unix:/run/exporter.sock,mode=0660,owner=prometheus:prometheus`. Port 0 lets the system choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListenAddress {
    /// A TCP address.
    Tcp {
        /// Empty for all interfaces.
        host: String,
        /// 0 lets the system choose.
        port: u16,
    },
    /// A Unix socket.
    Unix {
        /// The path of the socket.
        path: PathBuf,
        /// Who may connect: the mode of the file. What the process's umask leaves, without it.
        mode: Option<u32>,
        /// The user and the group that the file belongs to.
        owner: (Option<u32>, Option<u32>),
    },
}

impl ListenAddress {
    /// All interfaces.
    pub fn any(port: u16) -> Self {
        Self::Tcp { host: String::new(), port }
    }
}

impl FromStr for ListenAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(rest) = text.strip_prefix("unix:") {
            return unix::parse(rest);
        }
        if text.starts_with("vsock://") {
            return Err("`vsock://` is not supported; write `:PORT` or `unix:PATH`".to_owned());
        }
        let form = "expected `:PORT`, `HOST:PORT`, `[IPV6]:PORT` or `unix:PATH`, such as `:18081` or `127.0.0.1:18081`";
        let (host, port) = text.rsplit_once(':').ok_or(form)?;
        let port = port.parse().map_err(|_| format!("`{port}` is not a port (0 to 65535)"))?;
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        match bare {
            Some(host) => Ok(Self::Tcp { host: host.to_owned(), port }),
            None if host.contains(':') => Err(form.to_owned()),
            None => Ok(Self::Tcp { host: host.to_owned(), port }),
        }
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::Tcp { host, port } => write!(f, "{host}:{port}"),
            Self::Unix { path, .. } => write!(f, "unix:{}", path.display()),
        }
    }
}

/// A socket that listens.
#[derive(Debug)]
pub struct Listener {
    pub(crate) socket: ListenSocket,
    pub(crate) address: String,
    /// The file of a Unix socket that this process made.
    pub(crate) file: Option<SocketFile>,
}

#[derive(Debug)]
pub(crate) enum ListenSocket {
    Tcp(TcpListener),
    Unix(UnixListener),
}

impl Listener {
    /// Binds `address`.
    ///
    /// # Errors
    ///
    /// When the address is in use, not of this machine, or not permitted.
    pub fn bind(address: &ListenAddress) -> Result<Self, ListenError> {
        let listener = match address {
            ListenAddress::Tcp { host, port } => tcp(host, *port),
            ListenAddress::Unix { path, mode, owner } => unix::bind(path, *mode, *owner),
        };
        listener.map_err(|error| ListenError { address: address.to_string(), error })
    }

    /// The sockets that systemd hands over to a service with a `.socket` unit.
    ///
    /// # Errors
    ///
    /// When there are none, or one that does not listen.
    pub fn from_systemd() -> Result<Vec<Self>, ListenError> {
        let mut handed = ListenFd::from_env();
        let failed = |error| ListenError { address: "the sockets of systemd".to_owned(), error };
        if handed.len() == 0 {
            let error = "no socket was handed over; start it from a .socket unit";
            return Err(failed(io::Error::other(error)));
        }
        let mut listeners = Vec::new();
        for index in 0..handed.len() {
            listeners.push(handed_over(&mut handed, index).map_err(failed)?);
        }
        Ok(listeners)
    }

    /// Whether it is a Unix socket, on which there is no TLS.
    pub fn is_unix(&self) -> bool {
        matches!(self.socket, ListenSocket::Unix(_))
    }

    /// Host and port of the socket in a URL that opens on this machine; `None` for a Unix socket.
    pub fn authority(&self) -> Option<String> {
        let ListenSocket::Tcp(socket) = &self.socket else { return None };
        let address = socket.local_addr().ok()?;
        Some(if address.ip().is_unspecified() {
            format!("localhost:{}", address.port())
        } else {
            // RFC 6874: the percent sign before a zone is escaped in a URL.
            address.to_string().replace('%', "%25")
        })
    }

    /// The address that was bound, with the port that was chosen.
    pub fn address(&self) -> &str {
        &self.address
    }
}

/// How many connections wait to be accepted, unless the system allows fewer.
const BACKLOG: i32 = 4096;

fn tcp(host: &str, port: u16) -> io::Result<Listener> {
    let socket = match host {
        // Where IPv6 is switched off, IPv4 alone has to do.
        "" => both_families(port).or_else(|error| match error.kind() {
            io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied => Err(error),
            _ => TcpListener::bind(("0.0.0.0", port)),
        })?,
        "::" => both_families(port)?,
        _ => TcpListener::bind((host, port))?,
    };
    // It listens already; this is how the standard library's number of connections that wait is changed.
    listen(&socket, BACKLOG)?;
    let address = socket.local_addr()?.to_string();
    Ok(Listener { socket: ListenSocket::Tcp(socket), address, file: None })
}

/// On the IPv6 wildcard, which takes IPv4 as well. `net.ipv6.bindv6only` says otherwise on some systems.
fn both_families(port: u16) -> io::Result<TcpListener> {
    let (kind, flags) = (SocketType::STREAM, SocketFlags::CLOEXEC);
    let socket = socket_with(AddressFamily::INET6, kind, flags, None)?;
    sockopt::set_ipv6_v6only(&socket, false)?;
    sockopt::set_socket_reuseaddr(&socket, true)?;
    bind(&socket, &SocketAddrV6::new(Ipv6Addr::UNSPECIFIED, port, 0, 0))?;
    listen(&socket, BACKLOG)?;
    Ok(socket.into())
}

fn handed_over(handed: &mut ListenFd, index: usize) -> io::Result<Listener> {
    if let Ok(Some(socket)) = handed.take_tcp_listener(index) {
        let address = socket.local_addr()?.to_string();
        return Ok(Listener { socket: ListenSocket::Tcp(socket), address, file: None });
    }
    let socket = handed.take_unix_listener(index)?;
    let socket = socket.ok_or_else(|| io::Error::other("a socket was taken twice"))?;
    let address = socket.local_addr()?;
    let path = address.as_pathname().map_or_else(String::new, |path| path.display().to_string());
    Ok(Listener { socket: ListenSocket::Unix(socket), address: format!("unix:{path}"), file: None })
}

/// An address that cannot be listened on.
#[derive(Debug)]
pub struct ListenError {
    address: String,
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
    use std::time::Duration;

    use super::*;

    #[test]
    fn addresses_are_written_as_in_go() {
        for text in [":18081", "localhost:9100", "127.0.0.1:0", "[::1]:80", "unix:/run/x.sock"] {
            assert_eq!(text.parse::<ListenAddress>().unwrap().to_string(), text);
        }
        for (text, problem) in [
            ("18081", "expected `:PORT`"),
            ("::1:80", "expected `:PORT`"),
            (":http", "`http` is not a port"),
            (":65536", "`65536` is not a port"),
            ("unix:", "expected a path"),
            ("unix:/x,mode=9", "`9` is not a mode"),
            ("unix:/x,mode=7777", "`7777` is not a mode"),
            ("unix:/x,owner=nobody-of-this-name", "there is no user `nobody-of-this-name`"),
            ("unix:/x,mdoe=0600", "`mdoe=0600` is not known"),
            ("vsock://:9100", "`vsock://` is not supported; write `:PORT`"),
            ("https://:9100", "expected `:PORT`"),
        ] {
            let error = text.parse::<ListenAddress>().unwrap_err();
            assert!(error.starts_with(problem), "{text}: {error}");
        }
        let expected = ListenAddress::Unix {
            path: "/run/x.sock".into(),
            mode: Some(0o660),
            owner: (Some(0), Some(7)),
        };
        assert_eq!("unix:/run/x.sock,mode=0660,owner=root:7".parse(), Ok(expected));
    }

    #[test]
    fn the_wildcard_takes_both_families_and_an_address_in_use_is_an_error() {
        let listener = Listener::bind(&ListenAddress::any(0)).unwrap();
        let port = listener.address().rsplit(':').next().unwrap().parse().unwrap();
        TcpListener::bind(("127.0.0.1", port)).unwrap_err();
        std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
        let error = Listener::bind(&ListenAddress::any(port)).unwrap_err().to_string();
        assert!(error.starts_with(&format!("cannot listen on :{port}: ")), "{error}");
    }

    #[test]
    fn the_wildcard_takes_both_families_whatever_the_system_does_by_default() {
        for host in ["", "::"] {
            let address = ListenAddress::Tcp { host: host.to_owned(), port: 0 };
            let listener = Listener::bind(&address).unwrap();
            let ListenSocket::Tcp(socket) = &listener.socket else { panic!("{listener:?}") };
            assert_eq!(sockopt::ipv6_v6only(socket), Ok(false), "{host}");
            let port = socket.local_addr().unwrap().port();
            for peer in ["127.0.0.1", "::1"] {
                std::net::TcpStream::connect((peer, port)).unwrap();
            }
        }
    }

    #[test]
    fn as_many_connections_wait_as_the_system_allows() {
        let allowed = std::fs::read_to_string("/proc/sys/net/core/somaxconn").unwrap();
        let most = allowed.trim().parse().unwrap_or(400).min(400);
        for address in ["127.0.0.1:0", ":0"] {
            let listener = Listener::bind(&address.parse().unwrap()).unwrap();
            let port = listener.address().rsplit(':').next().unwrap().parse().unwrap();
            let waiting: Vec<_> = (0..most)
                .map(|_| {
                    let address = std::net::SocketAddr::from(([127, 0, 0, 1], port));
                    std::net::TcpStream::connect_timeout(&address, Duration::from_millis(500))
                })
                .collect();
            assert!(waiting.iter().all(Result::is_ok), "{address}");
        }
    }
}
