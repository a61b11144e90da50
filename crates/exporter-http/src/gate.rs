//! What every request passes before its page: limits, and who is asking.

use std::sync::Arc;

use actix_http::ConnectionType;
use actix_web::body::{BodySize, BoxBody, MessageBody as _};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderValue};
use actix_web::http::{StatusCode, Version};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpMessage as _, error};
use exporter_runtime::Refusal;

use crate::connection::{Connection, REQUESTS_AT_ONCE};
use crate::logins::Login;
use crate::peer::Peer;
use crate::site::{LONGEST_READ, Site};
use crate::socket::SHORT_READ;
use crate::web_config::WebConfig;

/// Answers that are larger can take their readers long.
const SHORT: u64 = 64 * 1024;

/// Answers with a refusal, or passes the request on.
pub(crate) async fn pass(
    site: Data<Site>,
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let connection = request.request().conn_data::<Arc<Connection>>().cloned();
    let Some(connection) = connection else { return answer(&site, request, next).await };
    request.extensions_mut().insert(connection.request());
    // In HTTP/1, who waits for an answer goes with the connection. In HTTP/2, each request is on its own.
    let response = if request.version() == Version::HTTP_2 {
        tokio::select! {
            biased;
            response = answer(&site, request, next) => response?,
            () = connection.gone() => return Err(error::ErrorGone("the client is gone")),
        }
    } else {
        answer(&site, request, next).await?
    };
    connection.end_if_only_refused();
    let is_short = matches!(response.response().body().size(), BodySize::Sized(..SHORT));
    connection.expect_any_reader(if is_short { SHORT_READ } else { LONGEST_READ });
    Ok(response)
}

async fn answer(
    site: &Site,
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let config = site.web_config();
    let connection = request.request().conn_data::<Arc<Connection>>().cloned();
    let refusal = refusal(site, &config, &request).await;
    let mut response = match refusal {
        Some(refusal) => refuse(site, &config, request, refusal),
        None => next.call(request).await?,
    };
    if connection.is_some_and(|connection| connection.answered(refusal.is_some())) {
        response.response_mut().head_mut().set_connection_type(ConnectionType::Close);
    }
    for (name, value) in &config.headers {
        response.headers_mut().insert(name.clone(), value.clone());
    }
    Ok(response)
}

async fn refusal(site: &Site, config: &WebConfig, request: &ServiceRequest) -> Option<Refusal> {
    let connection = request.request().conn_data::<Arc<Connection>>();
    let is_health = site.is_health(request.path());
    if connection.is_some_and(|connection| connection.is_surplus()) && !is_health {
        return Some(Refusal::Connections);
    }
    if connection.is_some_and(|connection| connection.in_flight() > REQUESTS_AT_ONCE) {
        return Some(Refusal::Requests);
    }
    if let Some(refusal) = stranger(site, config, request).await {
        return Some(refusal);
    }
    // Behind the passwords: who has none takes nothing from who has.
    let limited = !is_health && config.rate_limit.as_ref().is_some_and(|limit| !limit.admits());
    limited.then_some(Refusal::RateLimit)
}

/// Why the client may not see the page, if so.
async fn stranger(site: &Site, config: &WebConfig, request: &ServiceRequest) -> Option<Refusal> {
    let settings = site.settings();
    let tokens = &settings.bearer_tokens;
    if config.users.is_empty() && tokens.is_empty()
        || site.is_for_everyone(request.path(), &settings)
    {
        return None;
    }
    let authorization = request.headers().get(header::AUTHORIZATION);
    let connection = request.request().conn_data::<Arc<Connection>>();
    let peer = connection.map_or(Peer::Unknown, |connection| connection.peer());
    let Some(logins) = site.logins() else { return Some(Refusal::Logins) };
    match logins.check(authorization, config, tokens, peer).await {
        Login::Right => None,
        Login::Wrong => Some(Refusal::Unauthenticated),
        Login::Busy => Some(Refusal::Logins),
    }
}

fn refuse(
    site: &Site,
    config: &WebConfig,
    request: ServiceRequest,
    refusal: Refusal,
) -> ServiceResponse<BoxBody> {
    let (status, text) = match refusal {
        Refusal::Connections => (
            StatusCode::SERVICE_UNAVAILABLE,
            "503: there are as many connections as --web.max-connections allows\n",
        ),
        Refusal::Requests => {
            (StatusCode::SERVICE_UNAVAILABLE, "503: too many requests at once on one connection\n")
        }
        Refusal::RateLimit => (
            StatusCode::TOO_MANY_REQUESTS,
            "429: more requests than rate_limit in the web configuration allows\n",
        ),
        Refusal::Logins => (
            StatusCode::TOO_MANY_REQUESTS,
            "429: too many passwords are being checked, of this address or in all\n",
        ),
        _ => (StatusCode::UNAUTHORIZED, "401: Unauthorized\n"),
    };
    site.refused(refusal, request.request());
    let mut response = site.text(status, text, site.begin(request.request()));
    let headers = response.headers_mut();
    match refusal {
        Refusal::Unauthenticated => {
            if !config.users.is_empty() {
                headers.append(header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic"));
            }
            if !site.settings().bearer_tokens.is_empty() {
                headers.append(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
        }
        Refusal::Connections => response.head_mut().set_connection_type(ConnectionType::Close),
        _ => drop(headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"))),
    }
    request.into_response(response).map_into_boxed_body()
}
