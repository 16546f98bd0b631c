//! A cloud of rows: two projects with users of each role, images, a flavor, a cluster.

use super::sown;
use actix_web::App;
use actix_web::http::Method;
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use api::identity::token::{Claims, ScopeClaim};
use api::{AppState, Settings, State};
use bus::{Bus, MemoryBroker};
use process::{Clock, Faults};
use serde_json::{Value, json};
use store::{Options, Store};

pub use super::sown::{CLUSTER, DISTROLESS, ELSEWHERE, IMAGE, OTHER, PROJECT, user_id};

/// Where the service is.
pub const BASE: &str = "http://cloud:9511/container-infra";

pub struct Cloud {
    pub state: State,
    pub store: Store,
    directory: tempfile::TempDir,
    settings: Settings,
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub code: u16,
    pub body: Value,
    pub text: String,
    headers: Vec<(String, String)>,
}

/// Somebody with a token.
#[derive(Clone)]
pub struct Caller<'a> {
    cloud: &'a Cloud,
    headers: Vec<(&'static str, String)>,
}

impl Cloud {
    pub async fn new() -> Cloud {
        Cloud::with(|_| {}).await
    }

    /// Where an operator has set something.
    pub async fn with(change: impl FnOnce(&mut api::container_infra::Settings)) -> Cloud {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/cloud.db", directory.path().display());
        let options = Options {
            durable: false,
            ..Options::default()
        };
        let store = Store::open(&url, options, Clock::System).await.unwrap();
        store.migrate().await.unwrap();
        store.write(sown::seed).await.unwrap();
        let mut settings = Settings {
            key_dir: directory.path().join("keys"),
            image: api::image::Settings {
                dir: directory.path().join("images"),
                ..Default::default()
            },
            ..Settings::default()
        };
        change(&mut settings.container_infra);
        let bus = Bus::memory(&MemoryBroker::new(), Faults::none());
        Cloud {
            state: AppState::new(store.clone(), bus, settings.clone()).unwrap(),
            store,
            directory,
            settings,
        }
    }

    /// Its operator sets something else, and starts it again.
    pub fn change(&mut self, change: impl FnOnce(&mut api::container_infra::Settings)) {
        change(&mut self.settings.container_infra);
        let bus = Bus::memory(&MemoryBroker::new(), Faults::none());
        let settings = self.settings.clone();
        self.state = AppState::new(self.store.clone(), bus, settings).unwrap();
    }

    /// Whatever is in the files of the database.
    pub async fn files(&self) -> Vec<u8> {
        let mut all = Vec::new();
        for name in ["cloud.db", "cloud.db-wal"] {
            let path = self.directory.path().join(name);
            all.extend(tokio::fs::read(path).await.unwrap_or_default());
        }
        all
    }

    /// A caller with this role in this project, who speaks the latest version.
    pub fn caller(&self, role: &str, project: &str) -> Caller<'_> {
        let now = self.state.clock.now().0;
        let claims = Claims {
            user_id: user_id(role, project),
            issued: now,
            ends: now + 3_600_000_000,
            audit_ids: vec!["a".into()],
            methods: vec!["password".into()],
            scope: ScopeClaim::Project(project.into()),
            application_credential: None,
        };
        let token = self.state.keys.sign(&claims).unwrap();
        let caller = Caller {
            cloud: self,
            headers: vec![("x-auth-token", token)],
        };
        caller.at("latest")
    }

    /// Nobody.
    pub fn nobody(&self) -> Caller<'_> {
        Caller {
            cloud: self,
            headers: Vec::new(),
        }
    }

    pub fn member(&self) -> Caller<'_> {
        self.caller("member", PROJECT)
    }

    pub fn reader(&self) -> Caller<'_> {
        self.caller("reader", PROJECT)
    }

    pub fn admin(&self) -> Caller<'_> {
        self.caller("admin", PROJECT)
    }

    pub fn stranger(&self) -> Caller<'_> {
        self.caller("member", OTHER)
    }
}

impl Caller<'_> {
    /// With this header in place of the one there was.
    pub fn with(&self, name: &'static str, value: &str) -> Self {
        let mut caller = self.without(name);
        caller.headers.push((name, value.to_owned()));
        caller
    }

    pub fn without(&self, name: &str) -> Self {
        let mut caller = self.clone();
        caller.headers.retain(|(known, _)| *known != name);
        caller
    }

    /// Speaks another version.
    pub fn at(&self, version: &str) -> Self {
        self.with(
            "openstack-api-version",
            &format!("container-infra {version}"),
        )
    }

    /// As the clients of 2015: without a version.
    pub fn old(&self) -> Self {
        self.without("openstack-api-version")
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, Some(body.to_string())).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.send(Method::PATCH, path, Some(body.to_string())).await
    }

    /// Without a body, as the clients send actions.
    pub async fn put(&self, path: &str) -> Answer {
        let caller = self.with("content-type", "application/json");
        caller.send(Method::PUT, path, None).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        // As the clients do it.
        let caller = self.with("content-type", "application/octet-stream");
        caller.send(Method::DELETE, path, None).await
    }

    /// `path` is below the service's prefix, or a whole address that an answer gave, or of the image
    /// service.
    pub async fn send(&self, method: Method, path: &str, body: Option<String>) -> Answer {
        let app = init_service(App::new().configure(api::app(self.cloud.state.clone()))).await;
        let path = path.trim_start_matches(BASE);
        let mut request = TestRequest::default()
            .method(method)
            .uri(&match path.starts_with("/image/") {
                true => path.to_owned(),
                false => format!("/container-infra{path}"),
            })
            .insert_header(("host", "cloud:9511"));
        if body.is_some() {
            request = request.insert_header(("content-type", "application/json"));
        }
        for (name, value) in &self.headers {
            request = request.insert_header((*name, value.as_str()));
        }
        if let Some(body) = body {
            request = request.set_payload(body);
        }
        let answer = call_service(&app, request.to_request()).await;
        let code = answer.status().as_u16();
        let headers = answer
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect();
        let bytes = read_body(answer).await;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        // What an engine could not do is a 500 in words; the cloud's own faults are told without any.
        let own = code == 500 && text.contains("An unexpected error");
        assert!(!own, "{path}: {text}");
        Answer {
            code,
            body: serde_json::from_slice(&bytes).unwrap_or(Value::Null),
            text,
            headers,
        }
    }

    /// A template of these fields beside those it must have; its UUID.
    pub async fn template(&self, fields: Value) -> String {
        let mut body = json!({ "coe": "docker", "image_id": "jeroboam-node" });
        let all = body.as_object_mut().unwrap();
        all.extend(fields.as_object().unwrap().clone());
        let made = self.post("/v1/clustertemplates", body).await.is(201);
        made["uuid"].as_str().unwrap().to_owned()
    }
}

impl Answer {
    /// The body, if the code is this.
    #[track_caller]
    pub fn is(self, code: u16) -> Value {
        assert_eq!(self.code, code, "{}", self.text);
        self.body
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The reason of an error, the same in both envelopes.
    #[track_caller]
    pub fn refused(self, code: u16) -> String {
        assert_eq!(self.code, code, "{}", self.text);
        let inner = self.body["error_message"].as_str().unwrap();
        let inner: Value = serde_json::from_str(inner).unwrap();
        let error = &self.body["errors"][0];
        let told = error.get("detail").or(error.get("description")).unwrap();
        assert_eq!(inner["faultstring"], *told);
        assert_eq!(inner["debuginfo"], Value::Null);
        told.as_str().unwrap().to_owned()
    }
}
