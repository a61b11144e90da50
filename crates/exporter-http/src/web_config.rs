//! `--web.config.file`: TLS, headers, users and a rate limit, in the format of the Prometheus project's exporter-toolkit, key
//! for key.
//!
//! See <https://github.com/prometheus/exporter-toolkit/blob/master/docs/web-configuration.md>.

mod keys;
mod rate;
mod tls;
mod users;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use actix_web::http::header::{HeaderName, HeaderValue};
use exporter_config::{Node, Origin, Problem, check_keys, read_as, restore_text};
use rustls::ServerConfig;
use schemars::schema_for;

use self::keys::{HEADERS, Keys};
pub(crate) use self::rate::RateLimit;
pub(crate) use self::tls::Asked;

/// What a file says, checked and ready for use.
#[derive(Debug, Default)]
pub(crate) struct WebConfig {
    pub(crate) tls: Option<Arc<ServerConfig>>,
    /// What clients have to show in TLS.
    pub(crate) clients: Asked,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    /// The bcrypt hashes of passwords, by user.
    pub(crate) users: BTreeMap<String, String>,
    pub(crate) rate_limit: Option<RateLimit>,
    /// What the file has that this exporter does not do, or that its author may not have meant; with its place.
    pub(crate) warnings: Vec<String>,
    /// Whether it says nothing at all.
    pub(crate) is_empty: bool,
}

impl WebConfig {
    /// Reads a file, and those that it names. `seen` has them afterwards, those included that could not be read.
    pub(crate) fn read(file: &Path, seen: &mut Seen) -> Result<Self, Problem> {
        seen.add(file);
        let mut node = Node::read(file)?;
        let schema = schema_for!(Keys);
        restore_text(&mut node, &schema);
        check_keys(&node, &schema, "")?;
        let keys: Keys = read_as(&node, "")?;
        let folder = file.parent().unwrap_or(Path::new("."));
        let mut read = Reading { node: &node, folder, seen, warnings: Vec::new() };
        let is_empty = node.entries().is_some_and(<[_]>::is_empty);
        if is_empty {
            read.warn(&[], "there is nothing in it: everyone gets in, and nothing is encrypted");
        }
        let (tls, clients) = tls::server_config(&keys, &mut read)?;
        let headers = headers(&keys, &read)?;
        let rate_limit = rate::read(&keys.rate_limit, &mut read);
        let users = users::read(keys.basic_auth_users, &mut read)?;
        let warnings = read.warnings;
        Ok(Self { tls, clients, headers, users, rate_limit, warnings, is_empty })
    }

    /// Whether this can take the place of `before` while the exporter runs. A file that was cut off or emptied must not
    /// open what was closed, so whoever means that has to start the exporter again.
    pub(crate) fn may_follow(&self, before: &Self, file: &Path) -> Result<(), Problem> {
        let lost = if self.is_empty && !before.is_empty {
            ("", "there is nothing in it")
        } else if self.tls.is_none() && before.tls.is_some() {
            ("tls_server_config", "no certificate is named any more, so nothing would be encrypted")
        } else if self.clients.is_less_than(before.clients) {
            ("tls_server_config", "less would be asked of clients than before")
        } else if self.users.is_empty() && !before.users.is_empty() {
            ("basic_auth_users", "no user is left, so no password would be asked for")
        } else {
            return Ok(());
        };
        let origin = Origin::WholeFile(file.display().to_string().into());
        Err(Problem::new(
            origin,
            lost.0,
            &format!("{}; if that is meant, start the exporter again", lost.1),
        ))
    }
}

/// Files, and what they were like just before they were read.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen(Vec<(PathBuf, Stamp)>);

impl Seen {
    /// To be called first: a file that changes while it is read is another one than was seen.
    fn add(&mut self, file: &Path) {
        self.0.push((file.to_owned(), stamp(file)));
    }

    /// What the same files are like now.
    pub(crate) fn now(&self) -> Self {
        Self(self.0.iter().map(|(file, _)| (file.clone(), stamp(file))).collect())
    }
}

/// A file that is being read.
struct Reading<'a> {
    node: &'a Node,
    /// Where relative paths begin.
    folder: &'a Path,
    seen: &'a mut Seen,
    warnings: Vec<String>,
}

impl Reading<'_> {
    /// A problem with the value of a key, `tls_server_config.cert_file`; or with the map that should have it.
    fn problem(&self, keys: &[&str], message: &str) -> Problem {
        let mut node = self.node;
        for key in keys {
            match node.get(key) {
                Some(value) => node = value,
                None => break,
            }
        }
        Problem::new(node.origin.clone(), keys.join(".").trim_end_matches('.'), message)
            .with_hint(node)
    }

    fn warn(&mut self, keys: &[&str], message: &str) {
        let warning = self.problem(keys, message).to_string();
        self.warnings.push(warning);
    }
}

fn headers(keys: &Keys, read: &Reading<'_>) -> Result<Vec<(HeaderName, HeaderValue)>, Problem> {
    let mut headers = Vec::new();
    for (name, allowed, value) in HEADERS.map(|(name, allowed, of)| (name, allowed, of(keys))) {
        if value.is_empty() {
            continue;
        }
        let problem =
            |message: &str| read.problem(&["http_server_config", "headers", name], message);
        if !allowed.is_empty() && !allowed.contains(&value) {
            return Err(problem(&format!(
                "`{value}` is not allowed; write {}",
                allowed.join(" or ")
            )));
        }
        // As Go's server sends it: on one line.
        let line = value.replace(['\r', '\n'], " ");
        let value = HeaderValue::from_bytes(line.trim_matches([' ', '\t']).as_bytes())
            .map_err(|_| problem("a header has no control characters"))?;
        headers.push((
            HeaderName::try_from(name).map_err(|error| problem(&error.to_string()))?,
            value,
        ));
    }
    Ok(headers)
}

/// What changes when a file does, its content or what its name leads to.
type Stamp = Option<(u64, u64, u64, i64, i64, i64, i64)>;

fn stamp(file: &Path) -> Stamp {
    let of = fs::metadata(file).ok()?;
    let times = (of.mtime(), of.mtime_nsec(), of.ctime(), of.ctime_nsec());
    Some((of.dev(), of.ino(), of.size(), times.0, times.1, times.2, times.3))
}

#[cfg(test)]
mod tests;
