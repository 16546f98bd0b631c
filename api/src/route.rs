//! Routes as values: method, path, rule, microversions, body limit and handler in one list that the
//! server dispatches from and that tests, the policy sample and OpenAPI enumerate.

mod handler;
mod table;

pub use handler::{Access, Extract, Guard, Handler};
pub use table::{Found, Table};

use crate::call::Call;
use crate::microversion::Microversion;
use crate::reply::Reply;
use crate::service::Service;
use actix_web::http::Method;
use futures::future::LocalBoxFuture;

type Erased = Box<dyn Fn(Call) -> LocalBoxFuture<'static, Reply> + Send + Sync>;

/// JSON bodies above this are refused unless the route says otherwise.
pub const BODY_LIMIT: usize = 512 * 1024;

/// One operation of the API.
pub struct Route {
    /// Whose.
    pub service: Service,
    /// How.
    pub method: Method,
    /// Below the service's version (`/servers/{id}`); `{*rest}` takes all that remains.
    pub path: &'static str,
    /// Mounted at the listener's root instead of below the service's prefix and version.
    pub at_root: bool,
    /// What stands before the handler; from its signature.
    pub access: Access,
    /// First microversion that has it.
    pub since: Option<Microversion>,
    /// Last microversion that has it.
    pub until: Option<Microversion>,
    /// Longest JSON body.
    pub body_limit: usize,
    handler: Erased,
}

impl Route {
    fn new<Args>(method: Method, path: &'static str, handler: impl Handler<Args>) -> Route {
        Route {
            service: Service::Platform,
            method,
            path,
            at_root: false,
            access: handler.access(),
            since: None,
            until: None,
            body_limit: BODY_LIMIT,
            handler: Box::new(move |call| handler.run(call)),
        }
    }

    /// Only from this microversion on.
    pub fn since(mut self, major: u16, minor: u16) -> Route {
        self.since = Some(Microversion::new(major, minor));
        self
    }

    /// Only up to this microversion.
    pub fn until(mut self, major: u16, minor: u16) -> Route {
        self.until = Some(Microversion::new(major, minor));
        self
    }

    /// Takes JSON bodies up to this many bytes. Streams (`Body`) are bounded by their handler.
    pub fn body_limit(mut self, bytes: usize) -> Route {
        self.body_limit = bytes;
        self
    }

    /// Mounts the route at the listener's root: version documents, health, the dashboard.
    pub fn at_root(mut self) -> Route {
        self.at_root = true;
        self
    }

    /// The path from the listener's root, with parameters as `{name}`.
    pub fn pattern(&self) -> String {
        if self.at_root {
            return self.path.to_owned();
        }
        format!(
            "{}{}{}",
            self.service.prefix(),
            self.service.version_path(),
            self.path
        )
    }

    /// The path with every parameter replaced by what `value` says for its name: for tests that
    /// walk through the table.
    pub fn sample(&self, value: impl Fn(&str) -> String) -> String {
        let pattern = self.pattern();
        let mut path = String::new();
        let mut rest = pattern.as_str();
        while let Some((before, after)) = rest.split_once('{') {
            let (name, after) = after.split_once('}').unwrap_or((after, ""));
            path.push_str(before);
            path.push_str(&value(name.trim_start_matches('*')));
            rest = after;
        }
        path + rest
    }

    /// Is the route offered in this microversion?
    pub fn offered_in(&self, version: Microversion) -> bool {
        self.since.is_none_or(|since| version >= since)
            && self.until.is_none_or(|until| version <= until)
    }

    pub(crate) fn handle(&self, call: Call) -> LocalBoxFuture<'static, Reply> {
        (self.handler)(call)
    }
}

/// The routes of one service.
pub fn group(service: Service, routes: impl IntoIterator<Item = Route>) -> Vec<Route> {
    routes
        .into_iter()
        .map(|route| Route { service, ..route })
        .collect()
}

macro_rules! methods {
    ($($(#[doc = $about:literal])+ $name:ident = $method:ident;)+) => {$(
        $(#[doc = $about])+
        pub fn $name<Args>(path: &'static str, handler: impl Handler<Args>) -> Route {
            Route::new(Method::$method, path, handler)
        }
    )+};
}

methods! {
    /// `GET`, and `HEAD` where no route of its own answers it.
    get = GET;
    /// `HEAD` with a meaning of its own.
    head = HEAD;
    /// `POST`.
    post = POST;
    /// `PUT`.
    put = PUT;
    /// `PATCH`.
    patch = PATCH;
    /// `DELETE`.
    delete = DELETE;
}
