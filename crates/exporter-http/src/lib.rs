//! Serves an exporter's pages over HTTP. The only crate that knows the web server.

#![forbid(unsafe_code)]

mod body;
mod landing;
mod listen;
mod server;

pub use crate::listen::{ListenAddress, ListenError, Listener};
pub use crate::server::{WebOptions, serve};
