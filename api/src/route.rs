//! Routes as values: method, path, rule, microversions, body limit and handler in one list that the
//! server dispatches from and that tests, the policy sample and OpenAPI enumerate.

mod handler;
mod table;

pub use handler::{Access, Extract, Guard, Handler};
pub use table::{Found, Table};

use crate::call::Call;
use crate::extract::Query;
use crate::microversion::Microversion;
use crate::reply::Reply;
use crate::service::Service;
use actix_web::http::Method;
use futures::future::LocalBoxFuture;
use schemas::{Error, Result};

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
    /// Query parameters it understands, when others are refused.
    pub parameters: Option<&'static [&'static str]>,
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
            parameters: None,
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

    /// Understands these query parameters, and refuses others.
    pub fn takes(mut self, parameters: &'static [&'static str]) -> Route {
        self.parameters = Some(parameters);
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

    /// Refuses query parameters that the route does not understand, where it refuses any.
    ///
    /// # Errors
    /// `BadRequest` that names one of them.
    pub(crate) fn refuse_unknown(&self, query: &str) -> Result<()> {
        let Some(known) = self.parameters else {
            return Ok(());
        };
        let query = Query::parse(query)?;
        match query.pairs().find(|(name, _)| !known.contains(name)) {
            None => Ok(()),
            Some((name, _)) => Err(Error::BadRequest(format!(
                "Unknown argument: {name:?}. {}",
                match known {
                    [] => "None is possible here.".to_owned(),
                    known => format!("Possible are: {}.", known.join(", ")),
                }
            ))),
        }
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
