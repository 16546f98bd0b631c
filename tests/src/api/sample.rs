//! A well-formed request for every route, addressing the seeded things.

mod compute;
mod container_infra;
mod identity;
mod image;
mod platform;

use super::answer::Ask;
use super::things::Things;
use actix_web::http::Method;
use api::route::Route;
use api::service::Service;
use serde_json::Value;

/// What a request carries.
#[derive(Clone, Debug)]
pub enum Body {
    /// Nothing.
    None,
    /// A document.
    Json(Value),
    /// Bytes of a kind.
    Bytes(&'static str, Vec<u8>),
}

/// One way to ask a route.
#[derive(Clone, Debug)]
pub struct Sample {
    /// What sets it apart from the other samples of its route; empty for the only one.
    pub label: &'static str,
    /// After `?`.
    pub query: String,
    /// Besides token and content type.
    pub headers: Vec<(&'static str, String)>,
    /// What it carries.
    pub body: Body,
    places: Vec<(&'static str, &'static str)>,
}

impl Sample {
    fn plain() -> Sample {
        Sample {
            label: "",
            query: String::new(),
            headers: Vec::new(),
            body: Body::None,
            places: Vec::new(),
        }
    }

    fn json(body: Value) -> Sample {
        Sample {
            body: Body::Json(body),
            ..Sample::plain()
        }
    }

    fn body(mut self, body: Body) -> Sample {
        self.body = body;
        self
    }

    fn label(mut self, label: &'static str) -> Sample {
        self.label = label;
        self
    }

    fn header(mut self, name: &'static str, value: &str) -> Sample {
        self.headers.push((name, value.to_owned()));
        self
    }

    /// Takes this seeded thing for a parameter, in place of the one its path suggests.
    fn place(mut self, parameter: &'static str, place: &'static str) -> Sample {
        self.places.push((parameter, place));
        self
    }

    /// The path, with `value` for each of the route's parameters.
    pub fn path(&self, route: &Route, value: impl Fn(&str) -> String) -> String {
        let pattern = route.pattern();
        let mut path = String::new();
        let mut rest = pattern.as_str();
        while let Some((before, after)) = rest.split_once('{') {
            let (name, after) = after.split_once('}').unwrap_or((after, ""));
            path.push_str(before);
            let name = name.trim_start_matches('*');
            let special = self.places.iter().find(|(known, _)| *known == name);
            let place = match special {
                Some((_, place)) => (*place).to_owned(),
                None => {
                    let segment = path.trim_end_matches('/').rsplit('/').next();
                    format!("{}/{}", route.service, segment.unwrap_or_default())
                }
            };
            path.push_str(&value(&place));
            rest = after;
        }
        path + rest
    }

    /// The request.
    pub fn ask(&self, route: &Route, things: &Things) -> Ask {
        let path = self.path(route, |place| things.get(place).to_owned());
        self.ask_at(route, &path)
    }

    /// The request at another path.
    pub fn ask_at(&self, route: &Route, path: &str) -> Ask {
        let target = match self.query.as_str() {
            "" => path.to_owned(),
            query => format!("{path}?{query}"),
        };
        let mut ask = Ask::new(route.method.clone(), target);
        if let Some(version) = version(route) {
            ask = ask.header("openstack-api-version", version);
        }
        ask = match &self.body {
            Body::None => ask,
            Body::Json(body) => ask.json(body),
            Body::Bytes(kind, bytes) => ask.bytes(kind, bytes.clone()),
        };
        for (name, value) in &self.headers {
            ask = ask.set(name, value.as_str());
        }
        ask
    }
}

/// The newest microversion the route is in, as a header's value.
pub fn version(route: &Route) -> Option<String> {
    let range = route.service.microversions()?;
    let name = route.service.microversion_names().first()?;
    let newest = route.until.unwrap_or(range.max);
    Some(format!("{name} {newest}"))
}

/// The samples of a route: what a test walks through.
pub fn samples(route: &Route, things: &Things) -> Vec<Sample> {
    // Two ways of asking at one path: the older one's key says so.
    let old = if route.until.is_some() { " (old)" } else { "" };
    let key = format!("{} {}{old}", route.method, route.path);
    let found = match route.service {
        Service::Platform => platform::of(&key, things),
        Service::Identity => identity::of(&key, things),
        Service::Compute => compute::of(&key, things),
        Service::Image => image::of(&key, things),
        Service::ContainerInfra => container_infra::of(&key, things),
        _ => None,
    };
    let writes = [Method::POST, Method::PUT, Method::PATCH].contains(&route.method);
    match found {
        Some(samples) => samples,
        None if !writes => vec![Sample::plain()],
        None => panic!(
            "add a sample for {} {} to tests/src/api/sample/{}.rs",
            route.method,
            route.pattern(),
            route.service.kind().replace('-', "_")
        ),
    }
}

/// `METHOD /path [label]`: what a line of a golden file begins with.
pub fn title(route: &Route, sample: &Sample) -> String {
    let mut title = format!("{:<6} {}", route.method.as_str(), route.pattern());
    if let Some(since) = route.since {
        title.push_str(&format!(" ≥{since}"));
    }
    if let Some(until) = route.until {
        title.push_str(&format!(" ≤{until}"));
    }
    if !sample.label.is_empty() {
        title.push_str(&format!(" [{}]", sample.label));
    }
    title
}
