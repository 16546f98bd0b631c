//! Finds the route of a request: by path in a radix tree, then by method, then by microversion.

use super::Route;
use crate::microversion::Microversion;
use crate::service::Service;
use actix_web::http::Method;
use percent_encoding::percent_decode_str;
use schemas::{Error, Result};
use std::collections::HashMap;
use std::sync::Arc;

/// All routes, ready for look-up.
pub struct Table {
    tree: matchit::Router<usize>,
    places: Vec<Vec<Arc<Route>>>,
}

/// A route and the values of its path's parameters, decoded, in order.
pub struct Found {
    /// The route.
    pub route: Arc<Route>,
    /// `{a}/{b}` as written in the request.
    pub params: Vec<String>,
}

impl Table {
    /// Builds the tree; two routes that can never be told apart are an error.
    pub fn new(routes: Vec<Route>) -> Result<Table> {
        let mut tree = matchit::Router::new();
        let mut places: Vec<Vec<Arc<Route>>> = Vec::new();
        let mut known: HashMap<String, usize> = HashMap::new();
        for route in routes {
            let pattern = route.pattern();
            let place = match known.get(&pattern) {
                Some(place) => *place,
                None => {
                    let place = places.len();
                    tree.insert(pattern.clone(), place)
                        .map_err(|error| Error::internal(format_args!("{pattern}: {error}")))?;
                    places.push(Vec::new());
                    known.insert(pattern.clone(), place);
                    place
                }
            };
            let rivals = &mut places[place];
            if rivals
                .iter()
                .any(|rival| rival.method == route.method && overlap(rival, &route))
            {
                return Err(Error::internal(format_args!(
                    "{} {pattern} twice",
                    route.method
                )));
            }
            rivals.push(Arc::new(route));
        }
        Ok(Table { tree, places })
    }

    /// Every route.
    pub fn routes(&self) -> impl Iterator<Item = &Arc<Route>> {
        self.places.iter().flatten()
    }

    /// The route for this request. A slash at the end makes no difference.
    ///
    /// # Errors
    /// `NotFound` for an unknown path or a microversion that lacks it; `MethodNotAllowed`, whose
    /// allowed methods [`Table::allowed`] tells.
    pub fn find(&self, method: &Method, path: &str, version: Microversion) -> Result<Found> {
        let (place, params) = self.place(path)?;
        let wanted = if place.iter().any(|route| route.method == *method) {
            method
        } else if *method == Method::HEAD {
            &Method::GET
        } else {
            method
        };
        let mut candidates = place
            .iter()
            .filter(|route| route.method == *wanted)
            .peekable();
        if candidates.peek().is_some() {
            return pick(candidates, version, params, path);
        }
        Err(Error::MethodNotAllowed(format!(
            "{method} is not possible here; {} is.",
            self.allowed(path)
        )))
    }

    /// The methods a path understands, as the `Allow` header wants them.
    pub fn allowed(&self, path: &str) -> String {
        let Ok((place, _)) = self.place(path) else {
            return String::new();
        };
        let mut methods: Vec<&str> = place.iter().map(|route| route.method.as_str()).collect();
        if methods.contains(&"GET") {
            methods.push("HEAD");
        }
        methods.sort_unstable();
        methods.dedup();
        methods.join(", ")
    }

    fn place(&self, path: &str) -> Result<(&[Arc<Route>], Vec<String>)> {
        let trimmed = path.trim_end_matches('/');
        let trimmed = if trimmed.is_empty() { "/" } else { trimmed };
        let found = self
            .tree
            .at(trimmed)
            .or_else(|_| self.tree.at(path))
            .map_err(|_| {
                Error::NotFound("The resource could not be found: no such path.".into())
            })?;
        let params = found
            .params
            .iter()
            .map(|(_, raw)| decode(raw))
            .collect::<Result<_>>()?;
        Ok((&self.places[*found.value], params))
    }
}

fn pick<'a>(
    candidates: impl Iterator<Item = &'a Arc<Route>>,
    version: Microversion,
    params: Vec<String>,
    path: &str,
) -> Result<Found> {
    let mut candidates = candidates;
    match candidates.find(|route| route.offered_in(version)) {
        Some(route) => Ok(Found {
            route: Arc::clone(route),
            params,
        }),
        None => {
            let told = format!(
                "{path} is not part of API version {version}; ask for another microversion."
            );
            // Container-infra's clients know a missing microversion by its own code.
            Err(match Service::of_path(path) {
                Service::ContainerInfra => Error::NotAcceptable(told),
                _ => Error::NotFound(told),
            })
        }
    }
}

fn decode(raw: &str) -> Result<String> {
    let text = percent_decode_str(raw)
        .decode_utf8()
        .map_err(|_| Error::BadRequest("The path is not UTF-8 after percent-decoding.".into()))?;
    if text.contains('\0') {
        return Err(Error::BadRequest("The path holds a NUL character.".into()));
    }
    Ok(text.into_owned())
}

fn overlap(a: &Route, b: &Route) -> bool {
    let low = |route: &Route| route.since.unwrap_or(Microversion::NONE);
    let high = |route: &Route| route.until.unwrap_or(Microversion::new(u16::MAX, u16::MAX));
    low(a) <= high(b) && low(b) <= high(a)
}
