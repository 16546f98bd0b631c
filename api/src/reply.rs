//! The answers handlers give.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_TYPE;
use schemas::{Error, Result};
use serde::Serialize;

/// What every handler returns.
pub type Reply = Result<HttpResponse>;

/// 200 with a body.
pub fn ok(body: &impl Serialize) -> Reply {
    json(StatusCode::OK, body)
}

/// 201 with the new object.
pub fn created(body: &impl Serialize) -> Reply {
    json(StatusCode::CREATED, body)
}

/// 202 with a body: begun, not done.
pub fn accepted(body: &impl Serialize) -> Reply {
    json(StatusCode::ACCEPTED, body)
}

/// 202 without a body.
pub fn accepted_empty() -> Reply {
    Ok(HttpResponse::Accepted().finish())
}

/// 204.
pub fn no_content() -> Reply {
    Ok(HttpResponse::NoContent().finish())
}

/// Any code with a JSON body.
pub fn json(status: StatusCode, body: &impl Serialize) -> Reply {
    let body = serde_json::to_vec(body).map_err(Error::internal)?;
    Ok(HttpResponse::build(status)
        .insert_header((CONTENT_TYPE, "application/json"))
        .body(body))
}
