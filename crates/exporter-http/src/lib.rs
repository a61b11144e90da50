//! Serves an exporter's pages over HTTP. The only crate that knows the web server.

#![forbid(unsafe_code)]

mod accept;
mod ahead;
mod answers;
mod body;
mod connection;
mod connections;
mod gate;
mod listen;
mod live;
mod logins;
mod options;
mod pages;
mod peer;
mod refusals;
mod server;
mod site;
mod socket;
mod waiting;
mod web_config;

pub use crate::listen::{ListenAddress, ListenError, Listener};
pub use crate::live::WebConfigFile;
pub use crate::options::{
    ExternalUrl, IDLE_TIMEOUT, MAX_CONNECTIONS, MAX_REQUESTS, OTHER_FILES, PAGES, READ_TIMEOUT,
    Reload, WebOptions,
};
pub use crate::server::serve;
pub use crate::site::scope;
