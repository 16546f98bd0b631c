//! A private, migrated database for each test.

use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection};
use process::Clock;
use store::{Options, Store};

/// A store on a database of its own, which goes with it, however the test ends.
pub struct Database {
    pub store: Store,
    _place: Place,
}

enum Place {
    Sqlite { _directory: tempfile::TempDir },
    Postgres { server: String, name: String },
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Place::Postgres { server, name } = self {
            // Pools that are still being dropped may have connections.
            on_server(server, &format!("DROP DATABASE {name} WITH (FORCE)"));
        }
    }
}

fn on_server(server: &str, sql: &str) {
    let mut connection = PgConnection::establish(&format!("{server}/postgres")).unwrap();
    connection.batch_execute(sql).unwrap();
}

/// SQLite in a new directory.
pub async fn sqlite() -> Option<Database> {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/jeroboam.db", directory.path().display());
    Some(Database {
        store: open(&url).await,
        _place: Place::Sqlite {
            _directory: directory,
        },
    })
}

/// A new database on the PostgreSQL server of the environment.
pub async fn postgres() -> Option<Database> {
    let Ok(server) = std::env::var("JEROBOAM_TEST_POSTGRES") else {
        return None;
    };
    let name = format!("jeroboam_test_{:016x}", rand::random::<u64>());
    on_server(&server, &format!("CREATE DATABASE {name}"));
    let url = format!("{server}/{name}");
    let place = Place::Postgres { server, name };
    Some(Database {
        store: open(&url).await,
        _place: place,
    })
}

async fn open(url: &str) -> Store {
    let options = Options {
        connections: 8,
        durable: false,
        ..Options::default()
    };
    let store = Store::open(url, options, Clock::System).await.unwrap();
    assert!(!store.pending_migrations().await.unwrap().is_empty());
    store.migrate().await.unwrap();
    store
}

/// Makes a test of each async function, for each database.
#[macro_export]
macro_rules! on_both {
    ($($name:ident)*) => {
        mod on_sqlite {$(
            #[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                super::$name($crate::suite::database::sqlite().await.unwrap()).await;
            }
        )*}
        mod on_postgres {$(
            #[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                if let Some(database) = $crate::suite::database::postgres().await {
                    super::$name(database).await;
                }
            }
        )*}
    };
}
