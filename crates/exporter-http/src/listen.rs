//! Where to listen: TCP addresses, written as Go programs write them, Unix sockets, and what systemd hands over.

use std::fmt;
use std::fs;
use std::io;
use std::net::TcpListener;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use listenfd::ListenFd;

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
            return unix(rest);
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

/// Reads `PATH[,mode=MODE][,owner=USER[:GROUP]]`.
fn unix(text: &str) -> Result<ListenAddress, String> {
    let mut parts = text.split(',');
    let path = parts.next().unwrap_or_default();
    if path.is_empty() {
        return Err("expected a path behind `unix:`".to_owned());
    }
    let (mut mode, mut owner) = (None, (None, None));
    for part in parts {
        match part.split_once('=') {
            Some(("mode", digits)) => {
                let parsed = u32::from_str_radix(digits, 8).ok().filter(|mode| *mode <= 0o777);
                mode = Some(parsed.ok_or_else(|| {
                    format!("`{digits}` is not a mode; write it in octal digits, such as `0660`")
                })?);
            }
            Some(("owner", names)) => {
                let (user, group) = names.split_once(':').unwrap_or((names, ""));
                owner = (id("user", user, "/etc/passwd")?, id("group", group, "/etc/group")?);
            }
            _ => {
                return Err(format!(
                    "`{part}` is not known; behind the path may stand `mode=MODE` and `owner=USER:GROUP`"
                ));
            }
        }
    }
    Ok(ListenAddress::Unix { path: path.into(), mode, owner })
}

/// The number of a user or a group, which is written as a number or a name.
fn id(kind: &str, name: &str, file: &str) -> Result<Option<u32>, String> {
    if name.is_empty() {
        return Ok(None);
    }
    if let Ok(number) = name.parse() {
        return Ok(Some(number));
    }
    let all = fs::read_to_string(file).map_err(|error| format!("{file}: {error}"))?;
    let line = all.lines().find(|line| line.split(':').next() == Some(name));
    let number = line.and_then(|line| line.split(':').nth(2)?.parse().ok());
    number.map(Some).ok_or_else(|| format!("there is no {kind} `{name}` in {file}"))
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

/// The file of a Unix socket, which is removed with this unless another one has taken its place.
#[derive(Debug)]
pub(crate) struct SocketFile {
    path: PathBuf,
    identity: (u64, u64),
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        let now = fs::symlink_metadata(&self.path).map(|file| (file.dev(), file.ino()));
        if now.is_ok_and(|now| now == self.identity) {
            // Who starts next removes it where this fails.
            let _ = fs::remove_file(&self.path);
        }
    }
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
            ListenAddress::Unix { path, mode, owner } => at_path(path, *mode, *owner),
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

    /// The address that was bound, with the port that was chosen.
    pub fn address(&self) -> &str {
        &self.address
    }
}

fn tcp(host: &str, port: u16) -> io::Result<Listener> {
    let socket = if host.is_empty() {
        // On Linux the IPv6 wildcard takes IPv4 as well; where IPv6 is switched off, IPv4 alone has to do.
        TcpListener::bind(("::", port)).or_else(|error| match error.kind() {
            io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied => Err(error),
            _ => TcpListener::bind(("0.0.0.0", port)),
        })?
    } else {
        TcpListener::bind((host, port))?
    };
    let address = socket.local_addr()?.to_string();
    Ok(Listener { socket: ListenSocket::Tcp(socket), address, file: None })
}

/// Makes a socket under another name and gives it its own when its mode and its owner are right: nobody can connect who
/// may not. A socket that nothing listens on any more gives way.
fn at_path(
    path: &Path,
    mode: Option<u32>,
    (user, group): (Option<u32>, Option<u32>),
) -> io::Result<Listener> {
    match fs::symlink_metadata(path) {
        Ok(file) if !file.file_type().is_socket() => {
            return Err(io::Error::other("there is a file of this name that is no socket"));
        }
        Ok(_) if UnixStream::connect(path).is_ok() => {
            return Err(io::Error::other("another process listens there"));
        }
        _ => {}
    }
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}", std::process::id()));
    let temporary = path.with_file_name(name);
    let _ = fs::remove_file(&temporary);
    let socket = UnixListener::bind(&temporary)?;
    let ready = || {
        if let Some(mode) = mode {
            fs::set_permissions(&temporary, fs::Permissions::from_mode(mode))?;
        }
        if user.is_some() || group.is_some() {
            chown(&temporary, user, group)?;
        }
        fs::rename(&temporary, path)?;
        fs::symlink_metadata(path)
    };
    let file = ready().inspect_err(|_| drop(fs::remove_file(&temporary)))?;
    let file = SocketFile { path: path.to_owned(), identity: (file.dev(), file.ino()) };
    let address = format!("unix:{}", path.display());
    Ok(Listener { socket: ListenSocket::Unix(socket), address, file: Some(file) })
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
    fn a_unix_socket_has_its_mode_gives_way_when_it_is_dead_and_is_removed_at_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.sock");
        let address: ListenAddress = format!("unix:{},mode=0600", path.display()).parse().unwrap();
        let listener = Listener::bind(&address).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        let error = Listener::bind(&address).unwrap_err().to_string();
        assert!(error.ends_with("another process listens there"), "{error}");
        // As if the process had been killed.
        let Listener { socket, file, .. } = listener;
        drop(socket);
        let again = Listener::bind(&address).unwrap();
        // It is another one's by now.
        drop(file);
        assert!(path.exists());
        drop(again);
        assert!(!path.exists());
        fs::write(&path, "").unwrap();
        let error = Listener::bind(&address).unwrap_err().to_string();
        assert!(error.ends_with("that is no socket"), "{error}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
