//! One request on its way through the core: what the dispatcher found out before the handler runs.

use crate::links::Base;
use crate::microversion::Microversion;
use crate::request_id::RequestId;
use crate::route::Route;
use crate::service::Service;
use crate::state::State;
use actix_web::HttpRequest;
use actix_web::web::Payload;
use std::cell::{OnceCell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

/// A request whose route is known. Cheap to clone.
#[derive(Clone)]
pub struct Call(Rc<Parts>);

pub(crate) struct Parts {
    pub http: HttpRequest,
    pub payload: RefCell<Option<Payload>>,
    pub state: State,
    pub service: Service,
    pub path: String,
    pub route: Arc<Route>,
    pub params: Vec<String>,
    pub request_id: RequestId,
    pub global_request_id: Option<RequestId>,
    pub version: Microversion,
    pub base: OnceCell<Base>,
}

impl Call {
    pub(crate) fn new(parts: Parts) -> Call {
        Call(Rc::new(parts))
    }

    pub(crate) fn parts(&self) -> &Parts {
        &self.0
    }

    /// The request as actix has it.
    pub fn http(&self) -> &HttpRequest {
        &self.0.http
    }

    /// A header's text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.0.http.headers().get(name)?.to_str().ok()
    }

    /// What all requests share.
    pub fn state(&self) -> &State {
        &self.0.state
    }

    /// The service the path belongs to.
    pub fn service(&self) -> Service {
        self.0.service
    }

    /// The path as the route table knows it: where several lead to one thing, they are the same here.
    pub fn path(&self) -> &str {
        &self.0.path
    }

    /// The route that matched.
    pub fn route(&self) -> &Route {
        &self.0.route
    }

    /// This request's id.
    pub fn request_id(&self) -> &RequestId {
        &self.0.request_id
    }

    /// The id the client gave the whole of its doings.
    pub fn global_request_id(&self) -> Option<&RequestId> {
        self.0.global_request_id.as_ref()
    }

    /// The microversion spoken; `Microversion::NONE` where the service has none.
    pub fn microversion(&self) -> Microversion {
        self.0.version
    }

    /// Scheme, host, port and prefix the client used.
    pub fn base(&self) -> &Base {
        self.0.base.get_or_init(|| self.0.state.base(&self.0.http))
    }

    /// The address of a resource of the called service: `url("/servers/42")` is
    /// `http://host/compute/v2.1/servers/42`.
    pub fn url(&self, path: &str) -> String {
        let service = self.0.service;
        format!(
            "{}{}{}{path}",
            self.base(),
            service.prefix(),
            service.version_path()
        )
    }

    /// The raw query text.
    pub fn query_string(&self) -> &str {
        self.0.http.query_string()
    }

    pub(crate) fn take_payload(&self) -> Option<Payload> {
        self.0.payload.borrow_mut().take()
    }
}
