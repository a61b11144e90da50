//! Serves an exporter's pages over HTTP. The only crate that knows the web server.

#![forbid(unsafe_code)]

mod body;
mod connection;
mod landing;
mod listen;
mod server;
mod site;

pub use crate::listen::{ListenAddress, ListenError, Listener};
pub use crate::server::serve;
pub use crate::site::{MAX_REQUESTS, Reload, WebOptions, scope};
