//! The one place where errors become HTTP: code, envelope, log (contract
//! `client-requirements.md` §5, "Errors").
//!
//! An internal fault is logged once, here, with its text; the caller reads a sentence and the
//! request id to tell the operator.

mod envelope;

use crate::links::Base;
use crate::request_id::RequestId;
use crate::service::Service;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, HeaderName, WWW_AUTHENTICATE};
use schemas::Error;

/// What an error's answer must know about the request.
pub struct Asked<'a> {
    /// Decides the envelope.
    pub service: Service,
    /// Told to the caller.
    pub request_id: &'a RequestId,
    /// For the `uri` of a 401.
    pub base: &'a Base,
}

/// The HTTP code of an error; quota errors differ by service.
pub fn status(service: Service, error: &Error) -> StatusCode {
    match error {
        Error::BadRequest(_) => StatusCode::BAD_REQUEST,
        Error::Unauthorized(_) => StatusCode::UNAUTHORIZED,
        Error::Forbidden(_) => StatusCode::FORBIDDEN,
        Error::OverQuota(_) => match service {
            Service::Image => StatusCode::PAYLOAD_TOO_LARGE,
            Service::Network => StatusCode::CONFLICT,
            _ => StatusCode::FORBIDDEN,
        },
        Error::NotFound(_) => StatusCode::NOT_FOUND,
        Error::MethodNotAllowed(_) => StatusCode::METHOD_NOT_ALLOWED,
        Error::NotAcceptable(_) => StatusCode::NOT_ACCEPTABLE,
        Error::Conflict(_) => StatusCode::CONFLICT,
        Error::Gone(_) => StatusCode::GONE,
        Error::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
        Error::UnsupportedMediaType(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Error::RangeNotSatisfiable(_) => StatusCode::RANGE_NOT_SATISFIABLE,
        Error::TooManyRequests(_) => StatusCode::TOO_MANY_REQUESTS,
        Error::NotImplemented(_) => StatusCode::NOT_IMPLEMENTED,
        Error::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
        Error::Theirs { status, .. } => {
            let status = StatusCode::from_u16(*status).ok();
            let refusal = status.filter(|it| it.is_client_error() || it.is_server_error());
            refusal.unwrap_or(StatusCode::BAD_GATEWAY)
        }
        Error::Failed(_) | Error::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// The answer that tells the error in the service's own envelope.
pub fn answer(error: &Error, asked: &Asked<'_>) -> HttpResponse {
    let status = status(asked.service, error);
    let message = match error {
        Error::Internal(cause) => {
            tracing::error!(request_id = %asked.request_id, cause, "request failed");
            format!(
                "An unexpected error prevented the server from fulfilling your request. Please \
                 tell the operator the request id {}.",
                asked.request_id
            )
        }
        error => bounded(error.to_string()),
    };
    let body = envelope::body(asked, status, &message);
    let mut answer = HttpResponse::build(status);
    answer.insert_header((CONTENT_TYPE, "application/json"));
    if status == StatusCode::UNAUTHORIZED {
        let uri = format!("Keystone uri=\"{}/identity\"", asked.base.as_str());
        answer.insert_header((WWW_AUTHENTICATE, uri));
    }
    if matches!(
        status,
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE
    ) {
        answer.insert_header((HeaderName::from_static("retry-after"), "2"));
    }
    answer.body(body.to_string())
}

/// Longest sentence told, in bytes: what the caller sent is repeated to him, but not at any length.
const MOST: usize = 2048;

fn bounded(mut message: String) -> String {
    if message.len() > MOST {
        let cut = (0..=MOST).rev().find(|at| message.is_char_boundary(*at));
        message.truncate(cut.unwrap_or(0));
        message.push('…');
    }
    message
}
