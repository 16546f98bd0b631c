//! The way of every request: id and span, microversion, route, guard, handler, and one place where
//! the answer gets its headers, its log line and its count.
//!
//! Promises: every answer has a request id and, when it is an error, the envelope of the service
//! the path belongs to; a panic in a handler is an answer 500 and a log line, never a broken
//! connection.

use crate::call::{Call, Parts};
use crate::container_infra::address;
use crate::error::{self, Asked};
use crate::microversion::{self, Microversion};
use crate::request_id::RequestId;
use crate::route::Route;
use crate::service::Service;
use crate::state::State;
use actix_web::http::Method;
use actix_web::http::header::{ALLOW, HeaderName, HeaderValue};
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use futures::FutureExt;
use schemas::{Error, Result};
use std::cell::{OnceCell, RefCell};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use tokio::time::Instant;
use tracing::Instrument;

/// Answers a request.
pub async fn dispatch(state: State, http: HttpRequest, payload: Payload) -> HttpResponse {
    let started = Instant::now();
    let service = Service::of_path(http.path());
    let path = address::canonical(&state, &http, service);
    let request_id = RequestId::generate();
    let global = RequestId::global(http.headers());
    let span = tracing::info_span!(
        "request",
        id = %request_id,
        global = global.as_ref().map(RequestId::as_str),
    );
    let version = microversion::requested(service, http.headers());
    let spoken = version.as_ref().ok().copied();
    let mut route = None;
    let outcome = match find(&state, http.method(), &path, version) {
        Err(error) => Err(error),
        Ok((found, params, version)) => {
            route = Some(Arc::clone(&found));
            let call = Call::new(Parts {
                http: http.clone(),
                payload: RefCell::new(Some(payload)),
                state: Arc::clone(&state),
                service,
                path: path.clone().into_owned(),
                route: Arc::clone(&found),
                params,
                request_id: request_id.clone(),
                global_request_id: global,
                version,
                base: OnceCell::new(),
            });
            let handled = AssertUnwindSafe(found.handle(call)).catch_unwind();
            match handled.instrument(span.clone()).await {
                Ok(reply) => reply,
                Err(panic) => Err(Error::internal(format_args!(
                    "handler of {} {} panicked: {}",
                    found.method,
                    found.path,
                    message(&*panic)
                ))),
            }
        }
    };
    let _entered = span.enter();
    let mut answer = outcome.unwrap_or_else(|error| {
        let base = state.base(&http);
        let mut answer = error::answer(
            &error,
            &Asked {
                service,
                request_id: &request_id,
                base: &base,
            },
        );
        if let (Error::MethodNotAllowed(_), Ok(allowed)) =
            (&error, HeaderValue::from_str(&state.table.allowed(&path)))
        {
            answer.headers_mut().insert(ALLOW, allowed);
        }
        answer
    });
    sign(&mut answer, &http, service, spoken, &request_id);
    record(&state, &http, service, route.as_deref(), &answer, started);
    answer
}

fn find(
    state: &State,
    method: &Method,
    path: &str,
    version: Result<Microversion>,
) -> Result<(Arc<Route>, Vec<String>, Microversion)> {
    let version = version.or_else(|error| {
        // A version document answers whatever version is asked: it is where clients learn better.
        match state.table.find(method, path, Microversion::NONE) {
            Ok(found) if found.route.at_root => Ok(Microversion::NONE),
            _ => Err(error),
        }
    })?;
    let found = state.table.find(method, path, version)?;
    Ok((found.route, found.params, version))
}

fn sign(
    answer: &mut HttpResponse,
    http: &HttpRequest,
    service: Service,
    version: Option<Microversion>,
    request_id: &RequestId,
) {
    let headers = answer.headers_mut();
    if let Ok(id) = HeaderValue::from_str(request_id.as_str()) {
        if service == Service::Compute {
            headers.insert(HeaderName::from_static("x-compute-request-id"), id.clone());
        }
        headers.insert(HeaderName::from_static("x-openstack-request-id"), id);
    }
    microversion::announce(service, version, http.headers(), headers);
}

fn record(
    state: &State,
    http: &HttpRequest,
    service: Service,
    route: Option<&Route>,
    answer: &HttpResponse,
    started: Instant,
) {
    let took = started.elapsed();
    let (code, method) = (answer.status(), http.method().as_str());
    let method = if method.len() > 7 { "OTHER" } else { method };
    let path = route.map_or("unknown", |route| route.path);
    state
        .metrics
        .count(service.kind(), method, path, code.as_str(), took);
    let (micros, code) = (took.as_micros() as u64, code.as_u16());
    if http.method().is_safe() && code < 500 {
        tracing::debug!(method, path = http.path(), code, micros, "answered");
    } else {
        tracing::info!(method, path = http.path(), code, micros, "answered");
    }
}

fn message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_default()
}
