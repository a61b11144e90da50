//! What every request passes before its page: limits, and who is asking.

use std::sync::Arc;

use actix_http::ConnectionType;
use actix_web::Error;
use actix_web::body::BoxBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::middleware::Next;
use actix_web::web::Data;
use exporter_runtime::Refusal;

use crate::connection::Connection;
use crate::logins::Login;
use crate::site::{LONGEST_READ, Site};
use crate::web_config::WebConfig;

/// Answers with a refusal, or passes the request on.
pub(crate) async fn pass(
    site: Data<Site>,
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let config = site.web_config();
    let connection = request.request().conn_data::<Arc<Connection>>().cloned();
    let mut response = match refusal(&site, &config, &request).await {
        Some(refusal) => refuse(&site, &config, request, refusal),
        None => next.call(request).await?,
    };
    if let Some(connection) = connection {
        connection.expect_any_reader(LONGEST_READ);
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
    if !is_health && config.rate_limit.as_ref().is_some_and(|limit| !limit.admits()) {
        return Some(Refusal::RateLimit);
    }
    let settings = site.settings();
    let tokens = &settings.bearer_tokens;
    if config.users.is_empty() && tokens.is_empty()
        || site.is_for_everyone(request.path(), &settings)
    {
        return None;
    }
    let authorization = request.headers().get(header::AUTHORIZATION);
    let peer = connection.and_then(|connection| connection.peer());
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
        Refusal::RateLimit => (
            StatusCode::TOO_MANY_REQUESTS,
            "429: more requests than rate_limit in the web configuration allows\n",
        ),
        Refusal::Logins => (
            StatusCode::TOO_MANY_REQUESTS,
            "429: too many passwords of this address are being checked\n",
        ),
        _ => (StatusCode::UNAUTHORIZED, "401: Unauthorized\n"),
    };
    site.refused(refusal);
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
