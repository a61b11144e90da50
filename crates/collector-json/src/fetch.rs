//! Asking for the document.

use std::fmt::Display;

use exporter_sdk::{At as _, ByteSize, Error, Result, Scrape, Secret};
use reqwest::header::{ACCEPT, HeaderMap, HeaderName, HeaderValue, LOCATION};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, Proxy, RequestBuilder, Response, StatusCode, Url};
use serde_json::Value;

use crate::config::{BasicAuth, JsonConfig};
use crate::document::{beginning, parse, parse_lines};
use crate::extract::shown;
use crate::tls::Identity;

/// Where the document is, and how it is asked for.
pub(crate) struct Source {
    url: Url,
    method: Method,
    headers: HeaderMap,
    basic_auth: Option<BasicAuth>,
    bearer_token: Option<Secret>,
    body: String,
    max_redirects: usize,
    max_body: ByteSize,
    valid_status: Vec<u16>,
    /// Whether the document has one value per line.
    lines: bool,
    way: Way,
    /// For `http`, and for `https`. Each is made by the first run that needs it, for connections are kept from run to run.
    clients: [Option<Client>; 2],
}

/// How connections are made.
struct Way {
    identity: Identity,
    proxy: Option<(Url, Proxy)>,
    proxy_from_environment: bool,
}

impl Source {
    pub(crate) fn new(config: &JsonConfig) -> Result<Self> {
        let url = url(&config.url).at("url")?;
        check_credentials(config, &url)?;
        let proxy = config.proxy_url.as_deref().map(proxy).transpose().at("proxy_url")?;
        if proxy.is_some() && config.proxy_from_environment {
            return Err("proxy_url and proxy_from_environment: one of them, not both".into());
        }
        if let Some(status) =
            config.valid_status.iter().find(|status| !(200..600).contains(*status))
        {
            return Err(
                format!("valid_status: {status} is no status of an answer; 200 is one").into()
            );
        }
        let method = Method::from_bytes(config.method.as_bytes());
        Ok(Self {
            url,
            method: method.map_err(|_| format!("method: {:?} is none", config.method))?,
            headers: headers(config)?,
            basic_auth: config.basic_auth.clone(),
            bearer_token: config.bearer_token.clone(),
            body: config.body.clone(),
            max_redirects: config.max_redirects,
            max_body: config.max_body,
            valid_status: config.valid_status.clone(),
            lines: config.lines,
            way: Way {
                identity: Identity::new(&config.tls)?,
                proxy,
                proxy_from_environment: config.proxy_from_environment,
            },
            clients: [None, None],
        })
    }

    /// Says of an error which document it concerns.
    pub(crate) fn at(&self, error: impl Display) -> Error {
        format!("{}: {error}", told(&self.url)).into()
    }

    /// Fetches and parses the document. Lines of it that cannot be parsed are left out of the scrape.
    pub(crate) async fn fetch(&mut self, scrape: &mut Scrape<'_>) -> Result<Value> {
        let (url, response) = self.request().await?;
        let body = self.read(response).await.at(told(&url))?;
        if self.lines {
            return Ok(parse_lines(&body, told(&url), scrape));
        }
        parse(&body).at(told(&url))
    }

    /// Sends the request, and again wherever it is redirected to.
    async fn request(&mut self) -> Result<(Url, Response)> {
        let mut url = self.url.clone();
        let mut method = self.method.clone();
        for _ in 0..=self.max_redirects {
            let response = self.send(&url, &method).await?;
            let Some(next) = redirect(&url, &response).at(told(&url))? else {
                return Ok((url, response));
            };
            // As browsers do, and RFC 9110, section 15.4, allows.
            let status = response.status();
            let again = [StatusCode::TEMPORARY_REDIRECT, StatusCode::PERMANENT_REDIRECT];
            if !again.contains(&status) && method != Method::HEAD {
                method = Method::GET;
            }
            url = self.with_user(next);
        }
        Err(self.at(format_args!(
            "more than {} redirects (`max_redirects`), the last to {}",
            self.max_redirects,
            told(&url)
        )))
    }

    /// With the user name and password of the configured URL, if it is of the same origin.
    fn with_user(&self, mut url: Url) -> Url {
        if url.origin() == self.url.origin() {
            // These fail for URLs without a host, which HTTP does not have.
            let _ = url.set_username(self.url.username());
            let _ = url.set_password(self.url.password());
        }
        url
    }

    async fn send(&mut self, url: &Url, method: &Method) -> Result<Response> {
        let mut request = self.client(url)?.request(method.clone(), url.clone());
        if url.origin() == self.url.origin() {
            request = self.with_secrets(request);
            if *method == self.method && !self.body.is_empty() {
                request = request.body(self.body.clone());
            }
        } else if *method == self.method && !self.body.is_empty() {
            return Err(self.at(format_args!(
                "redirected to {}, another origin, to which the body of the request is not sent",
                told(url)
            )));
        }
        let response = request.send().await;
        // Its own message has the whole URL, which may hold a secret.
        let place = match &self.way.proxy {
            Some((proxy, _)) => format!("{}: through the proxy {}", told(url), told(proxy)),
            None => told(url),
        };
        response.map_err(reqwest::Error::without_url).at(place)
    }

    fn client(&mut self, url: &Url) -> Result<Client> {
        let encrypted = url.scheme() == "https";
        let made = &mut self.clients[usize::from(encrypted)];
        if let Some(client) = made {
            return Ok(client.clone());
        }
        Ok(made.insert(self.way.client(encrypted)?).clone())
    }

    /// With what only the origin of the configured URL may see.
    fn with_secrets(&self, request: RequestBuilder) -> RequestBuilder {
        let mut request = request.headers(self.headers.clone());
        if let Some(BasicAuth { username, password }) = &self.basic_auth {
            request = request.basic_auth(username, Some(password.expose()));
        }
        if let Some(token) = &self.bearer_token {
            request = request.bearer_auth(token.expose());
        }
        request
    }

    /// Reads the answer, as far as it may be large.
    async fn read(&self, mut response: Response) -> Result<Vec<u8>> {
        let status = response.status();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(reqwest::Error::without_url)? {
            if body.len() as u64 + chunk.len() as u64 > self.max_body.0 {
                return Err(
                    format!("the document is larger than {} (`max_body`)", self.max_body).into()
                );
            }
            body.extend_from_slice(&chunk);
        }
        let valid = match &self.valid_status[..] {
            [] => status.is_success(),
            valid => valid.contains(&status.as_u16()),
        };
        if !valid {
            return Err(format!("status {status}: {}", beginning(&body)).into());
        }
        Ok(body)
    }
}

impl Way {
    fn client(&self, encrypted: bool) -> Result<Client> {
        // A proxy may show a certificate as well.
        let encrypted = encrypted || self.proxy.is_some() || self.proxy_from_environment;
        let mut client = Client::builder()
            .user_agent(concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            .tls_backend_preconfigured(self.identity.client_config(encrypted).at("tls")?);
        if !self.proxy_from_environment {
            client = client.no_proxy();
        }
        if let Some((_, proxy)) = &self.proxy {
            client = client.proxy(proxy.clone());
        }
        Ok(client.build()?)
    }
}

/// Where a response sends us.
fn redirect(from: &Url, response: &Response) -> Result<Option<Url>> {
    // 304 and its like are no redirects.
    if ![301, 302, 303, 307, 308].contains(&response.status().as_u16()) {
        return Ok(None);
    }
    let Some(location) = response.headers().get(LOCATION) else {
        return Err(format!("status {} without a Location", response.status()).into());
    };
    let location = String::from_utf8_lossy(location.as_bytes());
    let next = from.join(&location).at(format_args!("redirected to {}", shown(&location)))?;
    if !["http", "https"].contains(&next.scheme()) {
        return Err(format!("redirected to {}, which is not HTTP", told(&next)).into());
    }
    Ok(Some(next))
}

fn url(text: &str) -> Result<Url> {
    if text.is_empty() {
        return Err("it is missing; say where the document is".into());
    }
    if !text.contains(':') {
        return Err("expected `http://` or `https://`, and then a host".into());
    }
    let url = Url::parse(text)?;
    if !["http", "https"].contains(&url.scheme()) {
        return Err(format!("expected `http://` or `https://`, found `{}:`", url.scheme()).into());
    }
    Ok(url)
}

fn proxy(text: &str) -> Result<(Url, Proxy)> {
    Ok((url(text)?, Proxy::all(text).map_err(reqwest::Error::without_url)?))
}

/// A URL as messages have it: without user name, password, query and fragment, any of which may be secret.
fn told(url: &Url) -> String {
    let query = if url.query().is_some() { "?..." } else { "" };
    format!("{}{}{query}", url.origin().ascii_serialization(), url.path())
}

/// The headers of the request, but for the credentials.
fn headers(config: &JsonConfig) -> Result<HeaderMap> {
    let mut headers = HeaderMap::new();
    let accept =
        if config.lines { "application/x-ndjson, application/json" } else { "application/json" };
    headers.insert(ACCEPT, HeaderValue::from_static(accept));
    for (name, value) in &config.headers {
        let key = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| format!("headers: {name:?} is no name of a header"))?;
        headers.insert(key, secret(value).at(format_args!("headers.{name}"))?);
    }
    Ok(headers)
}

/// The value of a header that no log may show.
fn secret(value: &Secret) -> Result<HeaderValue> {
    let mut value = HeaderValue::from_str(value.expose())
        .map_err(|_| "it has characters that a header cannot have, such as a line break")?;
    value.set_sensitive(true);
    Ok(value)
}

/// The credentials are given in one way, and can be sent.
fn check_credentials(config: &JsonConfig, url: &Url) -> Result {
    let in_url = !url.username().is_empty() || url.password().is_some();
    let in_headers = config.headers.keys().any(|name| name.eq_ignore_ascii_case("authorization"));
    let ways = [
        (in_headers, "headers.Authorization"),
        (in_url, "the user name in `url`"),
        (config.basic_auth.is_some(), "basic_auth"),
        (config.bearer_token.is_some(), "bearer_token"),
    ];
    let used: Vec<&str> = ways.into_iter().filter(|(used, _)| *used).map(|(_, way)| way).collect();
    if used.len() > 1 {
        return Err(format!("{}: one of them, not several", used.join(" and ")).into());
    }
    config.bearer_token.as_ref().map(secret).transpose().at("bearer_token").map(drop)
}
