//! A cloud of rows: two projects with users of each role, one image, the default flavors.

use actix_web::App;
use actix_web::http::Method;
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use api::identity::token::{Claims, ScopeClaim};
use api::{AppState, Settings, State};
use bus::{Bus, MemoryBroker};
use process::{Clock, Faults};
use schemas::host::{Inventory, Seen};
use schemas::ids::{EpochId, HostId, NetworkId, WorkloadId};
use schemas::workload::{Interface, Limits, Observation, RunState};
use serde_json::Value;
use store::compute::hosts;
use store::compute::servers::{self, Server, Sight};
use store::compute::spec::Spec;
use store::identity::{assignments, domains, projects, roles, users};
use store::image::images;
use store::{Options, Scope, Store, Tx};

/// Its one image.
pub const IMAGE: &str = "0199f5a1-0000-7000-8000-00000000000a";
/// The project of most stories.
pub const PROJECT: &str = "11111111111111111111111111111111";
/// Another one.
pub const OTHER: &str = "22222222222222222222222222222222";

const ROLES: [&str; 4] = ["admin", "manager", "member", "reader"];

pub struct Cloud {
    pub state: State,
    pub store: Store,
    _directory: tempfile::TempDir,
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub code: u16,
    pub body: Value,
    pub text: String,
    pub headers: Vec<(String, String)>,
}

/// Somebody with a token.
#[derive(Clone)]
pub struct Caller<'a> {
    cloud: &'a Cloud,
    token: String,
    version: &'static str,
}

impl Cloud {
    pub async fn new() -> Cloud {
        Cloud::with(|_| {}).await
    }

    /// Where an operator has set something.
    pub async fn with(change: impl FnOnce(&mut Settings)) -> Cloud {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/cloud.db", directory.path().display());
        let options = Options {
            durable: false,
            ..Options::default()
        };
        let store = Store::open(&url, options, Clock::System).await.unwrap();
        store.migrate().await.unwrap();
        store.write(seed).await.unwrap();
        let mut settings = Settings {
            key_dir: directory.path().join("keys"),
            image: api::image::Settings {
                dir: directory.path().join("images"),
                ..Default::default()
            },
            ..Settings::default()
        };
        change(&mut settings);
        let bus = Bus::memory(&MemoryBroker::new(), Faults::none());
        Cloud {
            state: AppState::new(store.clone(), bus, settings).unwrap(),
            store,
            _directory: directory,
        }
    }

    /// A caller with this role in this project.
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
        Caller {
            cloud: self,
            token: self.state.keys.sign(&claims).unwrap(),
            version: "2.96",
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

    /// A host that has just said hello.
    pub async fn host(&self, name: &'static str) -> String {
        let id = HostId::new();
        let inventory = Inventory {
            hostname: name.into(),
            address: "192.0.2.1".into(),
            driver: "sim".into(),
            engine: "sim 1.2.3".into(),
            architecture: "amd64".into(),
            cpus: 8,
            memory_bytes: 16 << 30,
            disk_bytes: 100 << 30,
            disk_free_bytes: 60 << 30,
            uptime_s: 90_061,
            zone: "nova".into(),
            ..Inventory::default()
        };
        let report = move |tx: &mut Tx<'_>| hosts::report(tx, id, EpochId::new(), &inventory);
        assert!(self.store.write(report).await.unwrap());
        id.to_string()
    }

    /// Writes what a conductor would have written by now: placed, seen so, settled.
    pub async fn settle(&self, id: &str, host: &str, vm_state: &'static str) {
        let state = match vm_state {
            "active" | "resized" => RunState::Running,
            "paused" => RunState::Paused,
            _ => RunState::Exited,
        };
        let host = host.to_owned();
        self.edit(id, move |server, spec| {
            server.vm_state = vm_state.into();
            server.task_state = None;
            server.host_id = Some(host.clone());
            server.zone = "nova".into();
            server.seen_generation = server.generation;
            server.launched_at = Some(server.created_at);
            spec.charged = spec.flavor.size();
            server.set_sight(&Sight {
                state: Some(Seen::Container(Observation {
                    id: WorkloadId::parse(&server.id).unwrap(),
                    incarnation: spec.incarnation,
                    state,
                    boot: "boot-1".into(),
                    exit_code: None,
                    oom_killed: false,
                    error: None,
                    interfaces: vec![Interface {
                        network_id: NetworkId::parse("0199f5a1-0000-7000-8000-0000000000ff")
                            .unwrap(),
                        network_name: "private".into(),
                        address: "10.128.0.2".into(),
                        prefix: 24,
                        mac: "02:42:0a:80:00:02".into(),
                    }],
                    limits: Limits::default(),
                    published: Default::default(),
                    node: None,
                })),
                ..Sight::default()
            })
        })
        .await;
    }

    /// Changes a row behind the API's back.
    pub async fn edit(
        &self,
        id: &str,
        how: impl Fn(&mut Server, &mut Spec) -> store::Result<()> + Send + Sync + 'static,
    ) {
        let id = id.to_owned();
        self.store
            .write(move |tx| {
                let mut server = servers::get(tx, &Scope::All, &id)?.unwrap();
                let mut spec = server.spec()?;
                how(&mut server, &mut spec)?;
                server.set_spec(&spec)?;
                servers::update(tx, &mut server)
            })
            .await
            .unwrap();
    }

    /// A row and what it should be.
    pub async fn row(&self, id: &str) -> (Server, Spec) {
        let id = id.to_owned();
        self.store
            .read(move |conn| {
                let server = servers::get(conn, &Scope::All, &id)?.unwrap();
                let spec = server.spec()?;
                Ok((server, spec))
            })
            .await
            .unwrap()
    }

    pub fn stranger(&self) -> Caller<'_> {
        self.caller("member", OTHER)
    }
}

impl Caller<'_> {
    /// Speaks another microversion.
    pub fn at(&self, version: &'static str) -> Self {
        Caller {
            version,
            ..self.clone()
        }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, Value::Null).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.ask(Method::POST, path, body).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.ask(Method::PUT, path, body).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.ask(Method::DELETE, path, Value::Null).await
    }

    pub async fn ask(&self, method: Method, path: &str, body: Value) -> Answer {
        let app = init_service(App::new().configure(api::app(self.cloud.state.clone()))).await;
        let path = path.trim_start_matches("http://localhost:8080/compute/v2.1");
        let mut request = TestRequest::default()
            .method(method)
            .uri(&format!("/compute/v2.1{path}"))
            .insert_header(("host", "cloud:8774"))
            .insert_header(("x-auth-token", self.token.as_str()))
            .insert_header(("openstack-api-version", format!("compute {}", self.version)));
        if !body.is_null() {
            request = request
                .insert_header(("content-type", "application/json"))
                .set_payload(body.to_string());
        }
        let answer = call_service(&app, request.to_request()).await;
        let code = answer.status().as_u16();
        assert!(code != 500, "{path}: {:?}", read_body(answer).await);
        let headers = answer
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect();
        let bytes = read_body(answer).await;
        Answer {
            code,
            body: serde_json::from_slice(&bytes).unwrap_or(Value::Null),
            text: String::from_utf8_lossy(&bytes).into_owned(),
            headers,
        }
    }
}

impl Answer {
    /// The body, if the code is this.
    #[track_caller]
    pub fn is(self, code: u16) -> Value {
        assert_eq!(self.code, code, "{}", self.text);
        self.body
    }

    /// The text of an error in compute's envelope.
    #[track_caller]
    pub fn refused(self, code: u16) -> String {
        assert_eq!(self.code, code, "{}", self.text);
        let fault = self.body.as_object().unwrap().values().next().unwrap();
        assert_eq!(fault["code"], code);
        fault["message"].as_str().unwrap().to_owned()
    }
}

/// The user with this role in this project.
pub fn user_id(role: &str, project: &str) -> String {
    let number = ROLES.iter().position(|known| *known == role).unwrap();
    format!("{}{number}", &project[1..])
}

fn seed(tx: &mut Tx<'_>) -> store::Result<()> {
    let now = tx.now().0;
    domains::create(
        tx,
        &domains::Domain {
            id: "default".into(),
            name: "Default".into(),
            description: String::new(),
            enabled: 1,
            extra: "{}".into(),
            created_at: now,
        },
    )?;
    for (number, role) in ROLES.iter().enumerate() {
        roles::create(
            tx,
            &roles::Role {
                id: format!("{number:032}"),
                domain_id: String::new(),
                name: (*role).into(),
                description: String::new(),
                extra: "{}".into(),
                created_at: now,
            },
        )?;
        if number > 0 {
            roles::imply(tx, &format!("{:032}", number - 1), &format!("{number:032}"))?;
        }
    }
    for project in [PROJECT, OTHER] {
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
                extra: "{}".into(),
                created_at: now,
            },
        )?;
        for (number, role) in ROLES.iter().enumerate() {
            let id = user_id(role, project);
            users::create(tx, &user(&id, now))?;
            assignments::grant(
                tx,
                &assignments::Assignment {
                    actor: "user".into(),
                    actor_id: id,
                    target: "project".into(),
                    target_id: project.into(),
                    role_id: format!("{number:032}"),
                    inherited: 0,
                },
            )?;
        }
    }
    super::sown::flavors(tx)?;
    images::insert(
        tx,
        &images::Image {
            id: IMAGE.into(),
            project_id: OTHER.into(),
            name: "cirros".into(),
            status: "active".into(),
            visibility: "public".into(),
            container_format: "docker".into(),
            disk_format: "raw".into(),
            properties: "{}".into(),
            tags: "[]".into(),
            manifest: "sha256:0".into(),
            created_at: now,
            updated_at: now,
            ..images::Image::default()
        },
        -1,
    )
}

fn user(id: &str, now: i64) -> users::User {
    users::User {
        id: id.into(),
        domain_id: "default".into(),
        name: id.into(),
        enabled: 1,
        default_project_id: None,
        description: String::new(),
        extra: "{}".into(),
        options: "{}".into(),
        password_hash: None,
        password_expires_at: None,
        failures: 0,
        failed_at: 0,
        tokens_after: 0,
        created_at: now,
    }
}
