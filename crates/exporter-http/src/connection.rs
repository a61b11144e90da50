//! Ends connections whose reader has stopped reading.
//!
//! actix-web has no time-out for writing: it stops asking a body for more when the socket takes no more, and waits for as
//! long as that lasts. So a handle to the socket is kept beside the connection, and looked at when the answer should have
//! been read: a socket that still takes nothing is shut down.

use std::any::Any;
use std::cell::Cell;
use std::os::fd::{AsFd as _, OwnedFd};
use std::rc::{Rc, Weak};
use std::time::{Duration, Instant};

use actix_web::dev::Extensions;
use actix_web::rt::net::TcpStream;
use actix_web::rt::time::sleep_until;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{Shutdown, shutdown};

/// A connection under watch.
#[derive(Debug)]
pub(crate) struct Watched(Rc<Connection>);

#[derive(Debug)]
struct Connection {
    socket: OwnedFd,
    /// When the last answer must have been read.
    deadline: Cell<Instant>,
    watched: Cell<bool>,
}

/// To be called for every new connection, so that its requests find it again.
pub(crate) fn keep(connection: &dyn Any, data: &mut Extensions) {
    let socket = connection.downcast_ref::<TcpStream>();
    if let Some(socket) = socket.and_then(|socket| socket.as_fd().try_clone_to_owned().ok()) {
        let (deadline, watched) = (Cell::new(Instant::now()), Cell::new(false));
        data.insert(Watched(Rc::new(Connection { socket, deadline, watched })));
    }
}

impl Watched {
    /// Ends the connection if what was sent on it is not read within `patience`.
    pub(crate) fn expect_reader(&self, patience: Duration) {
        let Self(connection) = self;
        connection.deadline.set(connection.deadline.get().max(Instant::now() + patience));
        if !connection.watched.replace(true) {
            actix_web::rt::spawn(watch(Rc::downgrade(connection)));
        }
    }
}

async fn watch(connection: Weak<Connection>) {
    loop {
        let Some(deadline) = connection.upgrade().map(|connection| connection.deadline.get())
        else {
            return;
        };
        sleep_until(deadline.into()).await;
        let Some(connection) = connection.upgrade() else { return };
        if connection.deadline.get() > deadline {
            continue;
        }
        connection.watched.set(false);
        if !connection.takes_more() {
            // It is gone already where this fails.
            let _ = shutdown(&connection.socket, Shutdown::Both);
        }
        return;
    }
}

impl Connection {
    /// Whether the kernel has room for more. Where it has not, the reader has not read what was sent so far.
    fn takes_more(&self) -> bool {
        let mut fds = [PollFd::new(&self.socket, PollFlags::OUT)];
        let now = Timespec { tv_sec: 0, tv_nsec: 0 };
        poll(&mut fds, Some(&now)).map_or(true, |ready| ready > 0)
    }
}
