//! A private, migrated database for each test.

use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection};
use process::Clock;
use store::{Options, Store};

/// A store on a database of its own, which goes with it.
pub struct Database {
    pub store: Store,
    _directory: Option<tempfile::TempDir>,
}

/// SQLite in a new directory.
pub async fn sqlite() -> Option<Database> {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/jeroboam.db", directory.path().display());
    let store = open(&url).await;
    Some(Database {
        store,
        _directory: Some(directory),
    })
}

/// A new database on the PostgreSQL server of the environment.
pub async fn postgres() -> Option<Database> {
    let Ok(server) = std::env::var("JEROBOAM_TEST_POSTGRES") else {
        return None;
    };
    let name = format!("jeroboam_test_{:016x}", rand::random::<u64>());
    PgConnection::establish(&format!("{server}/postgres"))
        .unwrap()
        .batch_execute(&format!("CREATE DATABASE {name}"))
        .unwrap();
    let store = open(&format!("{server}/{name}")).await;
    Some(Database {
        store,
        _directory: None,
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
