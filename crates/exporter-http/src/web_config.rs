//! `--web.config.file`: TLS, headers, users and a rate limit, in the format of the Prometheus project's exporter-toolkit, key
//! for key.
//!
//! See <https://github.com/prometheus/exporter-toolkit/blob/master/docs/web-configuration.md>.

mod keys;
mod rate;
mod tls;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use actix_web::http::header::{HeaderName, HeaderValue};
use exporter_config::{Node, Problem, check_keys, read_as};
use rustls::ServerConfig;
use schemars::schema_for;

use self::keys::{HEADERS, Keys};
pub(crate) use self::rate::RateLimit;

/// What a file says, checked and ready for use.
#[derive(Debug, Default)]
pub(crate) struct WebConfig {
    pub(crate) tls: Option<Arc<ServerConfig>>,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    /// The bcrypt hashes of passwords, by user.
    pub(crate) users: BTreeMap<String, String>,
    pub(crate) rate_limit: Option<RateLimit>,
    /// What the file has that this exporter does not do.
    pub(crate) warnings: Vec<String>,
    /// The files that it was read from.
    pub(crate) files: Vec<PathBuf>,
}

impl WebConfig {
    /// Reads a file, and those that it names.
    pub(crate) fn read(file: &Path) -> Result<Self, Problem> {
        let node = Node::read(file)?;
        check_keys(&node, &schema_for!(Keys), "")?;
        let keys: Keys = read_as(&node, "")?;
        let place = Place { node: &node, folder: file.parent().unwrap_or(Path::new(".")) };
        let mut config = Self { files: vec![file.to_owned()], ..Self::default() };
        config.tls = tls::server_config(&keys, place, &mut config.files, &mut config.warnings)?;
        config.headers = headers(&keys, place)?;
        config.users = users(keys.basic_auth_users, place)?;
        config.rate_limit = rate::read(&keys.rate_limit, place, &mut config.warnings)?;
        Ok(config)
    }
}

/// Where keys and relative paths of a file begin.
#[derive(Clone, Copy)]
struct Place<'a> {
    node: &'a Node,
    folder: &'a Path,
}

impl Place<'_> {
    /// A problem with the value of a key, `tls_server_config.cert_file`; or with the map that should have it.
    fn problem(self, keys: &[&str], message: &str) -> Problem {
        let mut node = self.node;
        for key in keys {
            match node.get(key) {
                Some(value) => node = value,
                None => break,
            }
        }
        Problem::new(node.origin.clone(), keys.join(".").trim_end_matches('.'), message)
    }
}

fn headers(keys: &Keys, place: Place<'_>) -> Result<Vec<(HeaderName, HeaderValue)>, Problem> {
    let mut headers = Vec::new();
    for (name, allowed, value) in HEADERS.map(|(name, allowed, of)| (name, allowed, of(keys))) {
        if value.is_empty() {
            continue;
        }
        let problem =
            |message: &str| place.problem(&["http_server_config", "headers", name], message);
        if !allowed.is_empty() && !allowed.contains(&value) {
            return Err(problem(&format!(
                "`{value}` is not allowed; write {}",
                allowed.join(" or ")
            )));
        }
        let value = HeaderValue::from_str(value)
            .map_err(|_| problem("a header has one line of visible characters"))?;
        headers.push((
            HeaderName::try_from(name).map_err(|error| problem(&error.to_string()))?,
            value,
        ));
    }
    Ok(headers)
}

fn users(
    users: BTreeMap<String, keys::Hidden>,
    place: Place<'_>,
) -> Result<BTreeMap<String, String>, Problem> {
    let check = |(user, keys::Hidden(hash)): (String, keys::Hidden)| {
        // A whole line of htpasswd may stand there, with the hash.
        let name = user.split(':').next().unwrap_or_default();
        let problem = |message: &str| place.problem(&["basic_auth_users", name], message);
        let form =
            "expected a bcrypt hash, such as `htpasswd -nBC 10 \"\"` prints behind the colon";
        hash.parse::<bcrypt::HashParts>().map_err(|_| problem(form))?;
        if user.contains(':') {
            return Err(problem("a user's name has no colon: it ends there when it is sent"));
        }
        Ok((user, hash))
    };
    users.into_iter().map(check).collect()
}

/// What changes when a file does, its content or what its name leads to.
pub(crate) type Stamp = Option<(u64, u64, u64, i64, i64, i64, i64)>;

pub(crate) fn stamp(file: &Path) -> Stamp {
    let of = fs::metadata(file).ok()?;
    let times = (of.mtime(), of.mtime_nsec(), of.ctime(), of.ctime_nsec());
    Some((of.dev(), of.ino(), of.size(), times.0, times.1, times.2, times.3))
}

#[cfg(test)]
mod tests;
