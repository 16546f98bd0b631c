//! The body of an error, as each service's clients expect it.

use crate::service::Service;
use actix_web::http::StatusCode;
use serde_json::{Value, json};

pub(super) fn body(service: Service, status: StatusCode, message: &str, request_id: &str) -> Value {
    let code = status.as_u16();
    let title = title(status);
    if status == StatusCode::UNAUTHORIZED {
        return keystone(code, title, message);
    }
    match service {
        Service::Identity | Service::Platform => keystone(code, title, message),
        Service::Compute => json!({ compute_fault(code): { "code": code, "message": message } }),
        Service::Image => {
            json!({ "message": message, "code": format!("{code} {title}"), "title": title })
        }
        Service::Network => {
            json!({ "NeutronError": { "type": neutron_type(code), "message": message, "detail": "" } })
        }
        Service::Orchestration => json!({
            "code": code,
            "title": title,
            "explanation": message,
            "error": { "type": heat_type(code), "message": message, "traceback": null },
        }),
        Service::ContainerInfra | Service::Container => magnum(service, code, message, request_id),
    }
}

fn keystone(code: u16, title: &str, message: &str) -> Value {
    json!({ "error": { "code": code, "title": title, "message": message } })
}

/// Old magnum clients read `error_message`, whose value is a JSON text; new ones read `errors`.
fn magnum(service: Service, code: u16, message: &str, request_id: &str) -> Value {
    let side = if code < 500 { "client" } else { "server" };
    let mut body = json!({ "errors": [{
        "request_id": request_id,
        "code": side,
        "status": code,
        "title": message.split('.').next().unwrap_or(message),
        "detail": message,
        "links": [],
    }]});
    if service == Service::ContainerInfra {
        let fault = if code < 500 { "Client" } else { "Server" };
        let inner = json!({ "faultcode": fault, "faultstring": message, "debuginfo": null });
        body["error_message"] = inner.to_string().into();
    }
    body
}

fn title(status: StatusCode) -> &'static str {
    status.canonical_reason().unwrap_or("Error")
}

/// Nova's names.
fn compute_fault(code: u16) -> &'static str {
    match code {
        400 => "badRequest",
        401 => "unauthorized",
        403 => "forbidden",
        404 => "itemNotFound",
        405 => "badMethod",
        409 => "conflictingRequest",
        413 | 429 => "overLimit",
        415 => "badMediaType",
        501 => "notImplemented",
        503 => "serviceUnavailable",
        _ => "computeFault",
    }
}

fn neutron_type(code: u16) -> &'static str {
    match code {
        400 => "BadRequest",
        403 => "PolicyNotAuthorized",
        404 => "NotFound",
        409 => "Conflict",
        501 => "HTTPNotImplemented",
        503 => "ServiceUnavailable",
        _ => "NeutronException",
    }
}

fn heat_type(code: u16) -> &'static str {
    match code {
        400 => "HTTPBadRequest",
        403 => "Forbidden",
        404 => "EntityNotFound",
        405 => "HTTPMethodNotAllowed",
        409 => "HTTPConflict",
        501 => "HTTPNotImplemented",
        503 => "HTTPServiceUnavailable",
        _ => "HTTPInternalServerError",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_service_tells_a_404_in_its_own_words() {
        let body = |service| {
            body(
                service,
                StatusCode::NOT_FOUND,
                "No such thing. Sorry.",
                "req-1",
            )
        };
        assert_eq!(body(Service::Identity)["error"]["title"], "Not Found");
        assert_eq!(body(Service::Compute)["itemNotFound"]["code"], 404);
        assert_eq!(body(Service::Image)["code"], "404 Not Found");
        assert_eq!(
            body(Service::Network)["NeutronError"]["message"],
            "No such thing. Sorry."
        );
        assert_eq!(
            body(Service::Orchestration)["error"]["message"],
            "No such thing. Sorry."
        );
        assert_eq!(
            body(Service::Container)["errors"][0]["title"],
            "No such thing"
        );
        let magnum = body(Service::ContainerInfra);
        let inner: Value = serde_json::from_str(magnum["error_message"].as_str().unwrap()).unwrap();
        assert_eq!(inner["faultstring"], "No such thing. Sorry.");
    }

    #[test]
    fn a_401_looks_the_same_everywhere() {
        for service in Service::ALL {
            let body = body(service, StatusCode::UNAUTHORIZED, "Log in.", "req-1");
            assert_eq!(body["error"]["code"], 401);
        }
    }
}
