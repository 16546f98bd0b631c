//! A fresh cloud in a temporary directory, and short words for talking to it.

use actix_web::App;
use actix_web::http::Method;
use actix_web::http::header::HeaderMap;
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use api::identity::bootstrap::Bootstrap;
use api::{AppState, Settings, State};
use bus::{Bus, MemoryBroker};
use process::{Clock, Faults};
use schemas::Secret;
use serde_json::{Value, json};
use store::{Options, Store};

pub const ADMIN_PASSWORD: &str = "a \"very\" secret % # & word";

/// The cloud.
pub struct Cloud {
    pub state: State,
    _dir: tempfile::TempDir,
}

fn bus() -> Bus {
    Bus::memory(&MemoryBroker::new(), Faults::none())
}

/// What makes the first administrator.
pub fn bootstrap(password: &str) -> Bootstrap {
    Bootstrap {
        password: Secret::new(password),
        agent_password: None,
        region: "RegionOne".into(),
        url: None,
    }
}

/// What came back.
pub struct Answer {
    pub code: u16,
    pub headers: HeaderMap,
    pub body: Value,
    pub text: String,
}

impl Cloud {
    pub async fn new() -> Cloud {
        Cloud::with(Settings::default()).await
    }

    pub async fn with(settings: Settings) -> Cloud {
        let dir = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/cloud.db", dir.path().display());
        let options = Options {
            durable: false,
            ..Options::default()
        };
        let store = Store::open(&url, options, Clock::virtual_now())
            .await
            .unwrap();
        store.migrate().await.unwrap();
        bootstrap(ADMIN_PASSWORD).write(&store).await.unwrap();
        let settings = Settings {
            key_dir: dir.path().join("keys"),
            image: api::image::Settings {
                dir: dir.path().join("images"),
                ..Default::default()
            },
            ..settings
        };
        Cloud {
            state: AppState::new(store, bus(), settings).unwrap(),
            _dir: dir,
        }
    }

    /// Another process on the same database and keys.
    pub fn twin(&self) -> State {
        AppState::new(self.state.store.clone(), bus(), self.state.settings.clone()).unwrap()
    }

    pub async fn ask(&self, request: TestRequest) -> Answer {
        ask(&self.state, request).await
    }

    pub async fn call(&self, token: &str, method: Method, path: &str, body: Value) -> Answer {
        let mut request = TestRequest::default()
            .method(method)
            .uri(&format!("/identity/v3{path}"))
            .insert_header(("host", "cloud:8080"));
        if !token.is_empty() {
            request = request.insert_header(("x-auth-token", token));
        }
        if !body.is_null() {
            request = request.set_json(body);
        }
        self.ask(request).await
    }

    pub async fn get(&self, token: &str, path: &str) -> Answer {
        self.call(token, Method::GET, path, Value::Null).await
    }

    pub async fn post(&self, token: &str, path: &str, body: Value) -> Answer {
        self.call(token, Method::POST, path, body).await
    }

    pub async fn patch(&self, token: &str, path: &str, body: Value) -> Answer {
        self.call(token, Method::PATCH, path, body).await
    }

    pub async fn put(&self, token: &str, path: &str) -> Answer {
        self.call(token, Method::PUT, path, Value::Null).await
    }

    pub async fn head(&self, token: &str, path: &str) -> Answer {
        self.call(token, Method::HEAD, path, Value::Null).await
    }

    pub async fn delete(&self, token: &str, path: &str) -> Answer {
        self.call(token, Method::DELETE, path, Value::Null).await
    }

    /// Makes a thing and gives its id.
    pub async fn make(&self, token: &str, path: &str, body: Value) -> String {
        let key = body.as_object().unwrap().keys().next().unwrap().clone();
        let made = self.post(token, path, body).await.expect(201);
        made.body[&key]["id"].as_str().unwrap().to_owned()
    }

    pub async fn log_in(&self, user: &str, password: &str, scope: Value) -> Answer {
        self.post("", "/auth/tokens", by_password(user, password, scope))
            .await
    }

    /// A token of the administrator for his project.
    pub async fn admin(&self) -> String {
        let scope = json!({ "project": { "name": "admin", "domain": { "name": "Default" } } });
        self.log_in("admin", ADMIN_PASSWORD, scope)
            .await
            .expect(201)
            .token()
    }

    /// The id of a role of the cloud.
    pub async fn role(&self, name: &str) -> String {
        let admin = self.admin().await;
        let roles = self
            .get(&admin, &format!("/roles?name={name}"))
            .await
            .expect(200);
        roles.body["roles"][0]["id"].as_str().unwrap().to_owned()
    }

    /// A user of the default domain with a role on a project; gives his id.
    pub async fn user_on(&self, name: &str, project: &str, role: &str) -> String {
        let admin = self.admin().await;
        let user = json!({ "user": { "name": name, "password": name, "domain_id": "default" } });
        let user = self.make(&admin, "/users", user).await;
        let role = self.role(role).await;
        let path = format!("/projects/{project}/users/{user}/roles/{role}");
        self.put(&admin, &path).await.expect(204);
        user
    }

    pub async fn project(&self, name: &str) -> String {
        let admin = self.admin().await;
        let project = json!({ "project": { "name": name, "domain_id": "default" } });
        self.make(&admin, "/projects", project).await
    }

    /// A token of a user whose password is his name.
    pub async fn token_of(&self, user: &str, project: &str) -> String {
        let scope = json!({ "project": { "id": project } });
        self.log_in(user, user, scope).await.expect(201).token()
    }
}

pub fn by_password(user: &str, password: &str, scope: Value) -> Value {
    let user = json!({ "name": user, "domain": { "name": "Default" }, "password": password });
    let mut body = json!({ "auth": {
        "identity": { "methods": ["password"], "password": { "user": user } },
    }});
    if !scope.is_null() {
        body["auth"]["scope"] = scope;
    }
    body
}

pub fn by_token(token: &str, scope: Value) -> Value {
    json!({ "auth": {
        "identity": { "methods": ["token"], "token": { "id": token } },
        "scope": scope,
    }})
}

pub async fn ask(state: &State, request: TestRequest) -> Answer {
    let app = init_service(App::new().configure(api::app(state.clone()))).await;
    let answer = call_service(&app, request.to_request()).await;
    let (code, headers) = (answer.status().as_u16(), answer.headers().clone());
    let bytes = read_body(answer).await;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    assert!(headers.contains_key("x-openstack-request-id"));
    assert!(code < 500 || code == 501, "{code} {text}");
    Answer {
        code,
        headers,
        body: serde_json::from_str(&text).unwrap_or_default(),
        text,
    }
}

impl Answer {
    #[track_caller]
    pub fn expect(self, code: u16) -> Answer {
        assert_eq!(self.code, code, "{}", self.text);
        self
    }

    pub fn token(&self) -> String {
        self.headers
            .get("x-subject-token")
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned()
    }

    /// The names in a list.
    pub fn names(&self, key: &str) -> Vec<String> {
        let list = self.body[key].as_array().unwrap();
        list.iter()
            .map(|item| item["name"].as_str().unwrap().to_owned())
            .collect()
    }
}
