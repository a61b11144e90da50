//! Unix sockets: who may connect, from the first moment on, and whose name may be taken.

use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _, chown};
use std::path::{Path, PathBuf};

use rustix::io::Errno;
use rustix::net::{
    AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, listen, socket_with,
};

use super::{BACKLOG, ListenAddress, ListenSocket, Listener};

/// Reads `PATH[,mode=MODE][,owner=USER[:GROUP]]`.
pub(super) fn parse(text: &str) -> Result<ListenAddress, String> {
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

/// Makes a socket under another name, and gives it its own when it listens. It does so when its mode and its owner are
/// right, and before that nobody can connect: there is no moment at which somebody gets in who may not. A socket that
/// nothing listens on any more gives way.
pub(super) fn bind(
    path: &Path,
    mode: Option<u32>,
    (user, group): (Option<u32>, Option<u32>),
) -> io::Result<Listener> {
    may_be_taken(path)?;
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}", std::process::id()));
    let temporary = path.with_file_name(name);
    let _ = fs::remove_file(&temporary);
    let socket = socket(SocketFlags::CLOEXEC)?;
    rustix::net::bind(&socket, &SocketAddrUnix::new(&temporary)?)?;
    let ready = || {
        if user.is_some() || group.is_some() {
            chown(&temporary, user, group)?;
        }
        if let Some(mode) = mode {
            fs::set_permissions(&temporary, fs::Permissions::from_mode(mode))?;
        }
        listen(&socket, BACKLOG)?;
        fs::rename(&temporary, path)?;
        fs::symlink_metadata(path)
    };
    let file = ready().inspect_err(|_| drop(fs::remove_file(&temporary)))?;
    let file = SocketFile { path: path.to_owned(), identity: (file.dev(), file.ino()) };
    let address = format!("unix:{}", path.display());
    Ok(Listener { socket: ListenSocket::Unix(socket.into()), address, file: Some(file) })
}

fn socket(flags: SocketFlags) -> io::Result<OwnedFd> {
    Ok(socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?)
}

/// Whether there is nothing at `path`, or a socket that no process listens on. Everything but a refusal means that one
/// does, or that it cannot be told; and nobody waits for one that is busy.
fn may_be_taken(path: &Path) -> io::Result<()> {
    let Ok(file) = fs::symlink_metadata(path) else { return Ok(()) };
    if !file.file_type().is_socket() {
        return Err(io::Error::other("there is a file of this name that is no socket"));
    }
    let socket = socket(SocketFlags::CLOEXEC | SocketFlags::NONBLOCK)?;
    match connect(&socket, &SocketAddrUnix::new(path)?) {
        Err(Errno::CONNREFUSED | Errno::NOENT) => Ok(()),
        Ok(()) | Err(Errno::AGAIN) => Err(io::Error::other("another process listens there")),
        Err(error) => {
            let error = io::Error::from(error);
            let message = format!("there is a socket that another process may listen on: {error}");
            Err(io::Error::new(error.kind(), message))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::{UnixDatagram, UnixListener};

    use super::*;

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

    #[test]
    fn a_socket_that_is_busy_or_that_nobody_may_ask_does_not_give_way() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.sock");
        let refusal = |path: &Path| bind(path, None, (None, None)).unwrap_err().to_string();
        // As many connections wait as may.
        let busy = UnixListener::bind(&path).unwrap();
        listen(&busy, 0).unwrap();
        let waiting = socket(SocketFlags::CLOEXEC).unwrap();
        connect(&waiting, &SocketAddrUnix::new(&path).unwrap()).unwrap();
        assert_eq!(refusal(&path), "another process listens there");
        let other = folder.path().join("y.sock");
        let datagrams = UnixDatagram::bind(&other).unwrap();
        let error = refusal(&other);
        assert!(
            error.starts_with("there is a socket that another process may listen on: "),
            "{error}"
        );
        drop((busy, datagrams));
        bind(&path, None, (None, None)).unwrap();
    }
}
