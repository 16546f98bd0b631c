//! Requests no good client sends, made from those that good clients do, and what every answer to
//! them must be: below 500 (or 501, which says what is not built), with a sentence where the
//! service's clients look for it, and nothing of the inside in it.

pub mod archives;
pub mod bodies;
pub mod heads;
pub mod targets;

use super::answer::{Answer, Ask};
use super::cloud::Cloud;
use super::database::Engine;
use super::persona::Persona;
use super::sample::{Body, Sample, samples, title};
use super::seed::Seed;
use actix_web::http::StatusCode;
use api::route::Route;
use api::service::Service;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::{Arc, Mutex, Once, PoisonError};

/// Words of the database, the language and the machine.
const INSIDE: &[&str] = &[
    "panicked",
    "diesel",
    "SELECT ",
    "UNIQUE constraint",
    "FOREIGN KEY",
    "sqlite",
    "postgres",
    "serde_json",
    "src/",
    ".rs:",
    "RUST_",
];

static PANICS: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Writes down every panic from now on.
pub fn watch_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            // A test that fails says so itself, and is not the fault of the one beside it.
            let of_a_test = |at: &std::panic::Location| at.file().starts_with("tests/");
            if !panic.location().is_some_and(of_a_test) {
                let mut panics = PANICS.lock().unwrap_or_else(PoisonError::into_inner);
                panics.push(panic.to_string());
            }
            before(panic);
        }));
    });
}

/// The panics written down so far.
pub fn panics() -> Vec<String> {
    let panics = PANICS.lock().unwrap_or_else(PoisonError::into_inner);
    panics.clone()
}

/// Answers that must not be, each kind once, with how to get it.
#[derive(Default)]
pub struct Findings {
    asked: usize,
    found: BTreeMap<String, (usize, String)>,
}

impl Findings {
    /// Looks at an answer.
    pub fn look(&mut self, what: &str, ask: &Ask, answer: &Answer) {
        self.asked += 1;
        if let Some(wrong) = wrong(ask, answer) {
            let kind = format!("{what}: {} {wrong}", answer.status.as_u16());
            let entry = self.found.entry(kind);
            entry.or_insert_with(|| (0, told(ask, answer))).0 += 1;
        }
    }

    /// Fails with what was found; or when nothing was asked.
    ///
    /// # Panics
    /// That is how it fails.
    pub fn conclude(&self) {
        let found: Vec<String> = self
            .found
            .iter()
            .map(|(kind, (times, told))| format!("{kind} ({times} times)\n{told}"))
            .collect();
        assert!(
            found.is_empty(),
            "of {} answers:\n{}",
            self.asked,
            found.join("\n")
        );
        assert!(panics().is_empty(), "{:#?}", panics());
        assert!(self.asked > 0, "nothing was asked");
    }
}

fn wrong(ask: &Ask, answer: &Answer) -> Option<String> {
    let status = answer.status;
    if status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED {
        return Some("is a fault of the server".into());
    }
    if !(status.is_client_error() || status.is_server_error()) || ask.method == "HEAD" {
        return None;
    }
    let path = ask.target.split('?').next().unwrap_or_default();
    let Some(reason) = answer.reason(Service::of_path(path)) else {
        return Some("without a reason in the envelope of its service".into());
    };
    // What the caller sent may be repeated to him, but not at any length.
    if reason.len() > 16 * 1024 {
        return Some("with a reason of more than 16 KiB".into());
    }
    let sent = format!("{} {}", ask.target, shown(ask.body.as_deref()));
    let inside = INSIDE
        .iter()
        .find(|word| reason.contains(**word) && !sent.contains(**word));
    inside.map(|word| format!("tells of the inside ({word})"))
}

fn shown(bytes: Option<&[u8]>) -> String {
    let bytes = bytes.unwrap_or_default();
    String::from_utf8_lossy(&bytes[..bytes.len().min(4096)]).into_owned()
}

fn told(ask: &Ask, answer: &Answer) -> String {
    let short = |text: &str| -> String { text.chars().take(600).collect() };
    let headers: Vec<String> = ask
        .headers
        .iter()
        .filter(|(name, _)| name != "x-auth-token")
        .map(|(name, value)| format!("{name}: {}", short(&shown(Some(value)))))
        .collect();
    format!(
        "    {} {}\n    {}\n    {}\n    -> {} {}\n",
        ask.method,
        short(&ask.target),
        headers.join("; "),
        short(&shown(ask.body.as_deref())),
        answer.status,
        short(&answer.text())
    )
}

/// A route, a good request to it, and the caller who gets furthest with it.
pub struct Way {
    /// The route.
    pub route: Arc<Route>,
    /// The good request.
    pub sample: Sample,
    /// Who may.
    pub who: Persona,
}

impl Way {
    /// What findings call it.
    pub fn title(&self) -> String {
        title(&self.route, &self.sample)
    }

    /// The document of the good request.
    pub fn document(&self) -> Option<&serde_json::Value> {
        match &self.sample.body {
            Body::Json(document) => Some(document),
            _ => None,
        }
    }
}

/// All ways into the API. Who gets furthest is tried out on SQLite: it is the same everywhere, and
/// copies are quick there.
pub async fn ways(seed: &Seed) -> Vec<Way> {
    let trial = match seed.engine() {
        Engine::Sqlite => seed.clone(),
        Engine::Postgres => Seed::new(Engine::Sqlite).await,
    };
    let cloud = trial.cloud().await;
    let mut ways = Vec::new();
    let routes: Vec<Arc<Route>> = cloud.state.table.routes().cloned().collect();
    for route in routes {
        let tried = samples(&route, &trial.things);
        for (tried, sample) in tried.iter().zip(samples(&route, &seed.things)) {
            let who = furthest(&trial, &route, tried).await;
            ways.push(Way {
                route: route.clone(),
                sample,
                who,
            });
        }
    }
    ways
}

async fn furthest(seed: &Seed, route: &Route, sample: &Sample) -> Persona {
    for who in [Persona::Admin, Persona::Member, Persona::Service] {
        let cloud = seed.cloud().await;
        let ask = sample.ask(route, &cloud.things);
        if cloud.ask_as(who, ask).await.status.as_u16() < 400 {
            return who;
        }
    }
    Persona::Admin
}

/// Clouds for one way after another: a new one after each that may have changed something.
pub struct Clouds {
    seed: Seed,
    shared: Option<Rc<Cloud>>,
}

impl Clouds {
    /// Copies of this seed.
    pub fn of(seed: &Seed) -> Clouds {
        Clouds {
            seed: seed.clone(),
            shared: None,
        }
    }

    /// One in which all seeded things are there.
    pub async fn next(&mut self, way: &Way) -> Rc<Cloud> {
        if !way.route.method.is_safe() {
            return Rc::new(self.seed.cloud().await);
        }
        if self.shared.is_none() {
            self.shared = Some(Rc::new(self.seed.cloud().await));
        }
        self.shared.clone().unwrap()
    }
}

/// After all that: does the process still do what it should?
pub async fn still_works(cloud: &Cloud, way: &Way) {
    let ready = cloud.ask(Ask::get("/readyz")).await;
    assert_eq!(ready.status, StatusCode::OK, "after {}", way.title());
    let good = way.sample.ask(&way.route, &cloud.things);
    let again = cloud.ask_as(way.who, good).await;
    let fine = !again.status.is_server_error() || again.status == StatusCode::NOT_IMPLEMENTED;
    assert!(
        fine,
        "after {}: {} {}",
        way.title(),
        again.status,
        again.text()
    );
}
