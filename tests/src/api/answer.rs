//! A request as a test writes it, and what came back.

use actix_web::http::{Method, StatusCode};
use actix_web::test::TestRequest;
use api::service::Service;
use serde_json::Value;

/// A request.
#[derive(Clone, Debug)]
pub struct Ask {
    /// How.
    pub method: Method,
    /// Path and query, as on the wire.
    pub target: String,
    /// Sent in this order; values need not be text.
    pub headers: Vec<(String, Vec<u8>)>,
    /// What is sent after them.
    pub body: Option<Vec<u8>>,
}

impl Ask {
    /// Without headers and body.
    pub fn new(method: Method, target: impl Into<String>) -> Ask {
        Ask {
            method,
            target: target.into(),
            headers: Vec::new(),
            body: None,
        }
    }

    /// `GET`.
    pub fn get(target: impl Into<String>) -> Ask {
        Ask::new(Method::GET, target)
    }

    /// Sends a header too.
    pub fn header(mut self, name: &str, value: impl Into<Vec<u8>>) -> Ask {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// In place of any other header of that name.
    pub fn set(mut self, name: &str, value: impl Into<Vec<u8>>) -> Ask {
        self.headers
            .retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self.header(name, value)
    }

    /// Sends bytes.
    pub fn bytes(mut self, kind: &str, body: impl Into<Vec<u8>>) -> Ask {
        self.body = Some(body.into());
        self.set("content-type", kind)
    }

    /// Sends JSON.
    pub fn json(self, body: &Value) -> Ask {
        self.bytes("application/json", body.to_string())
    }

    /// As actix's test service takes it; `None` when no HTTP client could send it.
    pub(crate) fn request(&self) -> Option<TestRequest> {
        use actix_web::http::Uri;
        use actix_web::http::header::{HeaderName, HeaderValue};
        self.target.parse::<Uri>().ok()?;
        let mut request = TestRequest::with_uri(&self.target).method(self.method.clone());
        for (name, value) in &self.headers {
            let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
            request = request.append_header((name, HeaderValue::from_bytes(value).ok()?));
        }
        if let Some(body) = &self.body {
            let told = self
                .headers
                .iter()
                .any(|(name, _)| name == "content-length");
            if !told {
                request = request.append_header(("content-length", body.len().to_string()));
            }
            request = request.set_payload(body.clone());
        }
        Some(request)
    }
}

/// An answer, read whole.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Code.
    pub status: StatusCode,
    /// Headers that are text.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as JSON; `Null` when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The sentence in an error's body, where clients of this service look for it.
    pub fn reason(&self, service: Service) -> Option<String> {
        let body = self.json();
        let told = if self.status == StatusCode::UNAUTHORIZED {
            body.pointer("/error/message")
        } else {
            match service {
                Service::Identity | Service::Platform => body.pointer("/error/message"),
                Service::Compute => {
                    let faults = body.as_object().filter(|faults| faults.len() == 1);
                    let fault = faults.and_then(|faults| faults.values().next());
                    fault
                        .filter(|fault| fault["code"] == self.status.as_u16())
                        .and_then(|fault| fault.get("message"))
                }
                Service::Image => body.get("message"),
                Service::Network => body.pointer("/NeutronError/message"),
                Service::Orchestration => body.pointer("/error/message"),
                Service::ContainerInfra | Service::Container => body
                    .pointer("/errors/0/detail")
                    .or(body.pointer("/errors/0/description")),
            }
        };
        let told = told.and_then(Value::as_str).map(str::trim);
        told.filter(|told| !told.is_empty()).map(str::to_owned)
    }
}
