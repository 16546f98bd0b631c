//! A small cloud with people in it.

use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::header::HeaderMap;
use actix_web::http::{Method, StatusCode};
use actix_web::test::{TestRequest, init_service};
use actix_web::{App, body};
use api::identity::token::{Claims, ScopeClaim};
use api::{AppState, Settings};
use bus::{Bus, MemoryBroker};
use process::{Clock, Faults};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use store::identity::{assignments, domains, projects, roles, users};
use store::{Options, Store};

/// The people: user, project, role.
const PEOPLE: [(&str, &str, &str); 6] = [
    ("admin", "admins", "admin"),
    ("alice", "red", "member"),
    ("reader", "red", "reader"),
    ("bob", "blue", "member"),
    ("carol", "green", "member"),
    ("agent", "service", "service"),
];

pub struct Cloud {
    pub state: api::State,
    pub dir: tempfile::TempDir,
    tokens: BTreeMap<&'static str, String>,
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub bytes: Vec<u8>,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes)
            .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&self.bytes)))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// The words of a refusal.
    pub fn words(&self) -> String {
        self.json()["message"].as_str().unwrap().to_owned()
    }

    #[track_caller]
    pub fn is(self, status: u16) -> Answer {
        assert_eq!(
            self.status.as_u16(),
            status,
            "{}",
            String::from_utf8_lossy(&self.bytes)
        );
        self
    }
}

impl Cloud {
    pub async fn new() -> Cloud {
        Cloud::with(|_| {}).await
    }

    pub async fn with(change: impl FnOnce(&mut api::image::Settings)) -> Cloud {
        let dir = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/cloud.db", dir.path().display());
        let options = Options {
            durable: false,
            ..Options::default()
        };
        let store = Store::open(&url, options, Clock::System).await.unwrap();
        store.migrate().await.unwrap();
        store.write(people).await.unwrap();
        Cloud::on(store, dir, change)
    }

    fn on(
        store: Store,
        dir: tempfile::TempDir,
        change: impl FnOnce(&mut api::image::Settings),
    ) -> Cloud {
        let mut settings = Settings {
            key_dir: dir.path().join("keys"),
            ..Settings::default()
        };
        let bus = Bus::memory(&MemoryBroker::new(), Faults::none());
        settings.image.dir = dir.path().join("images");
        change(&mut settings.image);
        let state = AppState::new(store, bus, settings).unwrap();
        let now = state.clock.now();
        let token = |user: &str, project: &str| {
            let claims = Claims {
                user_id: user.into(),
                issued: now.0,
                ends: now.0 + 3_600_000_000,
                audit_ids: vec![user.into()],
                methods: vec!["password".into()],
                scope: ScopeClaim::Project(project.into()),
                application_credential: None,
            };
            state.keys.sign(&claims).unwrap()
        };
        let tokens = PEOPLE.map(|(user, project, _)| (user, token(user, project)));
        Cloud {
            tokens: tokens.into(),
            state,
            dir,
        }
    }

    /// The same cloud after its API process died and another began.
    pub fn again(self) -> Cloud {
        let Cloud { state, dir, .. } = self;
        let store = state.store.clone();
        drop(state);
        Cloud::on(store, dir, |_| {})
    }

    pub fn request(&self, user: &str, method: Method, path: &str) -> TestRequest {
        TestRequest::default()
            .method(method)
            .uri(&format!("/image{path}"))
            .insert_header(("x-auth-token", self.tokens[user].as_str()))
    }

    pub async fn send(&self, request: TestRequest) -> Answer {
        let app = init_service(App::new().configure(api::app(self.state.clone()))).await;
        let answer: ServiceResponse = app.call(request.to_request()).await.unwrap();
        let (status, headers) = (answer.status(), answer.headers().clone());
        let bytes = body::to_bytes(answer.into_body()).await;
        Answer {
            status,
            headers,
            bytes: bytes
                .unwrap_or_else(|_| panic!("the body broke off"))
                .to_vec(),
        }
    }

    pub async fn get(&self, user: &str, path: &str) -> Answer {
        self.send(self.request(user, Method::GET, path)).await
    }

    pub async fn delete(&self, user: &str, path: &str) -> Answer {
        self.send(self.request(user, Method::DELETE, path)).await
    }

    pub async fn post(&self, user: &str, path: &str, body: Value) -> Answer {
        self.send(self.request(user, Method::POST, path).set_json(body))
            .await
    }

    pub async fn put(&self, user: &str, path: &str, body: Value) -> Answer {
        self.send(self.request(user, Method::PUT, path).set_json(body))
            .await
    }

    pub async fn put_bytes(&self, user: &str, path: &str, bytes: &[u8]) -> Answer {
        let request = self.request(user, Method::PUT, path);
        let request = request.insert_header(("content-type", "application/octet-stream"));
        self.send(request.set_payload(bytes.to_vec())).await
    }

    pub async fn patch(&self, user: &str, id: &str, changes: Value) -> Answer {
        let kind = "application/openstack-images-v2.1-json-patch";
        let request = self.request(user, Method::PATCH, &format!("/v2/images/{id}"));
        let request = request.insert_header(("content-type", kind));
        self.send(request.set_payload(changes.to_string())).await
    }

    /// An image with the usual formats and these attributes.
    pub async fn create(&self, user: &str, more: Value) -> String {
        let mut body = json!({ "container_format": "bare", "disk_format": "raw" });
        for (key, value) in more.as_object().unwrap() {
            body[key] = value.clone();
        }
        let image = self.post(user, "/v2/images", body).await.is(201).json();
        image["id"].as_str().unwrap().to_owned()
    }

    /// An image with this data.
    pub async fn upload(&self, user: &str, more: Value, data: &[u8]) -> String {
        let id = self.create(user, more).await;
        self.put_bytes(user, &format!("/v2/images/{id}/file"), data)
            .await
            .is(204);
        id
    }

    pub async fn show(&self, user: &str, id: &str) -> Value {
        self.get(user, &format!("/v2/images/{id}"))
            .await
            .is(200)
            .json()
    }

    /// Names of the blobs in the directory, and of half-written files.
    pub fn files(&self) -> Vec<String> {
        let mut names = Vec::new();
        for part in ["blobs/sha256", "tmp"] {
            walk(&self.dir.path().join("images").join(part), &mut names);
        }
        names.sort();
        names
    }

    /// Does all background work that is due.
    pub async fn settle(&self) {
        api::image::upkeep::settle(&self.state).await.unwrap();
    }
}

fn walk(dir: &std::path::Path, names: &mut Vec<String>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        if entry.file_type().unwrap().is_dir() {
            walk(&entry.path(), names);
        } else if name != "lock" {
            names.push(name);
        }
    }
}

fn people(tx: &mut store::Tx<'_>) -> store::Result<()> {
    let nothing = || "{}".to_owned();
    domains::create(
        tx,
        &domains::Domain {
            id: "default".into(),
            name: "Default".into(),
            description: String::new(),
            enabled: 1,
            extra: nothing(),
            created_at: 0,
        },
    )?;
    for name in ["admin", "member", "reader", "service"] {
        roles::create(
            tx,
            &roles::Role {
                id: name.into(),
                domain_id: String::new(),
                name: name.into(),
                description: String::new(),
                extra: nothing(),
                created_at: 0,
            },
        )?;
    }
    roles::imply(tx, "admin", "member")?;
    roles::imply(tx, "member", "reader")?;
    for (user, project, role) in PEOPLE {
        if projects::find(tx, project)?.is_none() {
            projects::create(
                tx,
                &projects::Project {
                    id: project.into(),
                    domain_id: "default".into(),
                    parent_id: "default".into(),
                    name: project.into(),
                    description: String::new(),
                    enabled: 1,
                    tags: "[]".into(),
                    extra: nothing(),
                    created_at: 0,
                },
            )?;
        }
        users::create(
            tx,
            &users::User {
                id: user.into(),
                domain_id: "default".into(),
                name: user.into(),
                enabled: 1,
                default_project_id: None,
                description: String::new(),
                extra: nothing(),
                options: nothing(),
                password_hash: None,
                password_expires_at: None,
                failures: 0,
                failed_at: 0,
                tokens_after: 0,
                created_at: 0,
            },
        )?;
        assignments::grant(
            tx,
            &assignments::Assignment {
                actor: "user".into(),
                actor_id: user.into(),
                target: "project".into(),
                target_id: project.into(),
                role_id: role.into(),
                inherited: 0,
            },
        )?;
    }
    Ok(())
}
