//! Databases of tests: a new one, and quick copies of one that is at rest.

use api::{AppState, Settings};
use bus::{Bus, MemoryBroker};
use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection};
use process::{Clock, Faults};
use std::path::{Path, PathBuf};
use std::time::Duration;
use store::{Options, Store};
use tempfile::TempDir;

/// The variable that names a PostgreSQL server on which tests may make databases.
const SERVER: &str = "JEROBOAM_TEST_POSTGRES";

/// Which engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// A file.
    Sqlite,
    /// A database on the server of the environment.
    Postgres,
}

impl Engine {
    /// Those that can be used here.
    pub fn offered() -> Vec<Engine> {
        let postgres = std::env::var(SERVER).is_ok();
        let mut offered = vec![Engine::Sqlite];
        offered.extend(postgres.then_some(Engine::Postgres));
        offered
    }
}

/// A database and the directory of everything else; both go when it is dropped.
pub struct Database {
    engine: Engine,
    name: String,
    directory: TempDir,
}

impl Database {
    /// A new one without tables.
    pub fn new(engine: Engine) -> Database {
        let database = Database::named(engine);
        if engine == Engine::Postgres {
            on_server(&format!("CREATE DATABASE {}", database.name));
        }
        database
    }

    /// A copy. Nobody may use the original meanwhile.
    pub fn copy(&self) -> Database {
        let copy = Database::named(self.engine);
        copy_files(self.directory.path(), copy.directory.path());
        if self.engine == Engine::Postgres {
            on_server(&format!(
                "CREATE DATABASE {} TEMPLATE {}",
                copy.name, self.name
            ));
        }
        copy
    }

    fn named(engine: Engine) -> Database {
        Database {
            engine,
            name: format!("jeroboam_test_api_{:016x}", rand::random::<u64>()),
            directory: tempfile::tempdir().unwrap(),
        }
    }

    /// What it is.
    pub fn engine(&self) -> Engine {
        self.engine
    }

    fn url(&self) -> String {
        match self.engine {
            Engine::Sqlite => format!("sqlite://{}/cloud.db", self.directory.path().display()),
            Engine::Postgres => {
                let server = std::env::var(SERVER).unwrap();
                format!("{server}/{}", self.name)
            }
        }
    }

    /// The database, open.
    pub async fn store(&self) -> Store {
        let options = Options {
            connections: 4,
            durable: false,
            ..Options::default()
        };
        Store::open(&self.url(), options, Clock::System)
            .await
            .unwrap()
    }

    /// What an API process on it shares.
    pub async fn state(&self, keys: &Path) -> api::State {
        self.state_with(keys, |_| {}).await
    }

    /// With other settings.
    pub async fn state_with(&self, keys: &Path, change: impl FnOnce(&mut Settings)) -> api::State {
        let mut settings = Settings {
            key_dir: keys.to_owned(),
            workers: 1,
            image: api::image::Settings {
                dir: self.files("images"),
                ..api::image::Settings::default()
            },
            // Nobody is there whom it would be worth to wait for.
            container_infra: api::container_infra::Settings {
                container_wait_s: 0,
                ..api::container_infra::Settings::default()
            },
            ..Settings::default()
        };
        change(&mut settings);
        let bus = Bus::memory(&MemoryBroker::new(), Faults::none());
        AppState::new(self.store().await, bus, settings).unwrap()
    }

    /// A place for files beside it, which are copied with it.
    pub fn files(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if self.engine == Engine::Postgres {
            on_server(&format!(
                "DROP DATABASE IF EXISTS {} WITH (FORCE)",
                self.name
            ));
        }
    }
}

/// A database that others still use cannot be copied; pools take a moment to let go.
fn on_server(sql: &str) {
    let server = std::env::var(SERVER).unwrap();
    let mut connection = PgConnection::establish(&format!("{server}/postgres")).unwrap();
    let mut left = 200;
    while let Err(error) = connection.batch_execute(sql) {
        left -= 1;
        assert!(
            left > 0 && error.to_string().contains("being accessed"),
            "{sql}: {error}"
        );
        connection
            .batch_execute(&format!(
                "SELECT pg_sleep({})",
                Duration::from_millis(20).as_secs_f64()
            ))
            .unwrap();
    }
}

pub(crate) fn copy_files(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_files(&entry.path(), &target);
        } else if !entry.path().to_string_lossy().ends_with("-shm") {
            std::fs::copy(entry.path(), &target).unwrap();
        }
    }
}
