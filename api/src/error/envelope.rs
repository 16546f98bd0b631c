//! The body of an error, as each service's clients expect it.

use super::Asked;
use crate::service::Service;
use actix_web::http::StatusCode;
use serde_json::{Value, json};

pub(super) fn body(asked: &Asked<'_>, status: StatusCode, message: &str) -> Value {
    let service = asked.service;
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
        Service::ContainerInfra | Service::Container => magnum(asked, code, message),
    }
}

fn keystone(code: u16, title: &str, message: &str) -> Value {
    json!({ "error": { "code": code, "title": title, "message": message } })
}

/// Old magnum clients read `error_message`, whose value is a JSON text; new ones read `errors`
/// (contract `magnum-v1.md` §4.5).
fn magnum(asked: &Asked<'_>, code: u16, message: &str) -> Value {
    let side = if code < 500 { "client" } else { "server" };
    let infra = asked.service == Service::ContainerInfra;
    let error = match (code, asked.service.microversions()) {
        (406, Some(range)) if infra => json!({
            "code": "container-infra.microversion-unsupported",
            "title": "Requested microversion is unsupported",
            "description": message,
            "min_version": range.min.to_string(),
            "max_version": range.max.to_string(),
            "links": [{ "rel": "help", "href": asked.base.join("/container-infra/") }],
        }),
        _ => json!({
            "request_id": asked.request_id.as_str(),
            "code": side,
            "status": code,
            "title": message.split('.').next().unwrap_or(message),
            "detail": message,
            "links": [],
        }),
    };
    let mut body = json!({ "errors": [error] });
    if infra {
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
    use crate::links::Base;
    use crate::request_id::RequestId;
    use actix_web::test::TestRequest;

    fn told(service: Service, status: StatusCode, message: &str) -> Value {
        let request = TestRequest::get().insert_header(("host", "cloud"));
        let base = Base::of(&request.to_http_request(), None, false);
        let request_id = &RequestId::generate();
        let asked = Asked {
            service,
            request_id,
            base: &base,
        };
        body(&asked, status, message)
    }

    #[test]
    fn every_service_tells_a_404_in_its_own_words() {
        let body = |service| told(service, StatusCode::NOT_FOUND, "No such thing. Sorry.");
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
            let body = told(service, StatusCode::UNAUTHORIZED, "Log in.");
            assert_eq!(body["error"]["code"], 401);
        }
    }

    #[test]
    fn a_version_that_container_infra_lacks_is_told_with_those_it_has() {
        let body = told(
            Service::ContainerInfra,
            StatusCode::NOT_ACCEPTABLE,
            "No 1.99.",
        );
        let error = &body["errors"][0];
        assert_eq!(error["min_version"], "1.1");
        assert_eq!(error["description"], "No 1.99.");
        assert_eq!(error["links"][0]["rel"], "help");
        assert!(error.get("detail").is_none());
        assert!(body["error_message"].as_str().unwrap().contains("No 1.99."));
    }
}
